"""Files that people attached or that answers made, and documents for sandboxed frames."""
