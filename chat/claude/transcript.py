"""From a path of stored turns to the `messages` of a request that the API accepts.

The rules are the API's: the user speaks first, every tool call has its result in the very next user message,
nothing is empty, thinking goes back unchanged or not at all, system-role messages stand between a user turn
and an assistant turn. Decisions depend on the path and its frames only, so that later requests repeat earlier
ones byte for byte and caches and thinking signatures stay valid.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chat.claude.blocks import (
    SERVER_TOOL_CALLS,
    THINKING,
    TOOL_CALLS,
    Block,
    for_replay,
    for_user,
    is_server_tool_result,
    pair_results,
    tool_use_ids,
    unanswered_server_tools,
    without,
)


class RequestError(ValueError):
    """The request would be refused; the message says what to change."""


@dataclass(frozen=True, slots=True)
class PathMessage:
    """One stored message on the way from the first message to the leaf.

    `frame` is the digest of the frame that an assistant message was made under, None if unknown. `complete`
    is False for a stopped or interrupted answer, whose content is what `Fold.partial_content` gave. `edited`
    says that the messages before this one are no longer those that it was made after.
    """

    role: str
    content: list[Block]
    frame: str | None = None
    complete: bool = True
    edited: bool = False


@dataclass(slots=True)
class _Round:
    """An assistant's say and all that came after it until the assistant spoke again."""

    assistant: list[Block] = field(default_factory=list)
    user: list[Block] = field(default_factory=list)
    system: list[list[Block]] = field(default_factory=list)


def to_messages(path: Sequence[PathMessage], frame_digest: str) -> list[dict[str, Any]]:
    """Give the `messages` for a request under the frame `frame_digest`.

    Thinking of completed earlier turns is left out when it was made under another frame or its history was
    edited; inside a running tool loop it always stays. Neighbours of the same role are merged, as the server
    would.

    Raises:
        RequestError: the path is no conversation that a request can be made of.
    """
    messages = _emitted(_settled(_rounds(path, frame_digest)))
    if not messages or messages[0]["role"] != "user":
        raise RequestError("a conversation must begin with a user message that is not empty")
    if messages[-1]["role"] == "assistant" and not _is_paused(path, messages[-1]["content"]):
        raise RequestError(
            "the last message must be the user's: to go on with a partial answer, add a user message that "
            "asks for it (see continue_text)"
        )
    return messages


def uncited(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Turn the citations of all documents and search results off: they and an output format exclude each other."""
    return [{**message, "content": [_uncited(block) for block in message["content"]]} for message in messages]


def _uncited(block: Block) -> Block:
    if block["type"] in ("document", "search_result"):
        return without(block, "citations")
    if block["type"] == "tool_result" and isinstance(block.get("content"), list):
        return {**block, "content": [_uncited(part) for part in block["content"]]}
    return block


def _rounds(path: Sequence[PathMessage], frame_digest: str) -> list[_Round]:
    asked = _last_question(path)
    rounds = [_Round()]
    for index, message in enumerate(path):
        current = rounds[-1]
        match message.role:
            case "assistant":
                keep = index > asked or (message.frame == frame_digest and not message.edited)
                if blocks := _assistant_blocks(message.content, keep_thinking=keep):
                    if current.user or current.system:
                        rounds.append(current := _Round())
                    current.assistant += blocks
            case "user":
                current.user += _user_blocks(message.content)
            case "system":
                if blocks := for_user(_checked(message.content)):
                    current.system.append(blocks)
            case _:
                raise RequestError(f"role {message.role!r} is unknown: use user, assistant or system")
    return rounds


def _last_question(path: Sequence[PathMessage]) -> int:
    """Index of the last user message that says something itself; what follows is one running tool loop."""
    for index in reversed(range(len(path))):
        message = path[index]
        if message.role == "user" and _says_something(for_user(_checked(message.content))):
            return index
    return -1


def _says_something(blocks: Sequence[Block]) -> bool:
    return any(block.get("type") != "tool_result" for block in blocks)


def _assistant_blocks(content: Sequence[Block], *, keep_thinking: bool) -> list[Block]:
    for block in _checked(content):
        if block["type"] in ("document", "tool_result"):
            raise RequestError(
                f"a {block['type']} block may not be in an assistant message: put it in a user message"
            )
    return for_replay(content, keep_thinking=keep_thinking)


def _checked(content: Sequence[Any]) -> Sequence[Block]:
    for block in content:
        if not isinstance(block, dict) or not isinstance(block.get("type"), str):
            raise RequestError("every content block must be an object with a type")
        if block["type"] == "text" and not isinstance(block.get("text"), str):
            raise RequestError("a text block must have a text")
    return content


_ASSISTANT_ONLY = THINKING | TOOL_CALLS


def _user_blocks(content: Sequence[Block]) -> list[Block]:
    for block in _checked(content):
        if block["type"] in _ASSISTANT_ONLY or is_server_tool_result(block):
            raise RequestError(
                f"a {block['type']} block may not be in a user message: only an assistant makes it"
            )
    return for_user(content)


def _settled(rounds: Sequence[_Round]) -> list[_Round]:
    """Drop server tool calls that never got their result, once the user has said something new.

    Until then they stay: a paused turn goes back unchanged, and so does one that waits for tool results only.
    """
    settled: list[_Round] = []
    for this in rounds:
        if _says_something(this.user) and (unanswered := unanswered_server_tools(this.assistant)):
            this.assistant = for_replay(
                (block for block in this.assistant if block.get("id") not in unanswered),
                keep_thinking=True,
            )
        if settled and not this.assistant:
            settled[-1].user += this.user
            settled[-1].system += this.system
        else:
            settled.append(this)
    return settled


def _emitted(rounds: Sequence[_Round]) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    for this in rounds:
        results = [block for block in this.user if block.get("type") == "tool_result"]
        others = [block for block in this.user if block.get("type") != "tool_result"]
        user = pair_results(tool_use_ids(this.assistant), results) + others
        if this.system and not user and not (this.assistant and is_server_tool_result(this.assistant[-1])):
            raise RequestError("a system message must follow a user message")
        if this.assistant:
            messages.append({"role": "assistant", "content": this.assistant})
        if user:
            messages.append({"role": "user", "content": user})
        messages += [{"role": "system", "content": blocks} for blocks in this.system]
    return messages


def _is_paused(path: Sequence[PathMessage], content: Sequence[Block]) -> bool:
    last = content[-1]
    return path[-1].complete and (last.get("type") in SERVER_TOOL_CALLS or is_server_tool_result(last))
