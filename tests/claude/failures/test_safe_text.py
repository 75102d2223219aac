"""Texts of failures: how much of them any expression sees, and what is left of them."""

import json
from typing import Any

import pytest

from chat.claude.failures import context_overflow, error_body, safe_text
from chat.claude.failures.failure import from_error_event, from_response
from chat.claude.failures.safe_text import (
    BODY_LIMIT,
    MESSAGE_LIMIT,
    TEXT_LIMIT,
    cut_text,
    safe_message,
    without_markup,
)

MEGABYTES = 40_000_000


class Counting:
    """Stands for an expression and adds up the characters that it is given."""

    def __init__(self, expression: Any) -> None:
        self._expression = expression
        self.seen = 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._expression, name)

        def counted(*arguments: Any) -> Any:
            self.seen += len(arguments[-1])
            return method(*arguments)

        return counted


@pytest.fixture
def expressions(monkeypatch: pytest.MonkeyPatch) -> list[Counting]:
    found = []
    for module, name in ((safe_text, "_SECRETS"), (safe_text, "_MARKUP")):
        found.append(Counting(getattr(module, name)))
        monkeypatch.setattr(module, name, found[-1])
    for name in ("_LIMITS", "_PROMPTS", "_OUTPUTS"):
        counting = [Counting(expression) for expression in getattr(context_overflow, name)]
        monkeypatch.setattr(context_overflow, name, tuple(counting))
        found += counting
    return found


@pytest.mark.parametrize(
    "unit", ["eyJ-", "x ", "<style", "bearer  ", "sk-", "api_key : ", "[", "1", "maximum "]
)
def test_expressions_see_a_bounded_part(unit: str, expressions: list[Counting]) -> None:
    seen = []
    for size in (100_000, MEGABYTES):
        text = unit * (size // len(unit))
        for expression in expressions:
            expression.seen = 0
        for body in (text, {"error": {"message": text, "type": text, "details": {"error_code": text}}}):
            found = from_response(400, body, {})
            assert len(found.message) <= MESSAGE_LIMIT
            assert len(found.error_type or "") <= error_body.NAME_LIMIT
        from_error_event({"type": "error", "error": {"message": text}})
        seen.append([expression.seen for expression in expressions])
    assert seen[0] == seen[1], "a text that is 400 times as long is no more work"
    assert max(seen[1]) <= 4 * TEXT_LIMIT


def test_bodies_are_cut_before_they_are_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[int] = []
    loads = json.loads
    monkeypatch.setattr(error_body.json, "loads", lambda text: (parsed.append(len(text)), loads(text))[1])
    assert from_response(500, b'{"error": {"message": "' + b"x" * 1_000_000, {}).kind == "unavailable"
    assert parsed == [BODY_LIMIT]


def test_cut_leaves_no_half_of_a_credential() -> None:
    key = "sk-ant-0123456789abcdef"
    text = "x " * (TEXT_LIMIT // 2 - 4) + key
    assert len(text) > TEXT_LIMIT
    assert "sk-" not in cut_text(text)
    assert cut_text("y" * (TEXT_LIMIT + 5)) == "y" * TEXT_LIMIT
    assert cut_text("z" * TEXT_LIMIT + " more") == "z" * TEXT_LIMIT
    assert cut_text("short") == "short"


@pytest.mark.parametrize(
    "text",
    [
        "a eyJhbGciOi.SECRETSECRET.sig b",
        "basic SECRETSECRET==",
        "ASIASECRETSECRET99",
        "api-key='SECRETSECRET'",
    ],
)
def test_credentials_of_known_forms_are_replaced(text: str) -> None:
    assert "SECRETSECRET" not in safe_message(text)


def test_pages_lose_their_markup() -> None:
    page = "<html><style>p{color:red}</style><script>x()</script><title>502</title> <h1>nginx</h1>"
    assert without_markup(page).split() == ["502", "nginx"]
