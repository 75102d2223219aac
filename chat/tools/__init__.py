"""How a tool call is executed."""
