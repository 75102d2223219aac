"""The rules of the Messages API as pure functions over plain dicts.

This package uses no Django, no network, no clock and no randomness. The same input gives the same output, so
live streaming, reload, replay and tests share one implementation.
"""
