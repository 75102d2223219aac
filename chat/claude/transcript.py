"""From a path of stored turns to the `messages` of a request that the API accepts.

The rules are the API's: the user speaks first, every tool call has its result in the very next user message,
nothing is empty, thinking goes back unchanged or not at all, system-role messages stand between a user turn
and an assistant turn. Decisions depend on the path and its frames only, so that later requests repeat earlier
ones byte for byte and caches and thinking signatures stay valid.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chat.claude.blocks import (
    SERVER_TOOL_CALLS,
    THINKING,
    TOOL_CALLS,
    Block,
    for_replay,
    for_user,
    is_server_tool_result,
    leading_thinking,
    pair_results,
    tool_use_ids,
    unanswered_server_tools,
    without,
)
from chat.claude.context import Context
from chat.claude.thinking_binding import Prefix


class RequestError(ValueError):
    """The request would be refused; the message says what to change."""


@dataclass(frozen=True, slots=True)
class PathMessage:
    """One stored message on the way from the first message to the leaf.

    `frame` is the digest of the frame that an assistant message was made under, None if unknown or if another
    account made it. `complete` is False for a stopped or interrupted answer, whose content is what
    `Fold.partial_content` gave. `edited` says that the messages before this one are no longer those that it was
    made after; where `prefix` has the digest of those messages, that is found out and need not be said.
    `context` is what was frozen with a user message (see `chat.claude.context`).
    """

    role: str
    content: list[Block]
    frame: str | None = None
    complete: bool = True
    edited: bool = False
    context: str = ""
    prefix: str = ""


@dataclass(slots=True)
class _Round:
    """What an assistant said in one go and all that came after it until the assistant spoke again.

    `gone` are the ids of its server tool calls that are given up; `in_loop` says that it belongs to the tool
    loop that is running now, `stale` that something in it may neither go back from here nor be left out.
    """

    assistant: list[PathMessage] = field(default_factory=list)
    user: list[Block] = field(default_factory=list)
    system: list[list[Block]] = field(default_factory=list)
    in_loop: bool = False
    gone: frozenset[str] = frozenset()
    stale: bool = False

    def said(self) -> list[Block]:
        """The assistant's blocks with all thinking."""
        return [
            block
            for message in self.assistant
            for block in for_replay(message.content, keep_thinking=True, gone=self.gone)
        ]

    def bound(self, prefix: Prefix) -> list[Block]:
        """The assistant's blocks with the thinking that is valid behind `prefix`, which takes them in."""
        said: list[Block] = []
        for message in self.assistant:
            holds = not message.edited and prefix.holds(message.frame, message.prefix)
            keep = self.in_loop or holds
            content = message.content if message.complete else leading_thinking(message.content)
            blocks = for_replay(content, keep_thinking=keep, whole=self.in_loop, gone=self.gone)
            self.stale |= self.in_loop and not holds and _stays_put(blocks)
            prefix.add("assistant", blocks)
            said += blocks
        return said


def to_messages(
    path: Sequence[PathMessage], frame_digest: str, *, system_role: bool = False
) -> list[dict[str, Any]]:
    """Give the `messages` for a request under the frame `frame_digest`.

    Thinking of completed earlier turns is left out when it was made under another frame or behind other
    messages; inside a running tool loop it always stays. Neighbours of the same role are merged, as the server
    would. `system_role` says that the model takes system-role messages; contexts go there.

    Raises:
        RequestError: the path is no conversation that a request can be made of.
    """
    messages = _emitted(_settled(_rounds(path, system_role)), frame_digest)
    if not messages or messages[0]["role"] != "user":
        raise RequestError("a conversation must begin with a user message that is not empty")
    if messages[-1]["role"] == "assistant" and not _is_paused(path, messages[-1]["content"]):
        raise RequestError(
            "the last message must be the user's: to go on with a partial answer, add a user message that "
            "asks for it (see continue_text)"
        )
    return messages


