"""What staff see and govern. One module per family of tables; importing it registers them."""

from chat.admin import (
    assistants,
    attachments,
    budgets,
    connections,
    conversations,
    frames,
    keys,
    ledger,
    people,
    prompts,
    providers,
    tool_calls,
    tools,
    turns,
)

__all__ = [
    "assistants",
    "attachments",
    "budgets",
    "connections",
    "conversations",
    "frames",
    "keys",
    "ledger",
    "people",
    "prompts",
    "providers",
    "tool_calls",
    "tools",
    "turns",
]
