"""Snapshot + events = state, for every event of the vocabulary and every place to cut."""

import asyncio
import copy
import time
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.claude.encoding.exact_numbers import exact_json, read_json
from chat.events import hints, payloads
from chat.events.state import TurnState
from chat.events.store import pack, unpack

TURN = "018f0000-0000-7000-8000-000000000001"
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
literals = st.sampled_from(["0.10", "1e400", "-0", "1E5", "1.0", "18446744073709551616", "9" * 5000])
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | literals.map(read_json)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
indexes = st.integers(0, 3)
blocks = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "thinking", "tool_use", "card"])},
    optional={"id": texts, "name": texts, "x": values},
)
calls = st.sampled_from(["a", "b"])
inputs = st.dictionaries(texts, values, max_size=2)
results = st.lists(
    st.fixed_dictionaries({"type": st.sampled_from(["text", "image"]), "text": texts}), max_size=3
)
tools = st.one_of(
    st.builds(
        payloads.tool_requested,
        tool_call=calls,
        message=texts,
        tool_use_id=texts,
        name=texts,
        title=texts,
        input=inputs,
        approval=st.sampled_from(["allow", "ask", "deny"]),
        status=st.sampled_from(["waiting", "ready", "denied"]),
        expires_at=st.none() | texts,
    ),
    st.builds(
        payloads.tool_decided,
        tool_call=calls,
        decision=st.sampled_from(["approve", "deny", "edit"]),
        status=st.sampled_from(["ready", "denied"]),
        input=st.none() | inputs,
    ),
    st.builds(payloads.tool_started, tool_call=calls),
    st.builds(
        payloads.tool_finished,
        tool_call=calls,
        status=st.sampled_from(["done", "failed", "denied", "expired", "stopped"]),
        is_error=st.booleans(),
        seconds=st.none() | st.floats(0, 100),
        result=results,
    ),
    st.builds(payloads.turn_waiting),
    st.builds(payloads.turn_resumed),
)
vocabulary = st.one_of(
    st.builds(payloads.turn_started, model=texts, assistant_message=texts),
    st.builds(payloads.block_start, message=texts, index=indexes, block=blocks),
    st.builds(
        payloads.block_delta,
        index=indexes,
        key=st.sampled_from(["text", "thinking", "partial_json"]),
        value=texts,
    ),
    st.builds(payloads.block_delta, index=indexes, key=st.just("citation"), value=values),
    st.builds(payloads.block_stop, index=indexes, seconds=st.none() | st.floats(0, 100)),
    tools,
    st.builds(payloads.notice, texts, seconds=st.none() | st.floats(0, 100)),
    st.builds(
        payloads.notice,
        st.sampled_from(sorted(payloads.LASTING_NOTICES)),
        about=st.fixed_dictionaries({"message": texts, "to": texts}),
    ),
    st.builds(
        payloads.usage,
        usage=st.dictionaries(texts, values, max_size=3),
        cost_usd=texts,
        certainty=st.sampled_from(["exact", "estimated", "unknown"]),
    ),
    st.builds(
        payloads.turn_finished,
        status=st.sampled_from(["completed", "stopped", "interrupted", "failed", "refused"]),
        stop_reason=st.none() | texts,
        message=st.none() | texts,
        error=st.none() | st.fixed_dictionaries({"code": texts, "message": texts}),
    ),
    st.just({"type": "from.the.future", "x": 1}),
)


def encoded(told: list[dict[str, Any]]) -> list[bytes]:
    return [frame.data for frame in payloads.encode_all(told, turn=TURN, after=0)]


@given(st.lists(vocabulary, max_size=25))
def test_snapshot_and_events_are_the_state(told: list[dict[str, Any]]) -> None:
    frames = encoded(told)
    whole = TurnState.of(frames)
    assert whole.seq == len(frames)
    for place in range(len(frames) + 1):
        state = copy.deepcopy(TurnState.of(frames[:place]))
        for frame in frames[place:]:
            state.apply(payloads.read_event(frame))
        assert state == whole


@given(st.lists(vocabulary, min_size=1, max_size=10))
def test_stored_frames_are_the_same_bytes(told: list[dict[str, Any]]) -> None:
    frames = payloads.encode_all(told, turn=TURN, after=0)
    assert unpack(pack(frames)) == frames


HARD = '{"a":18446744073709551616,"b":[0.10,1e400,-0,1E5],"c":{"d":1.0}}'


def test_inputs_keep_every_digit_in_events() -> None:
    asked = {"tool_call": "a", "message": "m", "tool_use_id": "t", "name": "n", "title": "N"}
    rest = {"approval": "ask", "status": "waiting", "expires_at": None}
    events = [
        payloads.tool_requested(**asked, input=read_json(HARD), **rest),  # type: ignore[arg-type]
        payloads.tool_decided(tool_call="a", decision="edit", status="ready", input=read_json(HARD)),
    ]
    frames = payloads.encode_all(events, turn=TURN, after=0)
    for frame in frames:
        assert f'"input":{HARD},'.encode() in frame.data
        told = payloads.read_event(frame.data)["input_json"]
        assert "".join(told.split()) == HARD
    assert unpack(pack(frames)) == frames
    state = TurnState.of(frame.data.decode() for frame in frames)
    assert exact_json(state.tools["a"]["input"]) == HARD


