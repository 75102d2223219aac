from typing import Any

import pytest

from chat.claude.content.blocks import KEPT_DELTAS
from chat.claude.failures.failure import FailureKind
from chat.claude.stream.block_builder import ProtocolError
from chat.claude.stream.fold import Fold, StreamError
from tests.claude.strategies import (
    Event,
    folded,
    server_call,
    server_result,
    text,
    thinking,
    tool_use,
)

START: Event = {"type": "message_start", "message": {"type": "message", "role": "assistant", "content": []}}
STOP: Event = {"type": "message_stop"}


def block(start: Event, *deltas: Event, index: int = 0, stop: bool = True) -> list[Event]:
    events = [{"type": "content_block_start", "index": index, "content_block": start}]
    events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
    return [*events, {"type": "content_block_stop", "index": index}] if stop else events


def words(piece: Any) -> Event:
    return {"type": "text_delta", "text": piece}


def json_piece(piece: str) -> Event:
    return {"type": "input_json_delta", "partial_json": piece}


CALL = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}}


def test_states_of_a_stream() -> None:
    fold = Fold()
    assert (fold.started, fold.ended, fold.has_output, fold.message, fold.usage) == (
        False,
        False,
        False,
        {},
        {},
    )
    fold.apply({"type": "ping"})
    fold.apply(START)
    assert (fold.started, fold.has_output, fold.stop_reason) == (True, False, None)
    for event in block(text(""), words("Hel"), words("lo"), stop=False):
        fold.apply(event)
    assert fold.has_output
    assert fold.open_blocks == [0]
    assert fold.message["content"] == [text("Hello")]
    fold.apply({"type": "content_block_stop", "index": 0})
    fold.apply({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}})
    assert not fold.ended
    fold.apply(STOP)
    assert (fold.ended, fold.open_blocks, fold.stop_reason) == (True, [], "end_turn")
    assert fold.usage == {"output_tokens": 5}
    assert fold.partial_content() == [text("Hello")]


def test_snapshots_are_not_changed_by_later_deltas() -> None:
    fold = folded([START, *block(text(""), words("a"), stop=False)])
    before = fold.message
    fold.apply({"type": "content_block_delta", "index": 0, "delta": words("b")})
    fold.apply(
        {"type": "content_block_delta", "index": 0, "delta": {"type": "citations_delta", "citation": {}}}
    )
    assert before["content"] == [text("a")]
    assert fold.message["content"] == [text("ab", citations=[{}])]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ('{"z":1,"a":{"y":2,"b":3}}', {"z": 1, "a": {"y": 2, "b": 3}}),
        ('{"n":123456789012345678901234567890}', {"n": 123456789012345678901234567890}),
        ('{"f":0.5,"e":1e3}', {"f": 0.5, "e": 1000.0}),
        ('{"half":"\\ud83d","nul":"\\u0000"}', {"half": "\ufffd", "nul": "\x00"}),
        ("", {}),
    ],
)
def test_tool_input(raw: str, expected: Any) -> None:
    fold = folded([START, *block(CALL, json_piece(""), *map(json_piece, raw))])
    (result,) = fold.partial_content()
    assert result["input"] == expected
    assert list(result["input"]) == list(expected)
    assert not fold.invalid_inputs


@pytest.mark.parametrize(
    "raw",
    ['{"a":"cut', "[1]", "5", " ", "{'a':1}", '{"a":NaN}', '{"a":Infinity}']
    + ['{"a":' + "[" * depth + "]" * depth + "}" for depth in (300, 100_000)],
)
def test_invalid_tool_input_is_remembered(raw: str) -> None:
    fold = folded([START, *block(CALL, json_piece(raw)), STOP])
    assert fold.invalid_inputs == {0: raw}
    assert fold.message["content"] == [CALL]
    assert fold.partial_content() == []


@pytest.mark.parametrize("given_input", [{"q": 1}, None])
def test_input_that_came_with_the_start(given_input: Any) -> None:
    fold = folded([START, *block({**CALL, "input": given_input})])
    assert fold.message["content"] == [{**CALL, "input": given_input or {}}]


def test_the_result_of_a_dropped_server_call_goes_with_it() -> None:
    events = [START, *block(server_call(), json_piece("{")), *block(server_result(), index=1), STOP]
    assert folded(events).partial_content() == []


def test_unknown_events_are_counted() -> None:
    fold = folded([{"type": "novelty"}, START, {"type": "novelty", "index": 9}])
    assert fold.unknown_events == 2
    assert fold.message["content"] == []


def test_unknown_blocks_may_have_any_id() -> None:
    odd = {"type": "x", "id": [1]}
    assert folded([START, *block(odd)]).partial_content() == [odd]


