"""Text and JSON that can be stored and sent as they came: clean characters, exact numbers, limits for clients."""
