"""The Django admin for staff. One module per family of tables; importing it registers its models."""

from chat.admin import diagnostics, models, money, people, prompts, tools

__all__ = ["diagnostics", "models", "money", "people", "prompts", "tools"]