def test_unknown_deltas_of_known_blocks_are_kept_aside() -> None:
    deltas = [{"type": "emphasis_delta", "span": [0, 1]}, {"type": "signature_delta", "signature": "s"}]
    fold = folded(
        [START, *block(text(""), words("hi"), *deltas), *block(server_result(), json_piece("{"), index=1)]
    )
    assert fold.message["content"] == [
        text("hi", **{KEPT_DELTAS: deltas}),
        {**server_result(), KEPT_DELTAS: [json_piece("{")]},
    ]


def test_a_compaction_is_kept_exactly() -> None:
    deltas: list[Event] = [
        {"type": "compaction_delta", "content": "Short."},
        {"type": "compaction_delta", "content": None, "encrypted_content": "sealed"},
    ]
    fold = folded([START, *block({"type": "compaction", "content": None}, *deltas)])
    assert fold.message["content"] == [
        {"type": "compaction", "content": "Short.", "encrypted_content": "sealed"}
    ]


def test_unknown_deltas_of_unknown_blocks_are_merged() -> None:
    start = {"type": "summary", "content": None, "text": "a", "parts": [1], "meta": {"a": 1}}
    deltas: list[Event] = [
        {"type": "summary_delta", "content": "x", "parts": [2]},
        {"type": "summary_delta", "content": "y", "meta": {"b": 2}},
        {"type": "citations_delta", "citation": {"n": 1}},
        words("b"),
    ]
    fold = folded([START, *block(start, *deltas)])
    assert fold.message["content"] == [
        {
            "type": "summary",
            "content": "xy",
            "text": "ab",
            "parts": [1, 2],
            "meta": {"b": 2},
            "citations": [{"n": 1}],
        }
    ]


def test_message_delta_merges_field_by_field() -> None:
    start = {"type": "message", "content": [], "usage": {"input_tokens": 7, "cache_read_input_tokens": 3}}
    deltas: list[Event] = [
        {
            "type": "message_delta",
            "delta": {"container": {"id": "c"}, "novel": 1},
            "usage": {"output_tokens": 1},
        },
        {
            "type": "message_delta",
            "delta": {"container": None},
            "context": {"x": 1},
            "usage": {"input_tokens": None},
        },
        {"type": "message_delta", "delta": {"stop_reason": "refusal", "stop_details": {"category": "bio"}}},
        {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 9}},
    ]
    fold = folded([{"type": "message_start", "message": start}, *deltas])
    assert fold.message == {
        "type": "message",
        "content": [],
        "usage": {"input_tokens": 7, "cache_read_input_tokens": 3, "output_tokens": 9},
        "stop_reason": "refusal",
        "stop_sequence": None,
        "stop_details": {"category": "bio"},
        "container": {"id": "c"},
        "novel": 1,
        "context": {"x": 1},
    }


def test_a_start_that_already_has_content() -> None:
    start = {"type": "message_start", "message": {"content": [text("given")], "usage": None}}
    fold = folded([start, *block(text("", citations=None), words("more"), index=1)])
    assert [part["text"] for part in fold.message["content"]] == ["given", "more"]


def test_message_stop_closes_what_is_open() -> None:
    events = [
        START,
        *block(text(""), words("a"), stop=False),
        *block(CALL, json_piece("{}"), index=1, stop=False),
    ]
    fold = folded([*events, STOP])
    assert fold.partial_content() == [text("a"), CALL]


def test_error_event() -> None:
    fold = Fold("req_1")
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    with pytest.raises(StreamError, match="Overloaded") as caught:
        fold.apply(error)
    failure = caught.value.failure
    assert (failure.kind, failure.retryable, failure.request_id) == (FailureKind.OVERLOADED, True, "req_1")


