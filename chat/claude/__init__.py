"""What Parley knows about the Messages API, as pure functions over plain dicts.

No Django, no network, no clock and no randomness: the same input gives the same output, so that live
streaming, reload, replay and tests share one truth.
"""
