"""Users, groups, API keys, and what people keep and share."""

from chat.admin.people import api_keys, groups, memory, projects, second_factors, sessions, shares, users

__all__ = ["api_keys", "groups", "memory", "projects", "second_factors", "sessions", "shares", "users"]
