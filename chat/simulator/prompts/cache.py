"""The prompt cache: which part of a prompt is read from it, which part is written to it, and for how long.

Rules of the provider's prompt-caching page: prefixes of tools, system, messages; writes only at breakpoints
(at most 4); reads look back over 20 blocks from each breakpoint, its own block included; entries belong to a
workspace and a model, live 5 minutes or an hour from the start of the request and are refreshed by hits;
prompts below the model's minimum are not cached and cause no error.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from chat.simulator.prompts import thinking, tokens
from chat.simulator.prompts.prompt import Block, Prompt, is_thinking, without_cache_marks
from chat.simulator.transport.wire import ApiError, encode, invalid

MAX_BREAKPOINTS = 4
LOOK_BACK_BLOCKS = 20
LIFETIME_SECONDS = {"5m": 300.0, "1h": 3600.0}
MAX_ENTRIES = 200_000


@dataclass(frozen=True, slots=True)
class Segment:
    """One block of the prompt: hash and tokens of the prefix that ends with it, and the lifetime of its breakpoint."""

    key: bytes
    total_tokens: int
    ttl: str | None


@dataclass(slots=True)
class PromptUsage:
    """How the prompt's tokens are billed. `commit` stores the written entries when the response starts."""

    input_tokens: int
    read_tokens: int = 0
    written_5m_tokens: int = 0
    written_1h_tokens: int = 0
    commit: Callable[[], None] = field(default=lambda: None)

    @property
    def total_tokens(self) -> int:
        return self.input_tokens + self.read_tokens + self.written_5m_tokens + self.written_1h_tokens

    def as_json(self) -> dict[str, Any]:
        return {
            "input_tokens": self.input_tokens,
            "cache_creation_input_tokens": self.written_5m_tokens + self.written_1h_tokens,
            "cache_read_input_tokens": self.read_tokens,
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.written_5m_tokens,
                "ephemeral_1h_input_tokens": self.written_1h_tokens,
            },
        }


