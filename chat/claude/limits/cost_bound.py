"""The upper bound of a request's cost, computed before it is sent. A budget holds this amount until the bill arrives.

A token stands for at least one byte of text, so bytes are an upper bound of tokens. For pictures, PDF pages
and results of server tools the maximum of the provider's documentation is used. An answer never exceeds
max_tokens.
"""

import base64
import binascii
import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from chat.claude.billing.pricing import MILLION, PriceRow
from chat.claude.encoding.exact_numbers import exact_json
from chat.claude.limits.compaction import COMPACTION_EDIT, DEFAULT_TRIGGER_TOKENS, SUMMARY_TOKENS
from chat.claude.request.mcp_connector import TOOLSET

IMAGE_TOKENS = 4_784
PAGE_TOKENS = 3_000 + IMAGE_TOKENS
MAX_DOCUMENT_PAGES = 600
# Instructions that the provider adds for tools, and the tokens around each message.
TOOL_OVERHEAD_TOKENS = 1_000
MESSAGE_OVERHEAD_TOKENS = 32
# Without max_uses the server stops its own loop after this many rounds.
SERVER_TOOL_USES = 10
# Tokens that one use adds. The API documents no limit for searches, code and MCP servers: the value for searches is an
# allowance, the other one is the limit that Claude Code sets for an MCP server's answer.
SEARCH_TOKENS, OUTPUT_TOKENS = 10_000, 25_000
# The largest page for which web fetch's documentation gives a figure. Its limits are documented as approximate, so
# they are taken with a margin.
FETCHED_PAGE_TOKENS, LIMIT_FACTOR = 125_000, 1.1
FETCH_LIMIT_TOKENS = 50_000
# An answer limited to fewer tokens than this is not useful.
MIN_ANSWER_TOKENS = 256
# Returns the number of pages of a PDF by its bytes, None if unknown.
PageCount = Callable[[bytes], int | None]


@dataclass(frozen=True, slots=True)
class CostBound:
    """The max_tokens of a call and the most that it can cost (USD)."""

    max_tokens: int
    usd: Decimal


def with_use_limits(tool: dict[str, Any]) -> dict[str, Any]:
    """Return a server tool's definition with the usage limits that staff did not set."""
    kind = str(tool.get("type") or "")
    limits: dict[str, int] = {}
    if kind.startswith(("web_search_", "web_fetch_")):
        limits["max_uses"] = SERVER_TOOL_USES
    if kind.startswith("web_fetch_"):
        limits["max_content_tokens"] = FETCH_LIMIT_TOKENS
    missing = {name: limit for name, limit in limits.items() if not tool.get(name)}
    return {**tool, **missing} if missing else tool


def _unknown_pages(_pdf: bytes) -> None:
    return None


def prompt_bound(request: Mapping[str, Any], *, count_pages: PageCount = _unknown_pages) -> int:
    """Return an upper bound of the request's prompt tokens, including results that server tools may add to it.

    `count_pages` returns the number of pages of a PDF by its bytes, None if unknown.
    """
    head = {key: value for key, value in request.items() if key not in ("messages", "max_tokens", "model")}
    tools = TOOL_OVERHEAD_TOKENS if request.get("tools") else 0
    message_tokens = messages_bound(request["messages"], count_pages=count_pages)
    return message_tokens + _bytes(head) + tools + server_tools_bound(request) + MESSAGE_OVERHEAD_TOKENS


def messages_bound(messages: Iterable[Mapping[str, Any]], *, count_pages: PageCount = _unknown_pages) -> int:
    """Return an upper bound of the tokens of the messages alone."""
    return sum(
        _content_bound(message["content"], count_pages) + MESSAGE_OVERHEAD_TOKENS for message in messages
    )


def server_tools_bound(request: Mapping[str, Any]) -> int:
    """Return the most tokens that server tools can add to the prompt of one request."""
    return sum(_uses(tool) * _tokens_per_use(tool) for tool in request.get("tools", ()))


