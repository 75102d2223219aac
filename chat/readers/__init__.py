"""Readers of untrusted input: pictures, documents and JSON Schemas. They use no framework and no database.

`sandbox` runs them in a separate process, which is ended at its limits.
"""
