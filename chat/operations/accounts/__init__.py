"""People and their access: users, API keys, sign-ins at MCP servers."""
