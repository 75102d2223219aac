"""Shared conversations: making, renewing and revoking links, reading, and going on with a copy."""
