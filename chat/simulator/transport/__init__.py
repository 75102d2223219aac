"""The HTTP side of the simulator: requests, event streams and their faults."""
