"""A local Messages API for tests, demos and load.

It knows the wire format by itself and imports nothing of the rest of the project, so that an error in
Parley's own code can't cancel itself out here. `docs/simulator.md` is its manual.
"""
