"""The most that a request can cost, known before it leaves: what a budget holds until the bill is there.

A token stands for at least one byte of text, so bytes bound tokens from above. Pictures, PDF pages and what server
tools bring have the most that the provider's documentation gives for them. An answer never gets longer than max_tokens.
"""

import base64
import binascii
import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from chat.claude.compaction import COMPACTION_EDIT, DEFAULT_TRIGGER, SUMMARY_TOKENS
from chat.claude.mcp_connector import TOOLSET
from chat.claude.pricing import MILLION, PriceRow
from chat.claude.request import exact_json

IMAGE_TOKENS = 4_784
PAGE_TOKENS = 3_000 + IMAGE_TOKENS
LONGEST_DOCUMENT_PAGES = 600
# Hidden instructions that come with any tool, and what frames a message.
TOOL_OVERHEAD_TOKENS = 1_000
MESSAGE_OVERHEAD_TOKENS = 32
# Without max_uses the server stops its own loop after so many rounds.
SERVER_TOOL_USES = 10
# What one use brings. Of searches, code and MCP servers nothing is documented for the API: the first is an allowance,
# the others have what Claude Code lets an MCP server's answer have.
SEARCH_TOKENS, OUTPUT_TOKENS = 10_000, 25_000
# The largest page that web fetch's documentation gives a figure for; a limit, "approximate" there, is passed a little.
PAGE_READ_TOKENS, LIMIT_FACTOR = 125_000, 1.1
FETCH_LIMIT_TOKENS = 50_000
# An answer that may only be shorter than this is of no use to anybody.
SHORTEST_ANSWER_TOKENS = 256
# Tells the pages of a PDF by its bytes; None if nobody knows.
PageCount = Callable[[bytes], int | None]


@dataclass(frozen=True, slots=True)
class CostBound:
    """What a call may write, and the most that it can cost then (USD)."""

    max_tokens: int
    usd: Decimal


def bounded(tool: dict[str, Any]) -> dict[str, Any]:
    """Give a tool's definition with the limits that the provider takes for it, where staff set none."""
    kind = str(tool.get("type") or "")
    limits: dict[str, int] = {}
    if kind.startswith(("web_search_", "web_fetch_")):
        limits["max_uses"] = SERVER_TOOL_USES
    if kind.startswith("web_fetch_"):
        limits["max_content_tokens"] = FETCH_LIMIT_TOKENS
    missing = {name: limit for name, limit in limits.items() if not tool.get(name)}
    return {**tool, **missing} if missing else tool


def _unknown(_pdf: bytes) -> None:
    return None


def prompt_bound(request: Mapping[str, Any], *, pages_of: PageCount = _unknown) -> int:
    """Give an upper bound of a request's prompt tokens, with what the provider's tools may add while it is answered."""
    head = {key: value for key, value in request.items() if key not in ("messages", "max_tokens", "model")}
    tools = TOOL_OVERHEAD_TOKENS if request.get("tools") else 0
    said = messages_bound(request["messages"], pages_of=pages_of)
    return said + _bytes(head) + tools + found_bound(request) + MESSAGE_OVERHEAD_TOKENS


def messages_bound(messages: Iterable[Mapping[str, Any]], *, pages_of: PageCount = _unknown) -> int:
    """Give an upper bound of the tokens of messages alone."""
    return sum(_content_bound(message["content"], pages_of) + MESSAGE_OVERHEAD_TOKENS for message in messages)


def found_bound(request: Mapping[str, Any]) -> int:
    """Give the most tokens that the provider's own tools bring into the prompt of one request."""
    return sum(_uses(tool) * _brings(tool) for tool in request.get("tools", ()))


def bound_cost(
    request: Mapping[str, Any], rows: Iterable[PriceRow], *, prompt_tokens: int, room_usd: Decimal | None
) -> CostBound | None:
    """Shorten an answer to what `room_usd` (None: no limit) surely pays for; None when that is too little.

    `prompt_tokens` is an upper bound. The dearest price row that may hold is taken, and for the prompt the dearest
    of plain input and the cache writes that the request's marks ask for. Where the API may summarise by itself, each
    summary is one more reading of the whole prompt and one more answer, and is read in its turn.
    """
    asked = int(request["max_tokens"])
    speed, geo = str(request.get("speed") or "standard"), str(request.get("inference_geo") or "")
    summaries = _summaries(request, prompt_tokens)
    written = summaries * max(asked, SUMMARY_TOKENS)
    # A provider that can't keep the asked speed bills the usual one, which is never dearer.
    rows = [
        row
        for row in rows
        if row.speed in (speed, "standard") and row.above_prompt_tokens <= prompt_tokens + written
    ]
    if not rows:
        return CostBound(asked, Decimal(0))
    mark = _dearest_write(request)
    read = prompt_tokens * (1 + summaries) + written
    prompt = max(
        read * max(row.input, *(getattr(row, name) for name in mark)) * row.factor(geo=geo) for row in rows
    )
    per_token = max(row.output * row.factor(geo=geo) for row in rows) / MILLION
    fixed = prompt / MILLION + _searches(request) * max(row.per_search for row in rows) + written * per_token
    if room_usd is None or fixed + asked * per_token <= room_usd:
        return CostBound(asked, fixed + asked * per_token)
    thinking = request.get("thinking") or {}
    least = min(asked, max(SHORTEST_ANSWER_TOKENS, int(thinking.get("budget_tokens") or 0) + 1))
    affordable = int((room_usd - fixed) / per_token) if per_token else 0
    return CostBound(affordable, fixed + affordable * per_token) if affordable >= least else None