def test_an_event_that_orjson_refuses_is_written_all_the_same() -> None:
    deep: dict[str, Any] = {}
    for _ in range(300):
        deep = {"a": deep}
    event = payloads.tool_decided(tool_call="a", decision="edit", status="ready", input=deep)
    frame = payloads.encode(event, turn=TURN, seq=1)
    assert unpack(pack([frame])) == [frame]
    assert unpack(pack([])) == []


@pytest.mark.parametrize("seq", [0, 1, 3])
def test_gap_in_events_is_refused(seq: int) -> None:
    state = TurnState.of(encoded([payloads.notice("waiting")]))
    with pytest.raises(ValueError, match="after 1"):
        state.apply({"type": "notice", "turn": TURN, "seq": seq, "code": "x"})


def test_blocks_of_a_later_call_begin_anew() -> None:
    """The index starts at 0 again in each call of a turn; a delta belongs to the newest block of its index."""
    told = []
    for message, words in (("m1", "first"), ("m2", "second")):
        told.append(payloads.block_start(message=message, index=0, block={"type": "text"}))
        told.append(payloads.block_delta(index=0, key="text", value=words))
        told.append(payloads.block_stop(index=0, seconds=1.5 if message == "m1" else None))
    state = TurnState.of(encoded(told))
    assert [(block["message"], block["value"], block["open"]) for block in state.blocks] == [
        ("m1", "first", False),
        ("m2", "second", False),
    ]
    assert [block.get("seconds") for block in state.blocks] == [1.5, None]


def test_tool_events_update_the_state() -> None:
    asked = {
        "message": "m",
        "tool_use_id": "t",
        "name": "weather",
        "title": "Weather",
        "input": {"city": "Seoul"},
    }
    told = [
        payloads.turn_started(model="m", assistant_message="m"),
        payloads.tool_requested(tool_call="a", approval="ask", status="waiting", expires_at="2026", **asked),  # type: ignore[arg-type]
        payloads.turn_waiting(),
        payloads.tool_decided(tool_call="a", decision="edit", status="ready", input={"city": "Busan"}),
        payloads.turn_resumed(),
        payloads.tool_started(tool_call="a"),
        payloads.tool_finished(
            tool_call="a",
            status="done",
            is_error=False,
            seconds=0.1234,
            result=[{"type": "text", "text": "18°"}],
        ),
    ]
    seen = [
        (state.status, state.tools.get("a", {}).get("status"))
        for state in (TurnState.of(encoded(told[:place])) for place in range(1, len(told) + 1))
    ]
    assert seen == [
        ("running", None),
        ("running", "waiting"),
        ("waiting", "waiting"),
        ("waiting", "ready"),
        ("running", "ready"),
        ("running", "running"),
        ("running", "done"),
    ]
    tool = TurnState.of(encoded(told)).tools["a"]
    assert (tool["input"], tool["decision"], tool["seconds"]) == ({"city": "Busan"}, "edit", 0.123)
    assert tool["result"] == [{"type": "text", "text": "18°"}]


def test_results_in_events_are_limited() -> None:
    result = [
        {"type": "text", "text": "x" * 3999},
        {"type": "image", "source": {"data": "…"}},
        {"type": "text", "text": "yz"},
        {"type": "text", "text": "never"},
    ]
    shown = payloads.shown_result(result)
    assert shown == [{"type": "text", "text": "x" * 3999}, {"type": "image"}, {"type": "text", "text": "…"}]


def test_refusal_removes_the_answer_and_keeps_the_reason() -> None:
    told = []
    for message in ("m1", "m2"):
        told.append(payloads.block_start(message=message, index=0, block={"type": "text"}))
        told.append(payloads.block_delta(index=0, key="text", value=message))
    told.insert(2, payloads.notice("fallback", about={"message": "m1", "to": "Other"}))
    state = TurnState.of(encoded(told))
    assert [block["value"] for block in state.blocks] == ["m2"]
    assert state.notices == [{"code": "fallback", "message": "m1", "to": "Other"}]
    assert state.notice is None


class Deaf:
    """A channel layer that never answers."""

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        await asyncio.Event().wait()


class Broken:
    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        raise ConnectionError("gone")


@pytest.mark.parametrize("layer", [Deaf(), Broken()], ids=["deaf", "broken"])
async def test_failed_hint_raises_nothing(layer: Any) -> None:
    began = time.monotonic()
    await hints.send(layer, {"turns": {}})
    assert time.monotonic() - began < hints.HINT_SECONDS * 20


def test_frames_name_their_turn_and_type() -> None:
    first, last = payloads.encode_all(
        [
            payloads.turn_resumed(),
            payloads.turn_finished(status="stopped", stop_reason=None, message=None, error=None),
        ],
        turn=TURN,
        after=6,
    )
    assert (first.turn, first.seq, first.type, first.ends_turn) == (TURN, 7, "turn.resumed", False)
    assert (last.seq, last.ends_turn) == (8, True)
    assert orjson.loads(first.data) == {"type": "turn.resumed", "turn": TURN, "seq": 7}


def test_messages_are_frames_without_a_seq() -> None:
    told = payloads.message_frame(payloads.refresh("c", TURN))
    assert (told.turn, told.seq, told.type) == (TURN, 0, "refresh")
    assert orjson.loads(told.data) == {"type": "refresh", "conversation": "c", "turn": TURN}
    assert payloads.message_frame({"type": "conversation.deleted", "conversation": "c"}).turn == ""
