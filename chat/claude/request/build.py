"""Builds a request from a frozen frame, the messages of a path, and their cache breakpoints."""

from collections.abc import Mapping, Sequence
from typing import Any

from chat.claude.cache.breakpoints import CachePlan, place_breakpoints
from chat.claude.cache.cache_control import MAX_BREAKPOINTS, limit_breakpoints
from chat.claude.content.blocks import Block, without
from chat.claude.request.transcript import (
    PathMessage,
    RequestError,
    loop_can_continue,
    to_messages,
    without_citations,
)

MIN_THINKING_BUDGET = 1024
MAX_MESSAGES = 100_000
QUOTED_CHARACTERS = 400
# The user message that closes a tool loop which can't continue under another frame or account.
LOOP_CLOSED_TEXT = (
    "Your answer goes on from here, with all that stands above: what you asked to be done was done, and the results "
    "above stand, so don't ask for them again. Don't mention this note."
)

_NOT_IN_FRAME = ("temperature", "top_p", "top_k", "cache_control", "messages", "max_tokens", "stream")


def build_request(
    frame_body: Mapping[str, Any],
    path: Sequence[PathMessage],
    *,
    max_tokens: int,
    frame_digest: str,
    cache: CachePlan | None = None,
    system_role: bool = False,
) -> dict[str, Any]:
    """Return the keyword arguments of `messages.create` for the next answer at the end of `path`.

    The frame's documents, with their contents, begin the first user message: only there the API lets them be cited.
    `cache` decides the breakpoints; without it only the frame's own ones are sent. `system_role` says that
    the model accepts system-role messages; the contexts of user messages then go there. The arguments are not
    changed.

    Raises:
        RequestError: the API would refuse the request.
    """
    _check_frame(frame_body, max_tokens)
    sent = _for_output_format(frame_body, _behind_documents(frame_body, path))
    messages = to_messages(sent, frame_digest, system_role=system_role)
    if len(messages) > MAX_MESSAGES:
        raise RequestError(f"a request may have {MAX_MESSAGES:,} messages: start a new conversation")
    _check_citations(messages)
    body, messages = _documents_apart(frame_body, messages)
    body = limit_breakpoints(body, MAX_BREAKPOINTS)
    if cache is not None:
        body, messages = place_breakpoints(cache, body, messages)
    return _documents_first({**body, "max_tokens": max_tokens}, messages)


def continues_loop(
    frame_body: Mapping[str, Any],
    path: Sequence[PathMessage],
    *,
    frame_digest: str,
    system_role: bool = False,
) -> bool:
    """Return whether `build_request` would continue the tool loop at the end of `path`; see `loop_can_continue`.

    If not, a user message such as `LOOP_CLOSED_TEXT` must close the loop first.

    Raises:
        RequestError: the API would refuse the request.
    """
    sent = _for_output_format(frame_body, _behind_documents(frame_body, path))
    return loop_can_continue(sent, frame_digest, system_role=system_role)


def _for_output_format(frame_body: Mapping[str, Any], path: Sequence[PathMessage]) -> Sequence[PathMessage]:
    return without_citations(path) if "format" in (frame_body.get("output_config") or {}) else path


def _behind_documents(body: Mapping[str, Any], path: Sequence[PathMessage]) -> Sequence[PathMessage]:
    """Return the path with the frame's documents before it. They belong to the prefix that thinking is bound to."""
    documents = [without(block, "cache_control") for block in body.get("documents", ())]
    return [PathMessage(role="user", content=documents), *path] if documents else path


def _documents_apart(
    body: Mapping[str, Any], messages: list[dict[str, Any]]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the body with its documents as they are sent, and the messages without them.

    A cache plan counts them as part of the frame, with the frame's own breakpoints.
    """
    marked = body.get("documents")
    if not marked:
        return without(dict(body), "documents"), messages
    first = messages[0]
    sent, rest = first["content"][: len(marked)], first["content"][len(marked) :]
    documents = [{**block, **_mark_of(of)} for block, of in zip(sent, marked, strict=True)]
    return {**body, "documents": documents}, [{**first, "content": rest}, *messages[1:]]


def _mark_of(block: Block) -> Block:
    return {key: value for key, value in block.items() if key == "cache_control"}


def _documents_first(body: Mapping[str, Any], messages: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the body with its messages, the first of which begins with the documents."""
    documents = body.get("documents")
    if not documents:
        return {**body, "messages": messages}
    first = {**messages[0], "content": [*documents, *messages[0]["content"]]}
    return {**without(dict(body), "documents"), "messages": [first, *messages[1:]]}


def continue_text(partial_text: str) -> str:
    """Return the user message that asks to continue where `partial_text`, a cut answer, stopped.

    Current models refuse a prefilled answer, so the end of the text is quoted instead.
    """
    if not partial_text.strip():
        return "Your last answer was cut off before its first word. Please give it now."
    return (
        "Your last answer was cut off. It ended with exactly this text:\n\n"
        f"<end_of_answer>{partial_text[-QUOTED_CHARACTERS:]}</end_of_answer>\n\n"
        "Go on from the very next character, even in the middle of a word, a list or a code block. Do not "
        "repeat any of it, do not comment on the cut, and do not start anew."
    )


def _check_frame(body: Mapping[str, Any], max_tokens: int) -> None:
    for key in _NOT_IN_FRAME:
        if key in body:
            raise RequestError(f"{key} may not be part of a frame: leave it out")
    if not body.get("model"):
        raise RequestError("a frame must name its model")
    if max_tokens < 1:
        raise RequestError("max_tokens must be at least 1")
    thinking = body.get("thinking") or {}
    if thinking.get("type") == "enabled":
        budget = thinking.get("budget_tokens") or 0
        if not MIN_THINKING_BUDGET <= budget < max_tokens:
            raise RequestError(
                f"a thinking budget must be {MIN_THINKING_BUDGET} or more and below max_tokens, {max_tokens}"
            )


def _check_citations(messages: list[dict[str, Any]]) -> None:
    settings: dict[str, set[bool]] = {"document": set(), "search_result": set()}
    for message in messages:
        if message["role"] == "user":
            _collect_citations(message["content"], settings)
    for kind, found in settings.items():
        if len(found) > 1:
            raise RequestError(f"citations must be on for every {kind} block or for none: make them the same")


def _collect_citations(content: Sequence[Block], settings: dict[str, set[bool]]) -> None:
    for block in content:
        kind = str(block.get("type"))
        if kind in settings:
            settings[kind].add(bool((block.get("citations") or {}).get("enabled")))
        elif kind == "tool_result" and isinstance(block.get("content"), list):
            _collect_citations(block["content"], settings)
