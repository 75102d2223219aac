"""The chat page, the list of conversations, and what people do with one or with many."""
