"""The engine runs turns: it claims them, reads their streams, publishes their events and settles what they cost."""
