"""Makes the `messages` of a request from a path of stored turns.

The rules are the API's: the user speaks first, every tool call has its result in the next user message,
nothing is empty, thinking is sent unchanged or not at all, system-role messages stand between a user turn and
an assistant turn. Decisions depend only on the path and its frames. Later requests therefore repeat earlier
ones byte for byte, and caches and thinking signatures stay valid.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chat.claude.content.blocks import (
    SERVER_TOOL_CALLS,
    THINKING,
    TOOL_CALLS,
    Block,
    for_replay,
    for_user,
    is_server_tool_result,
    keep_leading_thinking,
    pair_results,
    tool_use_ids,
    unanswered_server_tools,
    without,
)
from chat.claude.content.context import Context
from chat.claude.request.thinking_binding import Prefix


class RequestError(ValueError):
    """The API would refuse the request; the message says what to change."""


@dataclass(frozen=True, slots=True)
class PathMessage:
    """One stored message on the path from the first message to the leaf.

    `frame` is the digest of the frame that an assistant message was made under, None if unknown or if another
    account made it. `complete` is False for a stopped or interrupted answer; its content is the result of
    `Fold.partial_content`. `edited` says that the messages before this one have changed since it was made;
    with the digest of those messages in `prefix` the change is detected without it. `context` is stored with
    a user message (see `chat.claude.content.context`). `requested_length` belongs to the answer that was asked to be
    shorter or longer (see `chat.claude.request.requested_length`).
    """

    role: str
    content: list[Block]
    frame: str | None = None
    complete: bool = True
    edited: bool = False
    context: str = ""
    prefix: str = ""
    requested_length: str = ""


@dataclass(slots=True)
class _Round:
    """Consecutive assistant messages and everything after them until the next assistant message.

    `dropped_calls` are the ids of its server tool calls that are left out. `in_loop` says that it belongs to
    the running tool loop, `stale` that some of its content may neither be sent under this frame nor be left
    out.
    """

    assistant: list[PathMessage] = field(default_factory=list)
    user: list[Block] = field(default_factory=list)
    system: list[list[Block]] = field(default_factory=list)
    in_loop: bool = False
    dropped_calls: frozenset[str] = frozenset()
    stale: bool = False

    def blocks(self) -> list[Block]:
        """Return the assistant's blocks with all thinking."""
        return [
            block
            for message in self.assistant
            for block in for_replay(message.content, keep_thinking=True, dropped_calls=self.dropped_calls)
        ]

    def bound(self, prefix: Prefix) -> list[Block]:
        """Return the assistant's blocks with the thinking that is valid after `prefix`, and add them to `prefix`."""
        bound: list[Block] = []
        for message in self.assistant:
            matches = not message.edited and prefix.matches(message.frame, message.prefix)
            content = message.content if message.complete else keep_leading_thinking(message.content)
            blocks = for_replay(
                content,
                keep_thinking=self.in_loop or matches,
                keep_after_gap=self.in_loop,
                dropped_calls=self.dropped_calls,
            )
            self.stale |= self.in_loop and not matches and _is_bound(blocks)
            prefix.add("assistant", blocks)
            bound += blocks
        return bound


def to_messages(
    path: Sequence[PathMessage], frame_digest: str, *, system_role: bool = False
) -> list[dict[str, Any]]:
    """Return the `messages` of a request under the frame with the digest `frame_digest`.

    Thinking of completed earlier turns is left out if it was made under another frame or after other
    messages; inside a running tool loop it always stays. Neighbours of the same role are merged, as the
    server would do. `system_role` says that the model accepts system-role messages; contexts go there.

    Raises:
        RequestError: no valid request can be made from the path.
    """
    messages = _as_messages(_with_calls_given_up(_rounds(path, system_role)), frame_digest)
    if not messages or messages[0]["role"] != "user":
        raise RequestError("a conversation must begin with a user message that is not empty")
    if messages[-1]["role"] == "assistant" and not _is_paused(path, messages[-1]["content"]):
        raise RequestError(
            "the last message must be the user's: to go on with a partial answer, add a user message that "
            "asks for it (see continue_text)"
        )
    return messages


def loop_can_continue(path: Sequence[PathMessage], frame_digest: str, *, system_role: bool = False) -> bool:
    """Return whether the running tool loop at the end of `path` may continue under the frame `frame_digest`.

    It may not if a part with thinking or a pause was made by another account, under another frame or after
    other messages: until a new user message, that part may neither be sent nor be left out.

    Raises:
        RequestError: no valid request can be made from the path.
    """
    rounds = _with_calls_given_up(_rounds(path, system_role))
    _as_messages(rounds, frame_digest)
    return not any(this.stale for this in rounds)


