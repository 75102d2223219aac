"""Measures Parley beside the limits that Python and the SDK set, in the same run: `make bench`."""
