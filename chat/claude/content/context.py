"""What changes from message to message (date, language, name), as one stored text and as blocks of a request.

A context is lines of text. The workspace's own lines, with the date and the language, may have the authority
of a system message. The name is typed by the person, so it stays in that person's own user message, where the
person could write anything anyway. It is one quoted line, so it can't be taken for a line of the workspace.
"""

import json
from dataclasses import dataclass

from chat.claude.content.blocks import Block
from chat.claude.encoding.text import clean_text

MAX_NAME_CHARACTERS = 80
_NAME = "The person's name, as they typed it: "
_OPEN, _CLOSE = "<context>\n", "\n</context>"


def write_context(*, lines: list[str], name: str) -> str:
    """Return a context: the workspace's own lines, then the quoted name if there is one."""
    shown = " ".join(clean_text(name).split())[:MAX_NAME_CHARACTERS]
    # ASCII JSON contains no line break of any script. Angle brackets could close the context's own tag.
    quoted = json.dumps(shown, ensure_ascii=False).replace("<", "‹").replace(">", "›")
    return "\n".join([*lines, *([_NAME + quoted] if shown else [])])


@dataclass(frozen=True, slots=True)
class Context:
    """The blocks made from one message's context."""

    text: str
    system_role: bool

    @property
    def for_system(self) -> list[Block]:
        """The content of a system-role message: the workspace's own lines, if the model accepts such messages."""
        own = "\n".join(line for line in self._lines() if not line.startswith(_NAME))
        return [{"type": "text", "text": own}] if own and self.system_role else []

    @property
    def for_user(self) -> list[Block]:
        """The text block at the end of the user message: all lines, or only the name beside a system message."""
        lines = [line for line in self._lines() if not self.system_role or line.startswith(_NAME)]
        return [context_block(lines)] if lines else []

    def _lines(self) -> list[str]:
        return [line for line in self.text.split("\n") if line.strip()]


def context_block(lines: list[str]) -> Block:
    """Return a context as a text block of a user message."""
    return {"type": "text", "text": _OPEN + "\n".join(lines) + _CLOSE}


def is_context(block: Block) -> bool:
    """Return whether a block of a user message is a context. Cache breakpoints are set before contexts."""
    return block.get("type") == "text" and str(block.get("text")).startswith(_OPEN)