def without_citations(path: Sequence[PathMessage]) -> list[PathMessage]:
    """Return the path with citations disabled for all documents and search results.

    Citations and an output format exclude each other.
    """
    return [
        replace(message, content=[_without_citations(block) for block in _checked(message.content)])
        for message in path
    ]


def _without_citations(block: Block) -> Block:
    if block.get("type") in ("document", "search_result"):
        return without(block, "citations")
    if block.get("type") == "tool_result" and isinstance(block.get("content"), list):
        return {**block, "content": [_without_citations(part) for part in block["content"]]}
    return block


def _rounds(path: Sequence[PathMessage], system_role: bool) -> list[_Round]:
    last_question = _last_question(path)
    rounds = [_Round()]
    for index, message in enumerate(path):
        current = rounds[-1]
        match message.role:
            case "assistant":
                if _is_replayable(message):
                    # Client tool calls end a round too: their results must be in the next user message.
                    if current.user or current.system or tool_use_ids(current.blocks()):
                        rounds.append(current := _Round())
                    current.assistant.append(message)
                    current.in_loop = index > last_question
            case "user":
                _add_user(current, message, system_role)
            case "system":
                if blocks := for_user(_checked(message.content)):
                    current.system.append(blocks)
            case _:
                raise RequestError(f"role {message.role!r} is unknown: use user, assistant or system")
    return rounds


def _add_user(current: _Round, message: PathMessage, system_role: bool) -> None:
    blocks = _user_blocks(message.content)
    # A message with tool results only belongs to a tool loop and gets no context.
    context = Context(message.context if _has_own_content(blocks) else "", system_role=system_role)
    current.user += blocks + context.for_user
    if context.for_system and context.for_system not in current.system:
        current.system.append(context.for_system)


def _last_question(path: Sequence[PathMessage]) -> int:
    """Return the index of the last user message with content of its own. A running tool loop follows it."""
    for index in reversed(range(len(path))):
        message = path[index]
        if message.role == "user" and _has_own_content(for_user(_checked(message.content))):
            return index
    return -1


def _has_own_content(blocks: Sequence[Block]) -> bool:
    return any(block.get("type") != "tool_result" for block in blocks)


def _is_replayable(message: PathMessage) -> bool:
    for block in _checked(message.content):
        if block["type"] in ("document", "tool_result"):
            raise RequestError(
                f"a {block['type']} block may not be in an assistant message: put it in a user message"
            )
    return bool(for_replay(message.content, keep_thinking=True))


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


def _with_calls_given_up(rounds: Sequence[_Round]) -> list[_Round]:
    """Leave out server tool calls that never got a result, once a new user message came.

    Until then they stay: a paused turn is sent again unchanged, and so is one that waits for tool results
    only.
    """
    settled: list[_Round] = []
    for this in rounds:
        settled.append(this)
        # A round without assistant blocks disappears; its user messages are appended to the round before.
        while _gives_up_all(settled[-1]) and len(settled) > 1:
            silent = settled.pop()
            before = settled[-1]
            before.user += silent.user
            before.system += [blocks for blocks in silent.system if blocks not in before.system]
    return settled


def _gives_up_all(this: _Round) -> bool:
    """Mark the calls to leave out; return whether the assistant has no blocks left."""
    if _has_own_content(this.user):
        this.dropped_calls = frozenset(unanswered_server_tools(this.blocks()))
    return not this.blocks()


def _as_messages(rounds: Sequence[_Round], frame_digest: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    prefix = Prefix(frame_digest)
    for this in rounds:
        assistant = this.bound(prefix)
        results = [block for block in this.user if block.get("type") == "tool_result"]
        others = [block for block in this.user if block.get("type") != "tool_result"]
        # The API requires tool results before any other content of a user message.
        user = pair_results(tool_use_ids(assistant), results) + others
        if this.system and not user and not (assistant and is_server_tool_result(assistant[-1])):
            raise RequestError("a system message must follow a user message")
        if assistant:
            messages.append({"role": "assistant", "content": assistant})
        for role, content in [("user", user), *(("system", blocks) for blocks in this.system)]:
            if content:
                messages.append({"role": role, "content": content})
                prefix.add(role, content)
    return messages


def _is_bound(blocks: Sequence[Block]) -> bool:
    """Return whether blocks of a running loop can't be moved: they hold thinking or a paused server tool."""
    thinks = any(block.get("type") in THINKING for block in blocks)
    return (
        thinks
        or bool(unanswered_server_tools(blocks))
        or (bool(blocks) and is_server_tool_result(blocks[-1]))
    )


def _is_paused(path: Sequence[PathMessage], content: Sequence[Block]) -> bool:
    last = content[-1]
    return path[-1].complete and (last.get("type") in SERVER_TOOL_CALLS or is_server_tool_result(last))
