"""Text as search compares it: folding, tokens of the index, queries and excerpts. Pure functions over strings."""
