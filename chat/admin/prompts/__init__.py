"""System prompts, saved prompts and assistants."""

from chat.admin.prompts import assistants, saved_prompts, system_prompts

__all__ = ["assistants", "saved_prompts", "system_prompts"]
