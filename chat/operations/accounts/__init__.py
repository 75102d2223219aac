"""People and what lets them in: users, API keys, sign-ins at MCP servers."""
