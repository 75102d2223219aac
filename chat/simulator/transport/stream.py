"""Sends a reply as server-sent events, paced and with the scenario's faults."""

import functools
import re
import time
from collections.abc import Callable, Iterable
from typing import Any

from chat.simulator.replies.reply import Part, Reply
from chat.simulator.transport.faults import Frame, Pause, Step
from chat.simulator.transport.http import Connection
from chat.simulator.transport.wire import PING, delta_head, encode, event

PIECE = re.compile(r"\s*\S{1,24}|\s+")
JSON_PIECE = re.compile(r".{1,16}", re.DOTALL)
CHUNK_BYTES = 64 * 1024
# The frames of a longer text are not kept: they need 50 bytes for each of its characters.
LONGEST_KEPT_CHARACTERS = 40_000
DELTAS = {
    "text": ("text_delta", "text"),
    "thinking": ("thinking_delta", "thinking"),
    "tool_use": ("input_json_delta", "partial_json"),
    "server_tool_use": ("input_json_delta", "partial_json"),
    "mcp_tool_use": ("input_json_delta", "partial_json"),
}
STARTS: dict[str, dict[str, Any]] = {
    "text": {"type": "text", "text": ""},
    "thinking": {"type": "thinking", "thinking": "", "signature": ""},
}


def frames_of(reply: Reply) -> list[Frame]:
    """Return the events of a reply in order; each frame has the output tokens produced up to it."""
    start_tokens = min(1, reply.output_tokens)
    start_usage = reply.usage.as_json() | {
        "output_tokens": start_tokens,
        "service_tier": "standard",
        "inference_geo": reply.prompt.body.get("inference_geo") or "global",
    }
    frames = [
        Frame(event("message_start", {"message": reply.shell() | {"usage": start_usage}}), start_tokens)
    ]
    produced = 0
    for index, part in enumerate(reply.parts):
        frames += _part_frames(part, index, produced, reply.prompt.model.chars_per_token)
        produced += part.tokens
    if not reply.parts:
        frames.append(Frame(PING, 0))
    return [*frames, _closing(reply), Frame(event("message_stop", {}), reply.output_tokens)]


def _part_frames(part: Part, index: int, produced: int, chars_per_token: int) -> list[Frame]:
    start = event("content_block_start", {"index": index, "content_block": _start_block(part)})
    frames = [Frame(start + PING if index == 0 else start, produced)]
    if part.kind in DELTAS:
        short = len(part.text) <= LONGEST_KEPT_CHARACTERS
        frames += (_kept_deltas if short else _deltas)(
            part.kind,
            part.text,
            index=index,
            produced=produced,
            chars_per_token=chars_per_token,
            single=part.single,
        )
    for citation in part.block.get("citations", ()):
        cited = event(
            "content_block_delta",
            {"index": index, "delta": {"type": "citations_delta", "citation": citation}},
        )
        frames.append(Frame(cited, produced + part.tokens, delta=True))
    if part.kind == "compaction":
        delta = {**part.block, "type": "compaction_delta"}
        data = event("content_block_delta", {"index": index, "delta": delta})
        frames.append(Frame(data, produced, delta=True))
    if part.kind == "thinking":
        signature = {"type": "signature_delta", "signature": part.block["signature"]}
        signed = event("content_block_delta", {"index": index, "delta": signature})
        frames.append(Frame(signed, produced + part.tokens, delta=True))
    return [*frames, Frame(event("content_block_stop", {"index": index}), produced + part.tokens)]


def _start_block(part: Part) -> dict[str, Any]:
    if part.kind in STARTS:
        return STARTS[part.kind] | ({"citations": []} if "citations" in part.block else {})
    if part.kind in DELTAS:
        return {"type": part.kind, **part.block, "input": {}}
    if part.kind == "compaction":
        return {"type": "compaction", "content": None}
    return part.block


def _deltas(
    kind: str, text: str, *, index: int, produced: int, chars_per_token: int, single: bool
) -> tuple[Frame, ...]:
    """Return the delta frames of one block."""
    head = delta_head(index, *DELTAS[kind])
    frames, plain, other = [], 0, 0
    for piece in _pieces(kind, text, single=single):
        ascii_letters = len(piece) if piece.isascii() else len(piece.encode("ascii", "ignore"))
        plain += ascii_letters
        other += len(piece) - ascii_letters
        data = head + encode(piece) + b"}}\n\n"
        frames.append(Frame(data, produced - (-plain // chars_per_token) + other, delta=True))
    return tuple(frames)


_kept_deltas = functools.lru_cache(maxsize=8)(_deltas)  # load tests repeat the same text


def _pieces(kind: str, text: str, *, single: bool) -> list[str]:
    if kind.endswith("tool_use"):
        return ["", *JSON_PIECE.findall(text)]
    return [text] if single else PIECE.findall(text)


def _closing(reply: Reply) -> Frame:
    usage = reply.final_usage()
    counters = {
        name: usage[name]
        for name in (
            *("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"),
            *("output_tokens", "output_tokens_details", "server_tool_use", "iterations"),
        )
        if name in usage
    }
    delta = {
        "stop_reason": reply.stop_reason,
        "stop_sequence": reply.stop_sequence,
        "stop_details": reply.stop_details,
    }
    return Frame(event("message_delta", {"delta": delta, "usage": counters}), reply.output_tokens)


async def play(
    connection: Connection, steps: Iterable[Step], pace: float, produced: Callable[[int], None]
) -> str:
    """Send the steps at `pace` deltas per second (0: as fast as possible) and return how the stream ended.

    `produced` is called with the number of output tokens sent so far.

    Raises:
        ClientGone: the client closed the connection.
    """
    waiting: list[bytes] = []
    size = count = 0
    start = now = time.monotonic()
    tokens_so_far = 0

    async def flush() -> None:
        nonlocal size
        if waiting:
            await connection.write(b"".join(waiting))
            produced(tokens_so_far)
            waiting.clear()
            size = 0

    for step in steps:
        if isinstance(step, Frame):
            if pace and step.delta:
                # Computed from the start, so that delays do not add up.
                due = start + count / pace
                count += 1
                if due > now:
                    await flush()
                    now = time.monotonic()
                    if due > now:
                        await connection.pause(due - now)
                        now = time.monotonic()
            waiting.append(step.data)
            size += len(step.data)
            tokens_so_far = step.tokens
            if size >= CHUNK_BYTES:
                await flush()
        elif isinstance(step, Pause):
            await flush()
            await _silence(connection, step)
            start += step.seconds
            now = time.monotonic()
        else:
            await flush()
            return step.how
    await flush()
    return "complete"


async def _silence(connection: Connection, step: Pause) -> None:
    end = time.monotonic() + step.seconds
    while (left := end - time.monotonic()) > 0:
        await connection.pause(min(left, step.every or left))
        if step.every:
            await connection.write(PING)
