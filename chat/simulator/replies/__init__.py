"""The answers of the simulator."""
