"""Token usage as the Messages API reports it: merges the counters of a stream and reads them.

message_start has the split of cache writes by lifetime. message_delta has cumulative totals without the split
and may omit any field. `iterations` lists the samplings of one request: those of type compaction are billed
but not part of the top-level counters, all others are part of them.

Gateways leave counters out, send zeros that they never correct, or write them as text: `tells_prompt` and
`tells_output` say what can be believed.
"""

import re
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any

# No call has so many tokens: a larger counter is a fault of the upstream. The ledger's columns hold it.
MAX_COUNT = 1_000_000_000
_DIGITS = re.compile(r"[0-9]{1,10}(?:\.0{1,9})?")
_PROMPT_COUNTERS = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def merge_usage(start: Mapping[str, Any], delta: Mapping[str, Any]) -> dict[str, Any]:
    """Return the counters of `start` updated with those of `delta`; absent and null ones change nothing."""
    return {**start, **{key: value for key, value in delta.items() if value is not None}}


@dataclass(frozen=True, slots=True)
class Usage:
    """Billable quantities of one API call; `input_tokens` counts only the uncached part of the prompt."""

    input_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    cache_read_tokens: int = 0
    output_tokens: int = 0
    thinking_tokens: int = 0
    web_search_requests: int = 0

    @property
    def prompt_tokens(self) -> int:
        """The tokens of the complete prompt, cached or not. They decide context limits and price tiers."""
        written = self.cache_write_5m_tokens + self.cache_write_1h_tokens
        return self.input_tokens + written + self.cache_read_tokens

    @classmethod
    def from_api(cls, usage: Mapping[str, Any]) -> "Usage":
        """Return the usage of the API's `usage` object, with compactions; missing or invalid counters count as 0."""
        total = cls._of_one(usage)
        for compaction in _compactions(usage):
            total = total + cls._of_one(compaction)
        return cls(*(min(count, MAX_COUNT) for count in astuple(total)))

    @classmethod
    def _of_one(cls, usage: Mapping[str, Any]) -> "Usage":
        write_5m, write_1h = _cache_writes(usage)
        return cls(
            input_tokens=_count(usage, "input_tokens"),
            cache_write_5m_tokens=write_5m,
            cache_write_1h_tokens=write_1h,
            cache_read_tokens=_count(usage, "cache_read_input_tokens"),
            output_tokens=_count(usage, "output_tokens"),
            thinking_tokens=_count(usage.get("output_tokens_details"), "thinking_tokens"),
            web_search_requests=_count(usage.get("server_tool_use"), "web_search_requests"),
        )

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


def tells_prompt(usage: Mapping[str, Any], text: str) -> bool:
    """Return whether the prompt's counters can be believed; `text` is the answer, behind a prompt that has tokens."""
    if whole_number(usage.get("input_tokens")) is None:
        return False
    told = [usage[name] for name in _PROMPT_COUNTERS if usage.get(name) is not None]
    if any(whole_number(value) is None for value in told):
        return False
    return bool(Usage.from_api(usage).prompt_tokens) or not text


def tells_output(usage: Mapping[str, Any], text: str) -> bool:
    """Return whether the output's counter can be believed; `text` is the answer, which has tokens unless it is ""."""
    return whole_number(usage.get("output_tokens")) is not None and bool(
        Usage.from_api(usage).output_tokens or not text
    )


def whole_number(value: Any) -> int | None:
    """Return a counter as an int, also of "12" and 12.0; None if it is no whole number from 0 to `MAX_COUNT`."""
    if isinstance(value, str):
        value = float(value) if _DIGITS.fullmatch(value.strip()) else None
    if isinstance(value, float) and value.is_integer() and value <= MAX_COUNT:
        value = int(value)
    return value if type(value) is int and 0 <= value <= MAX_COUNT else None


def longest_prompt_tokens(usage: Mapping[str, Any]) -> int:
    """Return the longest single prompt of a request, which decides the price tier: its own or that of a compaction."""
    parts = [{**usage, "iterations": None}, *_compactions(usage)]
    return max(Usage.from_api(part).prompt_tokens for part in parts)


def _compactions(usage: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = usage.get("iterations")
    return [
        part
        for part in (found if isinstance(found, list) else ())
        if isinstance(part, Mapping) and part.get("type") == "compaction"
    ]


def _cache_writes(usage: Mapping[str, Any]) -> tuple[int, int]:
    split = usage.get("cache_creation")
    write_5m = _count(split, "ephemeral_5m_input_tokens")
    write_1h = _count(split, "ephemeral_1h_input_tokens")
    # The total may be larger than the split, which message_start reported earlier. The difference gets the lifetime
    # that the request uses.
    rest = max(0, _count(usage, "cache_creation_input_tokens") - write_5m - write_1h)
    if write_1h and not write_5m:
        return 0, write_1h + rest
    return write_5m + rest, write_1h


def _count(counters: Any, key: str) -> int:
    return whole_number(counters.get(key)) or 0 if isinstance(counters, Mapping) else 0
