"""Every end of a turn that is not a complete answer has its own text."""

import pytest
from django.utils import translation

from chat.claude.content.blocks import DENIED, DENIED_WITH_REASON, NOT_RUN
from chat.presentation.endings import NOTHING, Ending, Extent, ending
from chat.presentation.wording import (
    UNKNOWN_FAILURE,
    failure_for_all,
    failure_text,
    notice_text,
    tool_result_text,
)

REASONS = (
    "stop_sequence",
    "max_tokens",
    "tool_use",
    "pause_turn",
    "model_context_window_exceeded",
    "compaction",
    "a reason of tomorrow",
)


@pytest.mark.parametrize("reason", ["", "end_turn"])
def test_complete_answer_has_no_text(reason: str) -> None:
    assert ending("completed", reason) is None
    assert ending("running") is None


@pytest.mark.parametrize("reason", ["", "end_turn"])
@pytest.mark.parametrize(
    ("extent", "words"),
    [
        (NOTHING, "The model sent an empty answer."),
        (Extent(text=True, ends_with_text=False), "The model added nothing after its last step."),
        (Extent(text=False, results=True, ends_with_text=False), "The model added nothing after its last"),
    ],
)
def test_an_answer_without_words_says_so(reason: str, extent: Extent, words: str) -> None:
    told = ending("completed", reason, extent=extent)
    assert told
    assert (told.tone, told.advice) == ("warning", "Retry, or rephrase your message.")
    assert told.text.startswith(words)


def test_a_length_limit_before_the_first_word_offers_no_rest() -> None:
    cut, silent = ending("completed", "max_tokens"), ending("completed", "max_tokens", extent=NOTHING)
    assert cut
    assert silent
    assert "Continue" in cut.advice
    assert "before its first word" in silent.text
    assert "Continue" not in silent.advice
    tools = ending("completed", "max_tokens", extent=Extent(text=False, results=True, ends_with_text=False))
    assert tools == cut


def test_every_stop_reason_has_its_text() -> None:
    found = [ending("completed", reason) for reason in REASONS] + [
        ending("refused", "refusal"),
        ending("stopped"),
    ]
    assert all(found)
    assert len({(told.text, told.advice) for told in found if told}) == len(found)
    last = ending("completed", REASONS[-1])
    assert last
    assert REASONS[-1] in last.text


def test_refusal_names_the_contact() -> None:
    told = ending("refused", "refusal", fallback="Claude B")
    assert told
    assert "Claude B" in told.advice
    assert told != ending("refused", "refusal")


def test_failures_have_a_text_and_sometimes_details() -> None:
    assert ending("failed", "", "connection_unusable", "No key.") == Ending("error", "No key.")
    broken = ending("failed", "", "overloaded", "529 for a minute")
    assert broken
    assert broken.technical == "529 for a minute"
    assert failure_text("never heard of") == str(UNKNOWN_FAILURE)
    interrupted = ending("interrupted")
    assert interrupted
    assert interrupted.text == failure_text("truncated")
    assert interrupted.advice
    nothing = ending("interrupted", extent=NOTHING)
    assert nothing
    assert nothing.advice == ""


def test_events_use_the_default_language() -> None:
    with translation.override("ko"):
        assert failure_for_all("restarted").startswith("Parley was restarted")
        assert failure_text("restarted") != failure_for_all("restarted")


def test_stored_notices_name_both_models() -> None:
    for code in ("failover", "fallback"):
        told = notice_text({"code": code, "from": "Main", "to": "Spare", "reason": "overloaded"})
        assert "Main" in told
        assert "Spare" in told
    assert notice_text({"code": "from.the.future"}) == ""


def test_continued_answer_is_told_in_both_languages() -> None:
    notice = {"code": "continued", "reason": "connection", "after": "m"}
    assert notice_text(notice) == "The answer was interrupted and then continued."
    with translation.override("ko"):
        assert notice_text(notice) == "답변이 끊어져 이어서 받았습니다."


@pytest.mark.parametrize(
    ("result", "english", "korean"),
    [
        (NOT_RUN, "Not run: you stopped the answer.", "실행되지 않음: 답변을 중지했습니다."),
        (DENIED, "You denied this call.", "이 호출을 거부했습니다."),
        (f"{DENIED_WITH_REASON}too dear", "Your reason: too dear", "이유: too dear"),
        ("42", "42", "42"),
    ],
)
def test_results_for_the_model_are_reworded_for_people(result: str, english: str, korean: str) -> None:
    for language, words in (("en", english), ("ko", korean)):
        with translation.override(language):
            assert tool_result_text(result).endswith(words)
