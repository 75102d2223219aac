"""What changes from message to message (date, language, name, a person's own words), as one stored text and as blocks.

A context is lines of text. The workspace's own lines, with the date and the language, may have the authority
of a system message. The name, the instructions and the notes are the person's, so they stay in that person's own user
message, where the person could write anything anyway. Each is one quoted line, so it can't be taken for a line of the
workspace.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chat.claude.content.blocks import Block
from chat.claude.encoding.text import clean_text

MAX_NAME_CHARACTERS = 80
# Line breaks that JSON leaves as they are.
_ESCAPED = {"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_NAME = "The person's name, as they typed it: "
INSTRUCTIONS = "The person's own wishes for answers, as they typed them: "
NOTES = "Notes that the person keeps for their conversations: "
_PERSONAL = (_NAME, INSTRUCTIONS, NOTES)
# What is sent once and again when it has changed, with the value that says that it is there no longer.
LASTING: Mapping[str, str] = {INSTRUCTIONS: '""', NOTES: "[]"}
_OPEN, _CLOSE = "<context>\n", "\n</context>"


def write_context(
    *, lines: Sequence[str], name: str, instructions: str = "", notes: Sequence[str] = ()
) -> str:
    """Return a context: the workspace's own lines, then the person's, each quoted on one line, if there are any."""
    shown = " ".join(clean_text(name).split())[:MAX_NAME_CHARACTERS]
    personal = [
        *([_NAME + _quoted(shown)] if shown else []),
        *([INSTRUCTIONS + _quoted(clean_text(instructions))] if instructions else []),
        *([NOTES + _quoted([clean_text(note) for note in notes])] if notes else []),
    ]
    return "\n".join([*lines, *personal])


def _quoted(value: str | list[str]) -> str:
    """Return JSON on one line, in every script's sense of a line. Angle brackets could close the context's own tag."""
    written = json.dumps(value, ensure_ascii=False).replace("<", "‹").replace(">", "›")
    return "".join(_ESCAPED.get(character, character) for character in written)


@dataclass(frozen=True, slots=True)
class Context:
    """The blocks made from one message's context."""

    text: str
    system_role: bool

    @property
    def for_system(self) -> list[Block]:
        """The content of a system-role message: the workspace's own lines, if the model accepts such messages."""
        own = "\n".join(line for line in self._lines() if not line.startswith(_PERSONAL))
        return [{"type": "text", "text": own}] if own and self.system_role else []

    @property
    def for_user(self) -> list[Block]:
        """The text block at the end of the user message: all lines, or only the person's beside a system message."""
        lines = [line for line in self._lines() if not self.system_role or line.startswith(_PERSONAL)]
        return [context_block(lines)] if lines else []

    def _lines(self) -> list[str]:
        return [line for line in self.text.split("\n") if line.strip()]


def context_block(lines: list[str]) -> Block:
    """Return a context as a text block of a user message."""
    return {"type": "text", "text": _OPEN + "\n".join(lines) + _CLOSE}


def is_context(block: Block) -> bool:
    """Return whether a block of a user message is a context. Cache breakpoints are set before contexts."""
    return block.get("type") == "text" and str(block.get("text")).startswith(_OPEN)
