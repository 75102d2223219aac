"""Content blocks and their rules: which are empty, which may be sent again, which tool result belongs to which call.

A block is a dict as the API sent it. It is replayed as it came, with unknown types and fields; only what the
API refuses is left out. Blocks are never changed in place.
"""

from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any

from chat.claude.encoding.exact_numbers import has_infinite_numbers, without_infinite_numbers
from chat.claude.encoding.text import clean_text

Block = dict[str, Any]

KEPT_DELTAS = "parley_deltas"
"""Key under which a known block keeps deltas without a field of their own. It is never sent to the API."""

THINKING = frozenset({"thinking", "redacted_thinking"})
SERVER_TOOL_CALLS = frozenset({"server_tool_use", "mcp_tool_use"})
TOOL_CALLS = SERVER_TOOL_CALLS | {"tool_use"}
DISPLAY_ONLY = frozenset({"imported_tool_use"})
"""Blocks that people see and no request has: tool calls of conversations that were imported."""
NOT_RUN = "not run: stopped"
DENIED = "The person denied this call."
DENIED_WITH_REASON = f"{DENIED} Their reason: "


def generated_text(content: Iterable[Block]) -> str:
    """Return all that a model wrote into an answer: text, thinking and tool inputs, to estimate its tokens by."""
    return "".join(
        str(block[key]) for block in content for key in ("text", "thinking", "input") if block.get(key)
    )


def plain_text(content: Iterable[Block]) -> str:
    """Return the text blocks joined for search and titles, cleaned by `clean_text`.

    The API splits a sentence into several blocks where it cites a source; these are joined without a line
    break.
    """
    parts: list[str] = []
    previous_cited: bool | None = None
    for block in content:
        if block.get("type") != "text" or not isinstance(block.get("text"), str):
            previous_cited = None
            continue
        cited = bool(block.get("citations"))
        joined = previous_cited is not None and (cited or previous_cited)
        parts += ["" if joined or not parts else "\n", block["text"]]
        previous_cited = cited
    return clean_text("".join(parts))


def tool_pictures(content: Iterable[Block]) -> list[Block]:
    """Return the image blocks inside tool results."""
    return [
        inner
        for block in content
        if _has_blocks(block)
        for inner in block["content"]
        if inner.get("type") == "image"
    ]


def with_tool_pictures(content: Iterable[Block], change: Callable[[Block], Block]) -> list[Block]:
    """Return a message's blocks with each image inside a tool result replaced by `change(image)`."""
    return [
        {
            **block,
            "content": [
                change(inner) if inner.get("type") == "image" else inner for inner in block["content"]
            ],
        }
        if _has_blocks(block)
        else block
        for block in content
    ]


def with_search_results_as_text(content: list[Block]) -> list[Block]:
    """Return a message's blocks with the search results inside tool results as texts; the list itself without any."""
    if not any(
        _is_search_result(inner) for block in content if _has_blocks(block) for inner in block["content"]
    ):
        return content
    return [
        {**block, "content": [_search_text(inner) for inner in block["content"]]}
        if _has_blocks(block)
        else block
        for block in content
    ]


def _is_search_result(block: Block) -> bool:
    return block.get("type") == "search_result"


def _search_text(block: Block) -> Block:
    if not _is_search_result(block):
        return block
    return {"type": "text", "text": f"{block['title']}\n{plain_text(block['content'])}"}


def with_finite_numbers(content: Iterable[Block]) -> list[Block]:
    """Return a message's blocks; numbers that no float holds are texts.

    The SDK refuses to send 1e400, and an upstream may refuse to read an integer of 400 digits.
    """
    return [without_infinite_numbers(block) if has_infinite_numbers(block) else block for block in content]


def _has_blocks(block: Block) -> bool:
    return block.get("type") == "tool_result" and isinstance(block.get("content"), list)


def is_empty(block: Block) -> bool:
    """Return whether the API would refuse the block as empty: blank text, or thinking without a signature."""
    match block.get("type"):
        case "text":
            return not str(block.get("text") or "").strip()
        case "thinking":
            return not block.get("signature")
        case "redacted_thinking":
            return not block.get("data")
        case "compaction":
            return block.get("content") == ""
    return False


