"""Streams that Hypothesis makes: cut anywhere they can be sent again, and no garbage raises what is not expected."""

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from chat.claude.cache.breakpoints import CachePlan
from chat.claude.request.build import build_request, continue_text
from chat.claude.request.transcript import PathMessage
from chat.claude.stream.block_builder import ProtocolError
from chat.claude.stream.fold import Fold, StreamError
from tests.claude.rules import assert_acceptable
from tests.claude.strategies import Event, folded, streams, user, values
from tests.support.examples import many


def text_of(delta: Event) -> str:
    return str(delta[{"text_delta": "text", "thinking_delta": "thinking"}.get(delta["type"], "partial_json")])


def folded_in_runs(events: list[Event], at_once: int) -> Fold:
    """Fold the events as an attempt does: deltas that follow each other as one text."""
    fold, at = Fold(), 0
    while at < len(events):
        last = min(len(events), at + at_once)
        after, text = fold.apply_texts(events, at, last)
        assert text == "".join(text_of(event["delta"]) for event in events[at:after])
        if after == at:
            with suppress(ProtocolError, StreamError):
                fold.apply(events[at])
            after += 1
        at = after
    return fold


def state(fold: Fold) -> tuple[object, ...]:
    return fold.message, fold.partial_content(), fold.invalid_inputs, fold.open_blocks, fold.ended


@settings(max_examples=many(200))
@given(events=streams(), at_once=st.integers(1, 9))
def test_joined_deltas_fold_as_single_ones_do(events: list[Event], at_once: int) -> None:
    assert state(folded_in_runs(events, at_once)) == state(folded(events))


@settings(max_examples=many(200))
@given(events=streams(), same_frame=st.booleans(), data=st.data())
def test_every_prefix_of_a_stream_is_replayable(
    events: list[Event], same_frame: bool, data: st.DataObject
) -> None:
    for cut in range(1, len(events)):
        fold = folded(events[:cut])
        content = fold.partial_content()
        partial = "".join(part["text"] for part in content if part["type"] == "text")
        path = [
            user("hello"),
            PathMessage("assistant", content, frame="now" if same_frame else "then", complete=False),
            user(continue_text(partial)),
        ]
        policy = data.draw(st.sampled_from(["none", "auto", "1h"])) if cut == 1 else "5m"
        request = build_request(
            {"model": "m"}, path, max_tokens=9, frame_digest="now", cache=CachePlan(policy, 0)
        )
        assert_acceptable(request)


@settings(max_examples=many(300))
@given(
    events=st.lists(
        st.dictionaries(
            st.sampled_from(["type", "index", "delta", "message", "content_block", "usage"]), values
        )
        | st.builds(
            dict,
            type=st.sampled_from(
                [
                    "message_start",
                    "content_block_start",
                    "content_block_delta",
                    "content_block_stop",
                    "message_delta",
                ]
            ),
            index=st.integers(0, 1),
            delta=st.builds(dict, type=st.sampled_from(["text_delta", "x"]), text=values),
            message=st.just({"content": []}) | values,
            content_block=st.builds(
                dict, type=st.sampled_from(["text", "tool_use", "x"]), text=values, id=values
            ),
            usage=values,
        )
    )
)
def test_garbage_never_crashes(events: list[Event]) -> None:
    fold = Fold()
    for event in events:
        with suppress(ProtocolError, StreamError):
            fold.apply(event)
        assert isinstance(fold.message, dict)
        assert isinstance(fold.usage, dict)
        assert isinstance(fold.partial_content(), list)
    assert state(folded_in_runs(events, 4)) == state(fold)
