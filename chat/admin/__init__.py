"""What staff see and govern. One module per family of tables; importing it registers them."""

from chat.admin import diagnostics, models, money, people, prompts, tools

__all__ = ["diagnostics", "models", "money", "people", "prompts", "tools"]
