"""What staff see and govern. One module per family of tables; importing it registers them."""

from chat.admin import (
    assistants,
    attachments,
    conversations,
    keys,
    ledger,
    people,
    prompts,
    providers,
    turns,
)

__all__ = [
    "assistants",
    "attachments",
    "conversations",
    "keys",
    "ledger",
    "people",
    "prompts",
    "providers",
    "turns",
]
