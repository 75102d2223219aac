"""The request as the model sees it: content as block lists, neighbours of the same role merged, positions kept."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from chat.simulator.models import Model
from chat.simulator.scenarios import without_marker
from chat.simulator.transport.wire import encode

Block = dict[str, Any]
THINKING = ("thinking", "redacted_thinking")
CONTEXT = "<context>\n"  # how applications begin a block of background beside what the user wrote
TITLE_WORDS = ("title", "제목")
TITLE_MAX_TOKENS = 64


@dataclass(slots=True)
class Turn:
    """Neighbouring messages of one role: their blocks, and the (message, block) position of each block."""

    role: str
    blocks: list[Block] = field(default_factory=list)
    positions: list[tuple[int, int]] = field(default_factory=list)

    def only_results(self) -> bool:
        """Return whether a user turn holds only tool results."""
        return self.role == "user" and all(block["type"] == "tool_result" for block in self.blocks)


@dataclass(slots=True)
class Prompt:
    """A validated request body with its model and merged turns."""

    body: dict[str, Any]
    model: Model
    turns: list[Turn]

    @property
    def system(self) -> list[Block]:
        return blocks_of(self.body.get("system") or [])

    @property
    def tools(self) -> list[Block]:
        return list(self.body.get("tools") or [])

    @property
    def max_tokens(self) -> int:
        return int(self.body.get("max_tokens", 0))

    @property
    def last(self) -> Turn:
        """The last turn that is not a system turn."""
        return next(turn for turn in reversed(self.turns) if turn.role != "system")

    def thinking_type(self) -> str:
        """Return the thinking type of this request: adaptive, enabled, between_tools or disabled."""
        config = self.body.get("thinking")
        if config:
            return str(config["type"])
        return "disabled" if self.model.thinking == "off" else "adaptive"

    def shows_thinking(self) -> bool:
        """Return whether the answer shows the text of its thinking."""
        display = (self.body.get("thinking") or {}).get("display")
        return display == "summarized" if display else not self.model.hides_thinking

    def effort(self) -> str:
        """Return the effort of this request, or the model's default."""
        return (self.body.get("output_config") or {}).get("effort") or self.model.effort

    def user_text(self) -> str:
        """Return the last text of the user, without scenario markers and <context>."""
        return without_marker(self.raw_user_text())

    def raw_user_text(self) -> str:
        """Return the last text of the user without <context>, unless there is no other text."""
        for turn in reversed(self.turns):
            texts = [block["text"] for block in turn.blocks if block["type"] == "text"]
            if turn.role == "user" and texts:
                return "\n".join([text for text in texts if not text.startswith(CONTEXT)] or texts)
        return ""

    def asks_for_title(self) -> bool:
        return asks_for_title(self.body, self.raw_user_text())

    def loop_turns(self) -> list[Turn]:
        """Return the assistant turns of the running tool loop, latest first.

        A loop runs while the last message holds only tool results; any other content of the user ends it.
        """
        if not self.last.only_results():
            return []
        found: list[Turn] = []
        for turn in reversed(self.turns):
            if turn.role == "user" and not turn.only_results():
                break
            if turn.role == "assistant":
                found.append(turn)
        return found

    def digest(self, seed: int, workspace: str) -> bytes:
        """Return the digest of this request. The same body gives the same answer, streamed or not."""
        body = {name: value for name, value in self.body.items() if name != "stream"}
        head = f"{seed}|{workspace}|".encode()
        return hashlib.blake2b(head + encode(body), digest_size=32).digest()


def blocks_of(content: str | list[Block]) -> list[Block]:
    """Return content as a list of blocks; a string is one text block."""
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def merge(messages: list[dict[str, Any]]) -> list[Turn]:
    """Return the messages as turns. Neighbours of the same role become one turn."""
    turns: list[Turn] = []
    for number, message in enumerate(messages):
        if not turns or turns[-1].role != message["role"]:
            turns.append(Turn(message["role"]))
        for position, block in enumerate(blocks_of(message["content"])):
            turns[-1].blocks.append(block)
            turns[-1].positions.append((number, position))
    return turns


def without_cache_marks(block: Block) -> Block:
    """Return the block without cache breakpoints and null members, which the model does not see."""
    clean = {name: value for name, value in block.items() if name != "cache_control" and value is not None}
    if isinstance(clean.get("content"), list):
        clean["content"] = [
            without_cache_marks(part) if isinstance(part, dict) else part for part in clean["content"]
        ]
    return clean


def is_thinking(block: Block) -> bool:
    """Return whether a block holds (redacted) thinking."""
    return block.get("type") in THINKING


def asks_for_title(body: dict[str, Any], user_text: str) -> bool:
    """Return whether a request asks for a title.

    It does if its budget is small and "title" occurs in the system prompt or the text.
    """
    limit = body.get("max_tokens")
    if not isinstance(limit, int) or not 0 < limit <= TITLE_MAX_TOKENS:
        return False
    words = f"{user_text} {body.get('system') or ''}".lower()
    return any(word in words for word in TITLE_WORDS)