def bound_cost(
    request: Mapping[str, Any], rows: Iterable[PriceRow], *, prompt_tokens: int, available_usd: Decimal | None
) -> CostBound | None:
    """Return max_tokens shortened to what `available_usd` (None: no limit) surely pays for; None if that is too little.

    `prompt_tokens` is an upper bound. The most expensive applicable price row is used, and for the prompt the
    most expensive of plain input and the cache writes that the request's breakpoints ask for. If the API may
    compact the conversation, each summary costs one more reading of the complete prompt and one more answer,
    which is read in turn.
    """
    asked = int(request["max_tokens"])
    speed, geo = str(request.get("speed") or "standard"), str(request.get("inference_geo") or "")
    summaries = _summaries(request, prompt_tokens)
    written = summaries * max(asked, SUMMARY_TOKENS)
    # A provider that can't keep the requested speed bills the standard one, which is never more expensive.
    rows = [
        row
        for row in rows
        if row.speed in (speed, "standard") and row.above_prompt_tokens <= prompt_tokens + written
    ]
    if not rows:
        return CostBound(asked, Decimal(0))
    price_names = _cache_write_prices(request)
    read = prompt_tokens * (1 + summaries) + written
    prompt = max(
        read * max(row.input, *(getattr(row, name) for name in price_names)) * row.factor(geo=geo)
        for row in rows
    )
    per_token = max(row.output * row.factor(geo=geo) for row in rows) / MILLION
    fixed = prompt / MILLION + _searches(request) * max(row.per_search for row in rows) + written * per_token
    if available_usd is None or fixed + asked * per_token <= available_usd:
        return CostBound(asked, fixed + asked * per_token)
    thinking = request.get("thinking") or {}
    least = min(asked, max(MIN_ANSWER_TOKENS, int(thinking.get("budget_tokens") or 0) + 1))
    affordable = int((available_usd - fixed) / per_token) if per_token else 0
    return CostBound(affordable, fixed + affordable * per_token) if affordable >= least else None


def _cache_write_prices(request: Mapping[str, Any]) -> list[str]:
    # JSON escapes quotes inside strings, so no text can look like a breakpoint.
    written = exact_json([request.get("cache_control"), request.get("tools"), request.get("system")])
    written += "".join(_cache_control_json(message["content"]) for message in request["messages"])
    price_names = ["input"]
    if '"ephemeral"' in written:
        price_names.append("write_5m")
    if '"ttl":"1h"' in written:
        price_names.append("write_1h")
    return price_names


def _cache_control_json(content: Any) -> str:
    blocks = content if isinstance(content, list) else []
    own = [block["cache_control"] for block in blocks if block.get("cache_control")]
    return exact_json(own) + "".join(_cache_control_json(block.get("content")) for block in blocks)


def _summaries(request: Mapping[str, Any], prompt_tokens: int) -> int:
    """Return how often the API may compact in one request: once, and again each time tool results fill the context."""
    management = (request.get("extra_body") or {}).get("context_management") or {}
    edit = next((edit for edit in management.get("edits", ()) if edit["type"] == COMPACTION_EDIT), None)
    if edit is None:
        return 0
    trigger = int((edit.get("trigger") or {}).get("value") or DEFAULT_TRIGGER_TOKENS)
    if prompt_tokens < trigger:
        return 0
    return 1 + server_tools_bound(request) // trigger


def _searches(request: Mapping[str, Any]) -> int:
    return sum(_uses(tool) for tool in request.get("tools", ()) if _has_type(tool, "web_search_"))


def _uses(tool: Mapping[str, Any]) -> int:
    """Return how often the provider may run its own tool, or call an MCP server; listing its tools is one more call."""
    if tool.get("type") == TOOLSET:
        return 1 + SERVER_TOOL_USES
    return int(tool.get("max_uses") or SERVER_TOOL_USES)


def _tokens_per_use(tool: Mapping[str, Any]) -> int:
    """Return how many tokens one use of a tool may add to the prompt; 0 for tools that the provider does not run."""
    if _has_type(tool, "web_search_"):
        return SEARCH_TOKENS
    if _has_type(tool, "web_fetch_"):
        return int(LIMIT_FACTOR * int(tool.get("max_content_tokens") or FETCHED_PAGE_TOKENS))
    return OUTPUT_TOKENS if _has_type(tool, "code_execution_") or tool.get("type") == TOOLSET else 0


def _has_type(tool: Mapping[str, Any], kind: str) -> bool:
    return str(tool.get("type") or "").startswith(kind)


def _content_bound(content: Any, count_pages: PageCount) -> int:
    if not isinstance(content, list):
        return _bytes(content)
    return sum(_block_bound(block, count_pages) for block in content)


def _block_bound(block: Mapping[str, Any], count_pages: PageCount) -> int:
    source = block.get("source")
    if block.get("type") == "image":
        return IMAGE_TOKENS
    if block.get("type") == "document" and isinstance(source, Mapping) and source.get("type") != "text":
        rest = {key: value for key, value in block.items() if key != "source"}
        return _bytes(rest) + _document_bound(source, count_pages)
    if isinstance(block.get("content"), list):
        rest = {key: value for key, value in block.items() if key != "content"}
        return _bytes(rest) + _content_bound(block["content"], count_pages)
    return _bytes(block)


def _document_bound(source: Mapping[str, Any], count_pages: PageCount) -> int:
    if source.get("type") == "content":
        return _content_bound(source.get("content"), count_pages)
    pages = None
    if source.get("type") == "base64":
        with contextlib.suppress(binascii.Error, ValueError):
            pages = count_pages(base64.b64decode(str(source.get("data"))))
    return (pages or MAX_DOCUMENT_PAGES) * PAGE_TOKENS


def _bytes(value: Any) -> int:
    return len(exact_json(value).encode()) if value else 0