def _dearest_write(request: Mapping[str, Any]) -> list[str]:
    # Quotes inside of strings are escaped, so that nobody's words can look like a mark.
    written = exact_json([request.get("cache_control"), request.get("tools"), request.get("system")])
    written += "".join(_marks(message["content"]) for message in request["messages"])
    marks = ["input"]
    if '"ephemeral"' in written:
        marks.append("write_5m")
    if '"ttl":"1h"' in written:
        marks.append("write_1h")
    return marks


def _marks(content: Any) -> str:
    blocks = content if isinstance(content, list) else []
    own = [block["cache_control"] for block in blocks if block.get("cache_control")]
    return exact_json(own) + "".join(_marks(block.get("content")) for block in blocks)


def _summaries(request: Mapping[str, Any], prompt_tokens: int) -> int:
    """Say how often the API may summarise in one request: once, and as often again as found text fills the room."""
    management = (request.get("extra_body") or {}).get("context_management") or {}
    edit = next((edit for edit in management.get("edits", ()) if edit["type"] == COMPACTION_EDIT), None)
    if edit is None:
        return 0
    trigger = int((edit.get("trigger") or {}).get("value") or DEFAULT_TRIGGER)
    if prompt_tokens < trigger:
        return 0
    return 1 + found_bound(request) // trigger


def _searches(request: Mapping[str, Any]) -> int:
    return sum(_uses(tool) for tool in request.get("tools", ()) if _is(tool, "web_search_"))


def _uses(tool: Mapping[str, Any]) -> int:
    """Say how often the provider may run a tool of its own, or call one of an MCP server, whose list comes first."""
    if tool.get("type") == TOOLSET:
        return 1 + SERVER_TOOL_USES
    return int(tool.get("max_uses") or SERVER_TOOL_USES)


def _brings(tool: Mapping[str, Any]) -> int:
    """Say how many tokens of text one use may bring into the prompt; 0 for tools that are run elsewhere."""
    if _is(tool, "web_search_"):
        return SEARCH_TOKENS
    if _is(tool, "web_fetch_"):
        return int(LIMIT_FACTOR * int(tool.get("max_content_tokens") or PAGE_READ_TOKENS))
    return OUTPUT_TOKENS if _is(tool, "code_execution_") or tool.get("type") == TOOLSET else 0


def _is(tool: Mapping[str, Any], kind: str) -> bool:
    return str(tool.get("type") or "").startswith(kind)


def _content_bound(content: Any, pages_of: PageCount) -> int:
    if not isinstance(content, list):
        return _bytes(content)
    return sum(_block_bound(block, pages_of) for block in content)


def _block_bound(block: Mapping[str, Any], pages_of: PageCount) -> int:
    source = block.get("source")
    if block.get("type") == "image":
        return IMAGE_TOKENS
    if block.get("type") == "document" and isinstance(source, Mapping) and source.get("type") != "text":
        rest = {key: value for key, value in block.items() if key != "source"}
        return _bytes(rest) + _document_bound(source, pages_of)
    if isinstance(block.get("content"), list):
        rest = {key: value for key, value in block.items() if key != "content"}
        return _bytes(rest) + _content_bound(block["content"], pages_of)
    return _bytes(block)


def _document_bound(source: Mapping[str, Any], pages_of: PageCount) -> int:
    if source.get("type") == "content":
        return _content_bound(source.get("content"), pages_of)
    pages = None
    if source.get("type") == "base64":
        with contextlib.suppress(binascii.Error, ValueError):
            pages = pages_of(base64.b64decode(str(source.get("data"))))
    return (pages or LONGEST_DOCUMENT_PAGES) * PAGE_TOKENS


def _bytes(value: Any) -> int:
    return len(exact_json(value).encode()) if value else 0
