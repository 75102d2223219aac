"""System prompts and assistants."""

from chat.admin.prompts import assistants, system_prompts

__all__ = ["assistants", "system_prompts"]
