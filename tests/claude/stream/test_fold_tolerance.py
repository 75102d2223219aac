"""What proxies and gateways do to streams without harm: repetitions, missing ends, characters cut in two."""

import pytest

from chat.claude.stream.block_builder import ProtocolError
from tests.claude.strategies import Event, folded, text
from tests.claude.stream.test_fold import CALL, RUNNING, START, STOP, block, json_piece, words

ENDED = [*RUNNING, {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"n": 1}}, STOP]


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(STOP, id="second message_stop"),
        pytest.param({"type": "content_block_delta", "index": 0, "delta": words("x")}, id="delta"),
        pytest.param({"type": "content_block_delta", "index": 9, "delta": words("x")}, id="unknown block"),
        pytest.param({"type": "content_block_stop", "index": 0}, id="block stop"),
        pytest.param(block(text("new"), index=1)[0], id="block start"),
        pytest.param(
            {"type": "message_delta", "delta": {"stop_reason": "refusal"}, "usage": {"n": 2}}, id="end"
        ),
        pytest.param({"type": "error", "error": {"type": "overloaded_error"}}, id="error"),
        pytest.param({"type": "done"}, id="unknown event"),
        pytest.param({}, id="no type"),
    ],
)
def test_nothing_counts_after_message_stop(event: Event) -> None:
    fold = folded(ENDED)
    before = fold.message
    fold.apply(event)
    assert fold.message == before
    assert (fold.stop_reason, fold.unknown_events, fold.usage) == ("end_turn", 0, {"n": 1})


def test_repeated_events_change_nothing() -> None:
    start = {"type": "message_start", "message": {"id": "msg_1", "content": [], "usage": {"n": 1}}}
    fold = folded([start, start])
    for event in [*block(CALL, json_piece('{"a":1}')), {"type": "content_block_stop", "index": 0}]:
        fold.apply(event)
    assert fold.message["content"] == [{**CALL, "input": {"a": 1}}]
    assert fold.usage == {"n": 1}


def test_a_message_of_another_id_is_no_repetition() -> None:
    fold = folded([{"type": "message_start", "message": {"id": "msg_1", "content": []}}])
    with pytest.raises(ProtocolError, match="second message_start"):
        fold.apply({"type": "message_start", "message": {"id": "msg_2", "content": []}})


def test_message_is_complete_without_message_stop() -> None:
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}
    fold = folded([START])
    assert not fold.complete
    for event in [*block(text(""), words("a")), block(text(""), index=1)[0], end]:
        fold.apply(event)
    fold.end()
    assert (fold.complete, fold.ended) == (False, False), "a block is open"
    fold.apply({"type": "content_block_stop", "index": 1})
    assert (fold.complete, fold.ended) == (True, False)
    fold.end()
    assert fold.ended


def test_message_without_stop_reason_is_not_complete() -> None:
    fold = folded([START, *block(text(""), words("a")), {"type": "message_delta", "delta": {}}])
    assert not fold.complete
    fold.apply(STOP)
    assert fold.complete


def test_half_of_a_character_waits_for_its_other_half() -> None:
    fold = folded([START, *block(text(""), words("a\ud83d"), stop=False)])
    assert fold.message["content"] == fold.partial_content() == [text("a")]
    fold.apply({"type": "content_block_delta", "index": 0, "delta": words("\ude00")})
    assert fold.message["content"] == [text("a😀")]


@pytest.mark.parametrize(
    ("end", "kept"), [({"type": "content_block_stop", "index": 0}, "a\ufffd"), (STOP, "a")]
)
def test_half_that_stays_alone(end: Event, kept: str) -> None:
    assert folded([START, *block(text("a\ud83d"), stop=False), end]).message["content"] == [text(kept)]


def test_halves_join_in_invalid_tool_input() -> None:
    fold = folded([START, *block(CALL, json_piece('{"\ud83d'), json_piece("\ude00"))])
    assert fold.invalid_inputs == {0: '{"😀'}
