"""Executes tool calls of every kind, and guards the outgoing requests that they make."""
