"""The most that a request can cost, known before it leaves: what a budget holds until the bill is there.

A token stands for at least one byte of text, so bytes bound tokens from above. Pictures and PDF pages have the
most that the provider's documentation gives for them. An answer never gets longer than max_tokens.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from chat.claude.connector import TOOLSET
from chat.claude.pricing import MILLION, PriceRow
from chat.claude.request import exact_json
from chat.claude.room import COMPACTION_EDIT, DEFAULT_TRIGGER, SUMMARY_TOKENS

IMAGE_TOKENS = 4_784
PAGE_TOKENS = 3_000 + IMAGE_TOKENS
LONGEST_DOCUMENT_PAGES = 600
# Hidden instructions that come with any tool, and what frames a message.
TOOL_OVERHEAD_TOKENS = 1_000
MESSAGE_OVERHEAD_TOKENS = 32
# Without max_uses the server stops its own loop after so many rounds.
SERVER_TOOL_USES = 10
FOUND_TOKENS_PER_USE = 10_000
# An answer that may only be shorter than this is of no use to anybody.
SHORTEST_ANSWER_TOKENS = 256
_PAGE = re.compile(rb"/Type\s*/Page\b")


@dataclass(frozen=True, slots=True)
class Planned:
    """What a call may write, and the most that it can cost then (USD)."""

    max_tokens: int
    usd: Decimal


def prompt_bound(request: Mapping[str, Any], messages: Iterable[Mapping[str, Any]] | None = None) -> int:
    """Give an upper bound of a request's prompt tokens, or of some of its `messages` alone."""
    counted = list(request["messages"] if messages is None else messages)
    bound = sum(_content_bound(message["content"]) + MESSAGE_OVERHEAD_TOKENS for message in counted)
    if messages is not None:
        return bound
    head = {key: value for key, value in request.items() if key not in ("messages", "max_tokens", "model")}
    found = _all_found(request) * FOUND_TOKENS_PER_USE
    tools = TOOL_OVERHEAD_TOKENS if request.get("tools") else 0
    return bound + _bytes(head) + tools + found + MESSAGE_OVERHEAD_TOKENS


def plan(
    request: Mapping[str, Any], rows: Iterable[PriceRow], *, prompt_tokens: int, room_usd: Decimal | None
) -> Planned | None:
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
        return Planned(asked, Decimal(0))
    mark = _dearest_write(request)
    read = prompt_tokens * (1 + summaries) + written
    prompt = max(
        read * max(row.input, *(getattr(row, name) for name in mark)) * row.factor(geo=geo) for row in rows
    )
    per_token = max(row.output * row.factor(geo=geo) for row in rows) / MILLION
    fixed = prompt / MILLION + _all_uses(request) * max(row.per_search for row in rows) + written * per_token
    if room_usd is None or fixed + asked * per_token <= room_usd:
        return Planned(asked, fixed + asked * per_token)
    thinking = request.get("thinking") or {}
    least = min(asked, max(SHORTEST_ANSWER_TOKENS, int(thinking.get("budget_tokens") or 0) + 1))
    affordable = int((room_usd - fixed) / per_token) if per_token else 0
    return Planned(affordable, fixed + affordable * per_token) if affordable >= least else None


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
    return 1 + _all_found(request) * FOUND_TOKENS_PER_USE // trigger


def _all_uses(request: Mapping[str, Any]) -> int:
    return sum(_uses(tool) for tool in request.get("tools", ()))


def _all_found(request: Mapping[str, Any]) -> int:
    """Say how often the provider may bring text into the prompt while it answers."""
    return _all_uses(request) + sum(_calls(tool) for tool in request.get("tools", ()))


def _uses(tool: Mapping[str, Any]) -> int:
    """Say how often the server may run a tool of its own that brings text into the prompt."""
    kind = str(tool.get("type") or "")
    if not kind.startswith(("web_search_", "web_fetch_")):
        return 0
    return int(tool.get("max_uses") or SERVER_TOOL_USES)


def _calls(tool: Mapping[str, Any]) -> int:
    """Say how many answers of an MCP server, the list of its tools first, the provider may add to the prompt."""
    return 1 + SERVER_TOOL_USES if tool.get("type") == TOOLSET else 0


def _content_bound(content: Any) -> int:
    if not isinstance(content, list):
        return _bytes(content)
    return sum(_block_bound(block) for block in content)


def _block_bound(block: Mapping[str, Any]) -> int:
    source = block.get("source")
    if block.get("type") == "image":
        return IMAGE_TOKENS
    if block.get("type") == "document" and isinstance(source, Mapping) and source.get("type") != "text":
        rest = {key: value for key, value in block.items() if key != "source"}
        return _bytes(rest) + _document_bound(source)
    if isinstance(block.get("content"), list):
        rest = {key: value for key, value in block.items() if key != "content"}
        return _bytes(rest) + _content_bound(block["content"])
    return _bytes(block)


def _document_bound(source: Mapping[str, Any]) -> int:
    if source.get("type") == "content":
        return _content_bound(source.get("content"))
    if source.get("type") != "base64":
        return LONGEST_DOCUMENT_PAGES * PAGE_TOKENS
    try:
        data = base64.b64decode(str(source.get("data")))
    except (binascii.Error, ValueError):
        return LONGEST_DOCUMENT_PAGES * PAGE_TOKENS
    # Pages inside of compressed objects can't be counted here; then bytes have to do.
    pages = len(_PAGE.findall(data))
    return pages * PAGE_TOKENS if pages else max(len(data), PAGE_TOKENS)


def _bytes(value: Any) -> int:
    return len(exact_json(value).encode()) if value else 0