class PromptCache:
    """The entries of all workspaces, by prefix hash."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entries: dict[bytes, tuple[float, str]] = {}  # prefix -> (expires at, ttl)

    def clear(self) -> None:
        self._entries.clear()

    def account(self, segments: list[Segment], min_tokens: int) -> PromptUsage:
        """Return how this prompt is billed, refresh the entries it reads, and prepare the entries it writes."""
        now = self._clock()
        marks = [i for i, s in enumerate(segments) if s.ttl and s.total_tokens >= min_tokens]
        hit = max((self._longest_hit(segments, mark, now) for mark in marks), default=-1)
        read = segments[hit].total_tokens if hit >= 0 else 0
        self._refresh(segments[: hit + 1], now)
        usage = PromptUsage(segments[-1].total_tokens - read, read)
        done = read
        fresh = [segments[mark] for mark in marks if mark > hit]
        for segment in fresh:
            if segment.ttl == "1h":
                usage.written_1h_tokens += segment.total_tokens - done
            else:
                usage.written_5m_tokens += segment.total_tokens - done
            done = segment.total_tokens
        usage.input_tokens = segments[-1].total_tokens - done
        usage.commit = lambda: self._write(fresh, now)
        return usage

    def _longest_hit(self, segments: list[Segment], mark: int, now: float) -> int:
        for index in range(mark, max(-1, mark - LOOK_BACK_BLOCKS), -1):
            entry = self._entries.get(segments[index].key)
            if entry and entry[0] > now:
                return index
        return -1

    def _refresh(self, segments: Iterable[Segment], now: float) -> None:
        for segment in segments:
            entry = self._entries.get(segment.key)
            if entry and entry[0] > now:
                self._entries[segment.key] = (now + LIFETIME_SECONDS[entry[1]], entry[1])

    def _write(self, segments: Iterable[Segment], now: float) -> None:
        if len(self._entries) > MAX_ENTRIES:
            self._entries = {key: entry for key, entry in self._entries.items() if entry[0] > now}
        for segment in segments:
            ttl = segment.ttl or "5m"
            self._entries[segment.key] = (now + LIFETIME_SECONDS[ttl], ttl)


def segments_of(prompt: Prompt, workspace: str) -> list[Segment]:
    """Return the prompt as a chain of blocks.

    Raises:
        ApiError: 400, a cache breakpoint violates the rules.
    """
    chain = _Chain(f"{workspace}|{prompt.model.id}")
    chars_per_token = prompt.model.chars_per_token
    overhead = prompt.model.tool_overhead_tokens if prompt.tools else 0
    for number, tool in enumerate(prompt.tools):
        cost = tokens.json_tokens(without_cache_marks(tool), prompt.model) + (0 if number else overhead)
        chain.add(tool, cost, _ttl(f"tools.{number}", tool))
    chain.salt(_system_salt(prompt))
    for number, block in enumerate(prompt.system):
        cost = tokens.count(block["text"], chars_per_token) + (0 if number else tokens.MESSAGE_TOKENS)
        chain.add(block, cost, _ttl(f"system.{number}", block))
    chain.salt(_messages_salt(prompt))
    _add_messages(chain, prompt)
    return _with_automatic_breakpoint(chain.segments, prompt.body.get("cache_control"), chain.cacheable)


def _add_messages(chain: "_Chain", prompt: Prompt) -> None:
    for turn in prompt.turns:
        chain.salt(turn.role)
        overhead = tokens.MESSAGE_TOKENS
        for (number, position), block in zip(turn.positions, turn.blocks, strict=True):
            if is_thinking(block):
                readable = thinking.replayed_tokens(block, prompt.model)
                if readable is None:
                    continue  # made by another model: the server drops it silently
                cost = readable
            else:
                cost = tokens.block_tokens(block, prompt.model)
            chain.add(block, cost + overhead, _ttl(f"messages.{number}.content.{position}", block))
            overhead = 0


class _Chain:
    def __init__(self, start: str) -> None:
        self._state = hashlib.blake2b(start.encode(), digest_size=16)
        self.total = 0
        self.segments: list[Segment] = []
        self.cacheable: list[bool] = []

    def salt(self, value: str) -> None:
        self._state.update(b"\x00" + value.encode("utf-8", "surrogatepass"))

    def add(self, block: Block, cost: int, ttl: str | None) -> None:
        self._state.update(b"\x01" + encode(without_cache_marks(block)))
        self.total += cost
        self.segments.append(Segment(self._state.digest(), self.total, ttl))
        self.cacheable.append(not is_thinking(block))


def _system_salt(prompt: Prompt) -> str:
    server_tools = sorted({tool.get("type") or "custom" for tool in prompt.tools} - {"custom"})
    cites = any(block.get("citations") == {"enabled": True} for turn in prompt.turns for block in turn.blocks)
    return f"{prompt.body.get('speed')}|{server_tools}|{cites}"


def _messages_salt(prompt: Prompt) -> str:
    images = any(block["type"] == "image" for turn in prompt.turns for block in turn.blocks)
    config = prompt.body.get("output_config") or {}
    settings = [prompt.body.get("tool_choice"), images, prompt.body.get("thinking"), config]
    return encode(settings).decode()


def _ttl(where: str, block: Block) -> str | None:
    """Return the lifetime of a block's own breakpoint, or of one inside a tool result's content."""
    marks = [block.get("cache_control")]
    if block.get("type") == "tool_result" and isinstance(block.get("content"), list):
        marks += [part.get("cache_control") for part in block["content"]]
    ttls = [_checked_ttl(where, mark) for mark in marks if mark is not None]
    if ttls and is_thinking(block):
        raise invalid(f"{where}.cache_control", "cache_control cannot be set on thinking blocks")
    return ttls[-1] if ttls else None


def _checked_ttl(where: str, mark: Any) -> str:
    if not isinstance(mark, dict) or mark.get("type") != "ephemeral":
        raise invalid(f"{where}.cache_control.type", "Input should be 'ephemeral'")
    ttl = mark.get("ttl") or "5m"
    if ttl not in tuple(LIFETIME_SECONDS):
        raise invalid(f"{where}.cache_control.ephemeral.ttl", "Input should be '5m' or '1h'")
    return str(ttl)


def _with_automatic_breakpoint(
    segments: list[Segment], automatic: Any, cacheable: list[bool]
) -> list[Segment]:
    """Return the segments with the automatic breakpoint set, after checks of number and order."""
    if automatic is not None:
        ttl = _checked_ttl("", automatic)
        last = max((i for i, able in enumerate(cacheable) if able), default=-1)
        if segments[last].ttl not in (None, ttl):
            raise ApiError(400, "cache_control: the last block already has a cache_control with another ttl")
        segments[last] = Segment(segments[last].key, segments[last].total_tokens, ttl)
    ttls = [segment.ttl for segment in segments if segment.ttl]
    if len(ttls) > MAX_BREAKPOINTS:
        raise ApiError(
            400,
            f"A maximum of {MAX_BREAKPOINTS} blocks with cache_control may be provided, found {len(ttls)}",
        )
    if "5m" in ttls and "1h" in ttls[ttls.index("5m") :]:
        raise ApiError(400, "a ttl='1h' cache_control block must not come after a ttl='5m' block")
    return segments
