"""What changes from message to message (date, language, name), as one frozen text and as blocks of a request.

A context is lines of text. What the workspace says of itself, the date and the language, may speak with the
authority of a system message. The name is what a person typed: it never leaves that person's own user message,
where it can say nothing that the person could not write there anyway, and it is one quoted line, so that it
can't pass for a line of the workspace's.
"""

import json
from dataclasses import dataclass

from chat.claude.blocks import Block
from chat.claude.text import clean_text

MAX_NAME_CHARACTERS = 80
_NAME = "The person's name, as they typed it: "
_OPEN, _CLOSE = "<context>\n", "\n</context>"


def write_context(*, lines: list[str], name: str) -> str:
    """Write a context: the workspace's own lines, then the quoted name if there is one."""
    shown = " ".join(clean_text(name).split())[:MAX_NAME_CHARACTERS]
    # ASCII JSON has no line break of any script in it; brackets could close the context's own tag.
    quoted = json.dumps(shown, ensure_ascii=False).replace("<", "‹").replace(">", "›")
    return "\n".join([*lines, *([_NAME + quoted] if shown else [])])


@dataclass(frozen=True, slots=True)
class Context:
    """The blocks that one message's context becomes."""

    text: str
    system_role: bool

    @property
    def for_system(self) -> list[Block]:
        """The content of a system-role message: the workspace's own lines, where the model takes such messages."""
        own = "\n".join(line for line in self._lines() if not line.startswith(_NAME))
        return [{"type": "text", "text": own}] if own and self.system_role else []

    @property
    def for_user(self) -> list[Block]:
        """The text block at the end of the user message: all lines, or the name alone beside a system message."""
        lines = [line for line in self._lines() if not self.system_role or line.startswith(_NAME)]
        return [{"type": "text", "text": _OPEN + "\n".join(lines) + _CLOSE}] if lines else []

    def _lines(self) -> list[str]:
        return [line for line in self.text.split("\n") if line.strip()]


def is_context(block: Block) -> bool:
    """Say whether a block of a user message is a context; cache marks stand before it."""
    return block.get("type") == "text" and str(block.get("text")).startswith(_OPEN)
