"""People, and what they keep for themselves."""
