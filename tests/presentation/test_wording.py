"""Every end of a turn that is not a complete answer has its own text."""

import pytest
from django.utils import translation

from chat.claude.blocks import DENIED, DENIED_WITH_REASON, NOT_RUN
from chat.presentation.wording import (
    UNKNOWN_FAILURE,
    Ending,
    ending,
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
    nothing = ending("interrupted", kept=False)
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


@pytest.mark.parametrize(
    ("result", "english", "korean"),
    [
        (NOT_RUN, "Not run: you stopped the answer.", "실행되지 않음: 답변을 중지했습니다."),
        (DENIED, "You denied this call.", "이 호출을 거부했습니다."),
        (f"{DENIED_WITH_REASON}too dear", "Your reason: too dear", "이유: too dear"),
        ("42", "42", "42"),
    ],
)
def test_results_written_for_the_model_are_reworded_for_the_person(
    result: str, english: str, korean: str
) -> None:
    for language, words in (("en", english), ("ko", korean)):
        with translation.override(language):
            assert tool_result_text(result).endswith(words)
