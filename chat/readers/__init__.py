"""Readers of what strangers wrote: pictures, documents and JSON Schemas. They know no framework and no database.

`apart` runs them in a process of their own, which ends at its limits and takes nothing else with it.
"""
