"""What staff offer: connections, models, assistants, prompts and tools."""
