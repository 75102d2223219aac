"""What goes into a tool and what comes out."""

import dataclasses
import uuid

from chat.claude.blocks import Block


@dataclasses.dataclass(frozen=True, slots=True)
class ToolContext:
    """For whom a tool runs."""

    user_id: uuid.UUID
    conversation_id: uuid.UUID | None = None
    assistant_id: uuid.UUID | None = None
    language: str = "en"
    time_zone: str = "UTC"


@dataclasses.dataclass(frozen=True, slots=True)
class ToolResult:
    """The content of a tool_result."""

    content: list[Block]
    is_error: bool = False


class ToolFailed(Exception):
    """A tool could not do its work; the words are for the model."""