def loop_holds(path: Sequence[PathMessage], frame_digest: str, *, system_role: bool = False) -> bool:
    """Say whether the running tool loop at the end of `path` may go on under the frame `frame_digest`.

    Not when another account made part of it, or when it was made under another frame or behind other messages,
    and that part holds thinking or a pause: until the user says something new, neither may be left out.

    Raises:
        RequestError: the path is no conversation that a request can be made of.
    """
    rounds = _settled(_rounds(path, system_role))
    _emitted(rounds, frame_digest)
    return not any(this.stale for this in rounds)


def uncited(path: Sequence[PathMessage]) -> list[PathMessage]:
    """Turn the citations of all documents and search results off: they and an output format exclude each other."""
    return [
        replace(message, content=[_uncited(block) for block in _checked(message.content)]) for message in path
    ]


def _uncited(block: Block) -> Block:
    if block.get("type") in ("document", "search_result"):
        return without(block, "citations")
    if block.get("type") == "tool_result" and isinstance(block.get("content"), list):
        return {**block, "content": [_uncited(part) for part in block["content"]]}
    return block


def _rounds(path: Sequence[PathMessage], system_role: bool) -> list[_Round]:
    asked = _last_question(path)
    rounds = [_Round()]
    for index, message in enumerate(path):
        current = rounds[-1]
        match message.role:
            case "assistant":
                if _can_go_back(message):
                    if current.user or current.system or tool_use_ids(current.said()):
                        rounds.append(current := _Round())
                    current.assistant.append(message)
                    current.in_loop = index > asked
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
    context = Context(message.context if _says_something(blocks) else "", system_role=system_role)
    current.user += blocks + context.for_user
    if context.for_system and context.for_system not in current.system:
        current.system.append(context.for_system)


def _last_question(path: Sequence[PathMessage]) -> int:
    """Index of the last user message that says something itself; what follows is one running tool loop."""
    for index in reversed(range(len(path))):
        message = path[index]
        if message.role == "user" and _says_something(for_user(_checked(message.content))):
            return index
    return -1


def _says_something(blocks: Sequence[Block]) -> bool:
    return any(block.get("type") != "tool_result" for block in blocks)


def _can_go_back(message: PathMessage) -> bool:
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


def _settled(rounds: Sequence[_Round]) -> list[_Round]:
    """Give up server tool calls that never got their result, once the user has said something new.

    Until then they stay: a paused turn goes back unchanged, and so does one that waits for tool results only.
    """
    settled: list[_Round] = []
    for this in rounds:
        settled.append(this)
        while _gives_up_all(settled[-1]) and len(settled) > 1:
            silent = settled.pop()
            before = settled[-1]
            before.user += silent.user
            before.system += [blocks for blocks in silent.system if blocks not in before.system]
    return settled


def _gives_up_all(this: _Round) -> bool:
    """Give up what has to be; says whether nothing of the assistant's is left."""
    if _says_something(this.user):
        this.gone = frozenset(unanswered_server_tools(this.said()))
    return not this.said()


def _emitted(rounds: Sequence[_Round], frame_digest: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    prefix = Prefix(frame_digest)
    for this in rounds:
        assistant = this.bound(prefix)
        results = [block for block in this.user if block.get("type") == "tool_result"]
        others = [block for block in this.user if block.get("type") != "tool_result"]
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


def _stays_put(blocks: Sequence[Block]) -> bool:
    """Say whether blocks of a running loop are bound to where they were made: thinking, and what a pause waits for."""
    thinks = any(block.get("type") in THINKING for block in blocks)
    return (
        thinks
        or bool(unanswered_server_tools(blocks))
        or (bool(blocks) and is_server_tool_result(blocks[-1]))
    )


def _is_paused(path: Sequence[PathMessage], content: Sequence[Block]) -> bool:
    last = content[-1]
    return path[-1].complete and (last.get("type") in SERVER_TOOL_CALLS or is_server_tool_result(last))
