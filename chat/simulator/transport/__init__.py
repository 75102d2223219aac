"""The HTTP side of the simulator: exchanges, event streams and their faults."""
