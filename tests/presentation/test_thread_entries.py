"""The entries of a thread: one answer for all messages of a turn."""

import uuid
from typing import Any

from chat.models import Message
from chat.presentation.endings import Extent
from chat.presentation.thread_entries import entries_of

FIRST, SECOND = uuid.uuid4(), uuid.uuid4()


def question(**fields: Any) -> Message:
    return Message(role="user", **fields)


def answer(turn: uuid.UUID | None, text: str = "Well") -> Message:
    return Message(role="assistant", turn_id=turn, text=text)


def results(turn: uuid.UUID) -> Message:
    return Message(role="user", kind="results", turn_id=turn)


def test_answers_of_one_turn_are_one_entry() -> None:
    closing = question(kind="continue", turn_id=FIRST)
    told = [question(), answer(FIRST), results(FIRST), answer(FIRST, ""), closing, answer(FIRST), question()]
    asked, whole, later = entries_of(told)
    assert asked.messages == [told[0]]
    assert whole.messages == [told[1], told[3], told[5]]
    assert (whole.is_answer, whole.has_results, whole.leaf_id) == (True, True, told[5].id)
    assert (whole.first, whole.last) == (told[1], told[5])
    assert (later.is_answer, later.has_results, later.leaf_id) == (False, False, told[6].id)


def test_answers_of_two_turns_and_of_none_stay_apart() -> None:
    told = [answer(FIRST), answer(SECOND), answer(None), answer(None)]
    assert [entry.messages for entry in entries_of(told)] == [[each] for each in told]


def test_results_at_the_end_are_the_leaf_of_their_answer() -> None:
    told = [answer(FIRST, " "), results(FIRST)]
    (entry,) = entries_of(told)
    assert (entry.messages, entry.leaf_id) == ([told[0]], told[1].id)
    assert entry.extent == Extent(text=False, results=True, ends_with_text=False)
    assert entry.extent.can_be_continued


def test_an_answer_that_goes_on_below_was_continued() -> None:
    told = [answer(FIRST), question(kind="continue"), answer(SECOND)]
    assert [entry.continued for entry in entries_of(told)] == [True, False, False]
    # The divider stands on the next page.
    assert [entry.continued for entry in entries_of(told, "continue")] == [True, False, True]
    assert [entry.continued for entry in entries_of(told, "chat")] == [True, False, False]


def test_a_page_may_begin_with_hidden_messages() -> None:
    assert entries_of([results(FIRST)]) == []
    assert entries_of([]) == []