RUNNING = [START, *block(text(""), words("kept"), stop=False)]
DEEP: Any = []
for _ in range(300):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("before", "event"),
    [
        pytest.param([], block(text(""))[0], id="block before message_start"),
        pytest.param([], {"type": "message_delta", "delta": {}}, id="delta before message_start"),
        pytest.param([], STOP, id="stop before message_start"),
        pytest.param(RUNNING, START, id="second message_start"),
        pytest.param(RUNNING, block(text(""), index=2)[0], id="block skipped"),
        pytest.param(RUNNING, block(text(""))[0], id="block twice"),
        pytest.param(
            RUNNING, {"type": "content_block_delta", "index": 1, "delta": words("x")}, id="wrong index"
        ),
        pytest.param(
            RUNNING, {"type": "content_block_delta", "index": [], "delta": words("x")}, id="odd index"
        ),
        pytest.param(
            RUNNING, {"type": "content_block_delta", "index": 0, "delta": words(None)}, id="no text"
        ),
        pytest.param(
            RUNNING, {"type": "content_block_delta", "index": 0, "delta": {}}, id="delta without type"
        ),
        pytest.param(
            RUNNING, {"type": "content_block_delta", "index": 0, "delta": "x"}, id="delta no object"
        ),
        pytest.param(RUNNING, {"type": "content_block_delta", "index": 0}, id="no delta"),
        pytest.param(
            RUNNING,
            {"type": "content_block_delta", "index": 0, "delta": {"type": "n", "v": DEEP}},
            id="deep delta",
        ),
        pytest.param(RUNNING, {"type": "content_block_stop", "index": 7}, id="stop of nothing"),
        pytest.param(RUNNING, block({**CALL, "id": 5}, index=1)[0], id="call without id"),
        pytest.param(RUNNING, block({"type": "tool_use", "id": "x"}, index=1)[0], id="call without name"),
        pytest.param(RUNNING, block({"type": 5}, index=1)[0], id="block without type"),
        pytest.param(RUNNING, {"type": "content_block_start", "index": 1}, id="start of nothing"),
        pytest.param(RUNNING, {"type": "message_delta", "delta": {"stop_reason": 5}}, id="odd stop reason"),
        pytest.param(RUNNING, {"type": "message_delta", "delta": {}, "usage": "x"}, id="odd usage"),
        pytest.param(RUNNING, {"type": "message_delta", "delta": {"usage": 1, "x": DEEP}}, id="deep message"),
        pytest.param(RUNNING, {}, id="no type"),
        pytest.param(RUNNING, [], id="no object"),
        pytest.param([], {"type": "message_start", "message": {"usage": "x"}}, id="start with odd usage"),
        pytest.param([], {"type": "message_start", "message": None}, id="start with nothing"),
    ],
)
def test_impossible_events_leave_the_state(before: list[Event], event: Any) -> None:
    fold = folded(before)
    message, content = fold.message, fold.partial_content()
    with pytest.raises(ProtocolError):
        fold.apply(event)
    assert fold.message == message
    assert fold.partial_content() == content == ([text("kept")] if before else [])


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param(block(text(""), words(" \n"), stop=False), [], id="blank text"),
        pytest.param(
            block(thinking(""), {"type": "thinking_delta", "thinking": "x"}), [], id="unsigned thinking"
        ),
        pytest.param(
            block(thinking(""), {"type": "signature_delta", "signature": "s"}, stop=False),
            [thinking("s")],
            id="signed",
        ),
        pytest.param(block(CALL, json_piece("{}"), stop=False), [], id="open call"),
        pytest.param(block(tool_use()), [tool_use()], id="whole call"),
        pytest.param(block(server_call()), [], id="server call without result"),
        pytest.param(
            [*block(server_call()), *block(server_result(), index=1, stop=False)],
            [server_call(), server_result()],
            id="server call with its result",
        ),
        pytest.param(block({"type": "novelty"}, stop=False), [], id="open unknown block"),
        pytest.param(block({"type": "novelty"}), [{"type": "novelty"}], id="whole unknown block"),
        pytest.param(
            block({"type": "redacted_thinking", "data": "d"}, stop=False), None, id="redacted thinking"
        ),
    ],
)
def test_partial_content(events: list[Event], expected: list[Event] | None) -> None:
    fold = folded([START, *events])
    assert fold.partial_content() == (fold.message["content"] if expected is None else expected)


def test_a_paused_turn_keeps_its_server_call() -> None:
    assert folded([START, *block(server_call()), STOP]).partial_content() == [server_call()]


def test_code_execution_is_kept_exactly() -> None:
    call = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "bash_code_execution", "input": {}}
    output = {"type": "bash_code_execution_output", "file_id": "file_1"}
    ran = {"type": "bash_code_execution_result", "stdout": "42\n", "stderr": "", "return_code": 0}
    result = {
        "type": "bash_code_execution_tool_result",
        "tool_use_id": "srvtoolu_1",
        "content": {**ran, "content": [output]},
    }
    events = [
        *block(call, json_piece(""), json_piece('{"command": "echo '), json_piece('42"}')),
        *block(result, index=1),
        *block({"type": "text", "text": ""}, words("It is "), words("42."), index=2),
    ]
    message = {"type": "message", "role": "assistant", "content": [], "container": None}
    room = {"id": "container_1", "expires_at": "2026-01-01T00:00:00Z"}
    ended = {"stop_reason": "end_turn", "stop_sequence": None, "container": room}
    fold = Fold()
    for event in [{"type": "message_start", "message": message}, *events]:
        fold.apply(event)
    fold.apply({"type": "message_delta", "delta": ended, "usage": {"output_tokens": 30}})
    fold.apply(STOP)
    assert fold.message["content"] == [
        {**call, "input": {"command": "echo 42"}},
        result,
        {"type": "text", "text": "It is 42."},
    ]
    assert (fold.message["container"], fold.stop_reason, fold.ended) == (room, "end_turn", True)
