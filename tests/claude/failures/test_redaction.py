"""A connection's own secrets in the words of its upstream."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.claude.failures.failure import CallFailed, FailureKind, failure, from_response
from chat.claude.failures.redaction import PART_LENGTH, TOKENS_KEPT, Redactor

KEY = "Qz7vX-Wk29bTr5Lm0-pPd4"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        (f"Received API Key = {KEY}.", "Received API Key = [secret]."),
        (f"{KEY[:6]}...", "[secret]..."),
        (f"…{KEY[-6:]}", "…[secret]"),
        (f"{KEY[:5]}…{KEY[-5:]}", f"{KEY[:5]}…{KEY[-5:]}"),
        (f"{KEY}{KEY}", "[secret]"),
        (f"{KEY[3:12]} and {KEY[9:20]}", "[secret] and [secret]"),
        ("nothing", "nothing"),
        ("", ""),
    ],
)
def test_parts_of_a_key_are_replaced(text: str, cleaned: str) -> None:
    assert Redactor([KEY]).clean(text) == cleaned


def test_short_secrets_are_replaced_where_they_stand_alone() -> None:
    redactor = Redactor(["no", "none", ""])
    assert redactor.clean("key none, not nonesuch; no") == "key [secret], not nonesuch; [secret]"


def test_sent_tokens_are_secrets_too() -> None:
    redactor = Redactor()
    tokens = [f"token-number-{number}-{'x' * number}" for number in range(TOKENS_KEPT + 1)]
    for token in ["", *tokens, tokens[-1]]:
        redactor.learn(token)
    assert redactor.clean("of Entra: " + tokens[-1]) == "of Entra: [secret]"
    assert redactor.clean("plain words") == "plain words"


@given(st.text(min_size=PART_LENGTH, max_size=60), st.text(max_size=60), st.text(max_size=60), st.data())
def test_no_part_of_a_secret_is_left(secret: str, before: str, after: str, data: Any) -> None:
    begins = data.draw(st.integers(0, len(secret) - PART_LENGTH))
    part = secret[begins : data.draw(st.integers(begins + PART_LENGTH, len(secret)))]
    cleaned = Redactor([secret]).clean(before + part + after)
    for place in cleaned.split("[secret]"):
        runs = {place[at : at + PART_LENGTH] for at in range(len(place) - PART_LENGTH + 1)}
        assert not any(run in secret for run in runs)


def test_every_text_of_a_failure_is_cleaned() -> None:
    said = {"error": {"type": KEY, "message": f"no {KEY}", "details": {"error_code": KEY}}}
    told = from_response(400, said, {"request-id": KEY})
    cleaned = Redactor([KEY]).clean_failure(told)
    assert KEY in str(told)
    assert KEY[:PART_LENGTH] not in str(cleaned)
    assert (cleaned.kind, cleaned.status) == (told.kind, told.status)


def test_causes_of_an_error_are_cleaned() -> None:
    first = CallFailed(failure(FailureKind.UNKNOWN, f"first {KEY}"))
    second = CallFailed(failure(FailureKind.UNKNOWN, f"second {KEY}"))
    second.__cause__, first.__context__ = first, second
    Redactor([KEY]).clean_error(second)
    assert (str(first), str(second)) == ("first [secret]", "second [secret]")
    assert first.failure.message == "first [secret]"
    Redactor([KEY]).clean_error(ValueError("of something else"))
