"""The sentence for the length of an answer stands at the end of the message that the answer follows."""

import dataclasses

import pytest

from chat.claude.content.context import is_context
from chat.claude.request.requested_length import SENTENCES, with_requested_lengths
from chat.claude.request.transcript import PathMessage, to_messages
from tests.claude.strategies import assistant, text, tool_result, tool_use, user


def asked(answer: PathMessage, length: str) -> PathMessage:
    return dataclasses.replace(answer, requested_length=length)


@pytest.mark.parametrize("as_context", [True, False])
def test_sentences_stand_before_their_answers(as_context: bool) -> None:
    path = [user("hi"), asked(assistant("hello"), "longer"), user("more"), assistant("well"), user("and?")]
    sent = with_requested_lengths(path, "shorter", as_context=as_context)
    for before, after in zip(path, sent, strict=True):
        assert after.content[: len(before.content)] == before.content
    added = [message.content[1:] for message in sent]
    assert [len(blocks) for blocks in added] == [1, 0, 0, 0, 1]
    for [block], length in ((added[0], "longer"), (added[4], "shorter")):
        assert SENTENCES[length] in block["text"]
        assert is_context(block) is as_context
        assert (block["text"] == SENTENCES[length]) is not as_context


def test_a_later_request_repeats_the_earlier_one() -> None:
    first = with_requested_lengths([user("hi")], "shorter")
    path = [user("hi"), asked(assistant("hello"), "shorter"), user("more")]
    assert to_messages(with_requested_lengths(path), "now")[:1] == to_messages(first, "now")
    assert with_requested_lengths([], "shorter") == []


def test_it_goes_where_nothing_came_of_it() -> None:
    """Else it would be about the answer to the next message."""
    failed = asked(assistant(), "shorter")
    path = [user("hi"), failed, user("more")]
    assert with_requested_lengths(path) == path
    # Another model answers behind a refusal, or is about to: its answer follows the sentence.
    for rest in ([], [assistant("hello"), user("more")]):
        sent = with_requested_lengths([user("hi"), failed, *rest])
        assert [len(message.content) for message in sent] == [2, *(len(m.content) for m in [failed, *rest])]


def test_behind_tool_results_it_stands_last() -> None:
    path = [user("hi"), assistant(tool_use("1")), user(tool_result("1"))]
    sent = to_messages(with_requested_lengths(path, "longer"), "now")
    assert [block["type"] for block in sent[-1]["content"]] == ["tool_result", "text"]
    assert sent[0]["content"] == [text("hi")]
