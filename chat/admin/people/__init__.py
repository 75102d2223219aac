"""Users, groups and API keys."""

from chat.admin.people import api_keys, groups, memory, second_factors, sessions, shares, users

__all__ = ["api_keys", "groups", "memory", "second_factors", "sessions", "shares", "users"]
