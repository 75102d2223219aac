"""Reading events into an attempt."""

import asyncio
import itertools
from types import SimpleNamespace
from typing import Any

import pytest

from chat.claude.failures.failure import FailureKind, failure
from chat.claude.stream.block_builder import ProtocolError
from chat.engine.turn.attempt import Attempt, AttemptFailed, ShownAttempt
from chat.engine.turn.coalescer import Coalescer, Pace
from chat.engine.turn.final_write import final_answer
from chat.events.payloads import Event
from chat.models import Turn
from tests import factories

START = {"type": "message_start", "message": {"content": [], "usage": {"input_tokens": 1}}}
STOP = {"type": "content_block_stop", "index": 0}
END = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}


def begin(**block: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": 0, "content_block": block}


async def test_an_event_without_a_type_breaks_the_protocol() -> None:
    # A platform's decoder may hand out one; it must end the attempt like any other malformed event.
    with pytest.raises(ProtocolError):
        Attempt()._take({"message": "no type"})


async def test_a_whole_message_is_not_silent() -> None:
    attempt, now = Attempt(), [0.0]
    attempt._clock = lambda: now[0]
    attempt._last_content = 0.0
    for event in (START, begin(type="text", text="a"), STOP):
        attempt._take(event)
    now[0] = 9.0
    assert attempt.silent_seconds == 9.0
    attempt._take({"type": "ping"})
    assert attempt.silent_seconds == 9.0
    attempt._take(END)
    now[0] = 99.0
    assert attempt.silent_seconds == 0.0


@pytest.mark.parametrize(("stop_reason", "whole"), [("tool_use", False), ("end_turn", True)])
async def test_an_ended_message_without_its_content_is_not_whole(stop_reason: str, whole: bool) -> None:
    attempt = Attempt()
    attempt._take(START)
    attempt._take({"type": "message_delta", "delta": {"stop_reason": stop_reason}})
    assert not attempt.whole
    attempt.fold.end()
    assert attempt.whole == whole
    assert attempt.outcome().whole, "its usage is final"


@pytest.mark.django_db(transaction=True)
async def test_repeated_stops_are_shown_once(turn: Turn) -> None:
    from asgiref.sync import sync_to_async

    told: list[Event] = []
    cutter = Coalescer(told.append, Pace())
    attempt = ShownAttempt(await sync_to_async(factories.running)(turn), cutter)
    half = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "b"}}
    for event in (START, begin(type="text", text="a"), half, STOP, STOP):
        attempt._take(event)
    shown = [event["type"] for event in told]
    assert shown == ["usage", "block.start", "block.delta", "block.delta", "block.stop"]


def events(*blocks: str) -> list[dict[str, Any]]:
    usage = {"input_tokens": 1, "output_tokens": 1}
    message = {"id": "msg_1", "role": "assistant", "content": [], "usage": usage, "stop_reason": None}
    made: list[dict[str, Any]] = [{"type": "message_start", "message": message}]
    for index, kind in enumerate(blocks):
        made.append(
            {"type": "content_block_start", "index": index, "content_block": {"type": kind, kind: ""}}
        )
        delta = {"type": f"{kind}_delta", kind: "hm"}
        made.append({"type": "content_block_delta", "index": index, "delta": delta})
        made.append({"type": "content_block_stop", "index": index})
    return made


async def test_thoughts_are_timed_from_their_begin_to_their_end() -> None:
    told: list[dict[str, Any]] = []
    running: Any = SimpleNamespace(message=SimpleNamespace(id="m"), prices=[])
    attempt = ShownAttempt(running, Coalescer(told.append, Pace()))
    seconds = itertools.count(0.0, 0.72)
    for event in events("thinking", "text", "thinking"):
        now = next(seconds)
        attempt._clock = lambda now=now: now  # type: ignore[misc]
        attempt._take(event)
    ends = [event for event in told if event["type"] == "block.stop"]
    assert [(event["index"], event.get("seconds")) for event in ends] == [(0, 1.4), (1, None), (2, 1.4)]
    assert attempt.thinking_seconds == [1.4, 1.4]
    kept = final_answer(attempt, "partial")
    assert kept
    assert kept.thinking_seconds == [1.4, 1.4]