def for_replay(
    content: Iterable[Block],
    *,
    keep_thinking: bool,
    keep_after_gap: bool = True,
    dropped_calls: Container[str] = (),
) -> list[Block]:
    """Return the blocks of an assistant message in the form that may be sent to the API again.

    Empty blocks, server tool calls with an id in `dropped_calls` and cache breakpoints are left out, and all
    thinking unless `keep_thinking`. Thinking is bound to the content before it, so it is also left out after
    a missing block unless `keep_after_gap`. Thinking at the end of a message is always left out, because the
    API refuses it.
    """
    kept: list[Block] = []
    missing = False
    for block in content:
        if is_empty(block) or (block.get("type") in SERVER_TOOL_CALLS and block.get("id") in dropped_calls):
            missing = not keep_after_gap
        elif block.get("type") in DISPLAY_ONLY:
            continue
        elif block.get("type") not in THINKING or (keep_thinking and not missing):
            kept.append(without(block, "cache_control", KEPT_DELTAS))
    while kept and kept[-1].get("type") in THINKING:
        kept.pop()
    return kept


def keep_leading_thinking(content: Sequence[Block]) -> list[Block]:
    """Return the blocks of a cut answer with only the thinking at its beginning.

    Thinking further down is left out: content before it may be missing, which invalidates it.
    """
    first = next((at for at, block in enumerate(content) if block.get("type") not in THINKING), len(content))
    return [block for at, block in enumerate(content) if at < first or block.get("type") not in THINKING]


def for_user(content: Iterable[Block]) -> list[Block]:
    """Return the blocks of a user or system message in the form that may be sent.

    Left out are empty text (also inside tool results, search results and documents), cache breakpoints, and
    citations of text, which the API accepts from the assistant only. A failed tool result without content
    gets an error text.
    """
    return [_sendable(block) for block in content if not is_empty(block)]


def _sendable(block: Block) -> Block:
    block = without(block, "cache_control", KEPT_DELTAS)
    kind, inner, source = block.get("type"), block.get("content"), block.get("source")
    if kind == "text":
        return without(block, "citations")
    if isinstance(inner, list):
        block = {**block, "content": for_user(inner)}
    if isinstance(source, dict) and isinstance(source.get("content"), list):
        block = {**block, "source": {**source, "content": for_user(source["content"])}}
    return _with_error_text(block) if kind == "tool_result" else block


def _with_error_text(result: Block) -> Block:
    content = result.get("content")
    if content and (not isinstance(content, str) or content.strip()):
        return result
    if result.get("is_error"):
        return {**result, "content": "failed without a message"}
    return without(result, "content")


def without(block: Block, *keys: str) -> Block:
    """Return a copy of the block without `keys`, or the block itself if it has none of them."""
    if any(key in block for key in keys):
        return {key: value for key, value in block.items() if key not in keys}
    return block


def tool_use_ids(content: Iterable[Block]) -> list[str]:
    """Return the ids of the client tool calls in `content`, in call order. Server tools are not included."""
    return [block["id"] for block in content if block.get("type") == "tool_use"]


def is_server_tool_result(block: Block) -> bool:
    """Return whether the block is the result of a server tool (web search, code execution, MCP …)."""
    kind = str(block.get("type"))
    return kind.endswith("_tool_result") and kind != "tool_result"


def unanswered_server_tools(content: Sequence[Block]) -> set[str]:
    """Return the ids of server tool calls in an assistant message that have no result block in it."""
    answered = {str(block.get("tool_use_id")) for block in content if is_server_tool_result(block)}
    return {block["id"] for block in content if block.get("type") in SERVER_TOOL_CALLS} - answered


def pair_results(calls: Sequence[str], results: Iterable[Block]) -> list[Block]:
    """Return exactly one tool_result per id of `calls`, in call order.

    The first of `results` with the id is used. A missing result becomes an error result saying that the tool
    was not run. Results of other calls are left out.
    """
    by_id: dict[str, Block] = {}
    for result in results:
        by_id.setdefault(str(result.get("tool_use_id")), result)
    return [by_id.get(call) or not_run(call) for call in calls]


def not_run(tool_use_id: str) -> Block:
    """Return the error result of a call that was stopped before its tool ran."""
    return {"type": "tool_result", "tool_use_id": tool_use_id, "content": NOT_RUN, "is_error": True}
