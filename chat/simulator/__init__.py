"""A local Messages API for tests, demos and load tests.

It implements the wire format independently and imports nothing else of the project, so that an error in
Parley's own code can't hide itself. It is documented in `docs/simulator.md`.
"""
