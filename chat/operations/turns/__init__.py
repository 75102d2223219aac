"""The journey of a turn: accepted, claimed, answered with tools, moved, finished, recovered."""
