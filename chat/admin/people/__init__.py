"""Users, groups and API keys."""

from chat.admin.people import api_keys, users

__all__ = ["api_keys", "users"]
