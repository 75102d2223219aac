"""From the events of a stream to a message, and what follows it."""
