"""Search in conversations: keeping the index, and reading it for a person."""
