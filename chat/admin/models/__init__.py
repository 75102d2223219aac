"""Connections, their models and prices."""

from chat.admin.models import connections, language_models

__all__ = ["connections", "language_models"]
