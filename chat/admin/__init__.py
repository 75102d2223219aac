"""What staff see and govern. One module per family of tables; importing it registers them."""

from chat.admin import assistants, conversations, keys, ledger, people, prompts, providers, tools, turns

__all__ = [
    "assistants",
    "conversations",
    "keys",
    "ledger",
    "people",
    "prompts",
    "providers",
    "tools",
    "turns",
]
