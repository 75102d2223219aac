"""Content blocks and the stored context of a message: what a message consists of."""