class Held(ShownAttempt):
    """The rest of a broken answer, read from `events`; `ends` is what the reading ends with."""

    def __init__(self, told: list[Event], ends: BaseException | None = None, seconds: float = 60.0) -> None:
        self.told, self.ends = told, ends
        running: Any = SimpleNamespace(message=SimpleNamespace(id="m"), prices=[])
        super().__init__(running, Coalescer(self._tell, Pace()), held_seconds=seconds)
        self.heard = asyncio.Event()

    def _tell(self, event: Event) -> None:
        self.told.append(event)
        self.heard.set()

    async def _consume(self, client: Any, request: dict[str, Any]) -> None:
        for event in events("thinking", "text")[:-1]:
            self._take(event)
        if self.ends is not None:
            raise self.ends
        for event in (events("thinking", "text")[-1], END):
            self._take(event)

    async def run(self) -> None:
        await self.read(None, {})  # type: ignore[arg-type]


TOLD = ["usage", *["block.start", "block.delta", "block.stop"] * 2]


def kinds(told: list[Event]) -> list[str]:
    return [event["type"] for event in told]


async def test_rest_that_breaks_at_once_leaves_no_trace() -> None:
    told: list[Event] = []
    attempt = Held(told, AttemptFailed(failure(FailureKind.CONNECTION, "ReadError")))
    with pytest.raises(AttemptFailed):
        await attempt.run()
    assert (attempt.shown, told) == (False, [])
    assert attempt.received_text() == "hmhm", "it is billed"
    attempt.show_held()
    assert (attempt.shown, kinds(told)) == (True, TOLD[:-1])


async def test_rest_that_is_whole_at_once_is_shown() -> None:
    told: list[Event] = []
    attempt = Held(told)
    await attempt.run()
    assert (attempt.shown, kinds(told)) == (True, TOLD)


@pytest.mark.parametrize("end", [TimeoutError(), asyncio.CancelledError()])
async def test_rest_that_is_stopped_keeps_its_beginning(end: BaseException) -> None:
    told: list[Event] = []
    attempt = Held(told, end)
    with pytest.raises(type(end)):
        await attempt.run()
    assert (attempt.shown, kinds(told)) == (True, TOLD[:-1])


async def test_rest_is_shown_after_a_moment() -> None:
    told: list[Event] = []
    attempt = Held(told, seconds=0.001)
    for event in events("text")[:-1]:
        attempt._take(event)
    assert told == []
    async with asyncio.timeout(10):
        await attempt.heard.wait()
    attempt._take(STOP)
    assert (attempt.shown, kinds(told)) == (True, TOLD[:4])


async def test_rest_without_a_delta_is_not_shown() -> None:
    told: list[Event] = []
    attempt = Held(told)
    attempt._take(START)
    attempt.show_held()
    assert (attempt.shown, told) == (False, [])


async def test_deltas_that_arrive_together_are_shown_as_single_ones() -> None:
    stream = events("thinking", "text")
    for _ in range(40):
        piece = {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "a "}}
        stream.insert(-1, piece)
    odd = {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": None}}
    told: list[Event] = []
    running: Any = SimpleNamespace(message=SimpleNamespace(id="m"), prices=[])
    attempt = ShownAttempt(running, Coalescer(told.append, Pace()))
    attempt._take_all(stream, 0, len(stream))
    with pytest.raises(ProtocolError):
        attempt._take_all([begin(type="text", text="") | {"index": 2}, odd | {"index": 2}], 0, 2)
    shown = "".join(event.get("text", "") for event in told)
    assert shown == attempt.fold.message["content"][1]["text"] == "hm" + 40 * "a "
    assert attempt._deltas == 42
