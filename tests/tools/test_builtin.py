"""Parley's own tools, called as a model calls them."""

import dataclasses
import datetime as dt
import json
from typing import Any

import pytest

from chat.models import MemoryEntry, User, Workspace
from chat.tools.registry import registered
from chat.tools.result import ToolContext, ToolFailed
from tests import factories

TIME, SUM, SEARCH = "date_and_time", "calculate", "search_conversations"


def call(name: str, given: dict[str, Any], context: ToolContext) -> Any:
    return registered()[name].call(given, context)


def test_current_time_is_in_the_persons_time_zone(context: ToolContext) -> None:
    told = call(TIME, {}, context)
    assert told["time_zone"] == "Asia/Seoul"
    shown = dt.datetime.fromisoformat(told["time"])
    assert shown.utcoffset() == dt.timedelta(hours=9)
    assert abs(shown - dt.datetime.now(dt.UTC)) < dt.timedelta(seconds=30)


@pytest.mark.parametrize(
    ("given", "time", "weekday", "summer"),
    [
        ({"moment": "2026-03-01T09:30"}, "2026-03-01T09:30:00+09:00", "Sunday", False),
        ({"moment": "2026-03-01T09:30Z"}, "2026-03-01T18:30:00+09:00", "Sunday", False),
        (
            {"moment": "2026-07-01T12:00", "time_zone": "Europe/Paris"},
            "2026-07-01T05:00:00+02:00",
            "Wednesday",
            True,
        ),
        (
            {"moment": "2026-12-31T20:00", "moment_zone": "America/New_York"},
            "2027-01-01T10:00:00+09:00",
            "Friday",
            False,
        ),
        # 02:30 does not exist when summer time begins; it becomes 03:30.
        (
            {"moment": "2026-03-29T02:30", "moment_zone": "Europe/Berlin", "time_zone": "Europe/Berlin"},
            "2026-03-29T03:30:00+02:00",
            "Sunday",
            True,
        ),
    ],
)
def test_times_are_converted(given: Any, time: str, weekday: str, summer: bool, context: ToolContext) -> None:
    told = call(TIME, given, context)
    assert (told["time"], told["weekday"], told["summer_time"]) == (time, weekday, summer)


@pytest.mark.parametrize(
    "given",
    [
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "../etc/passwd"},
        {"moment": "tomorrow"},
        {"moment_zone": "x"},
    ],
)
def test_invalid_times_fail(given: Any, context: ToolContext) -> None:
    with pytest.raises(ToolFailed):
        call(TIME, {"moment": "2026-01-01", **given}, context)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("0.1 + 0.2", "0.3"),
        ("1/3", "1/3 ≈ 0.333333333333333333333333333333"),
        ("1/3 + 1/3 + 1/3", "1"),
        ("2 ** 100", "1267650600228229401496703205376"),
        ("2 ** -2", "0.25"),
        ("0.07 * 100", "7"),
        ("-7 // 2", "-4"),
        ("7 % -3", "-2"),
        ("1_000 * 1e3", "1000000"),
        (
            "123456789012345678901234567890.000000000000000000000000000001 * 1",
            "123456789012345678901234567890.000000000000000000000000000001",
        ),
        ("sqrt(9/4)", "1.5"),
        ("sqrt(2)", "1.414213562373095048801688724209"),
        ("round(2.675, 2)", "2.68"),
        ("round(-2.5)", "-3"),
        ("round(1.005, 2)", "1.01"),
        ("max(1, 2/3, 3)", "3"),
        ("min(4)", "4"),
        ("comb(52, 5)", "2598960"),
        ("factorial(20)", "2432902008176640000"),
        ("abs(-5) + ceil(1.2) + floor(1.8)", "8"),
        ("(-1) ** 1000001", "-1"),
        ("1 ** (10 ** 300)", "1"),
        ("0 ** 0", "1"),
        ("0 ** 5", "0"),
        ("+5", "5"),
    ],
)
def test_expressions_are_calculated(expression: str, value: str, context: ToolContext) -> None:
    assert call(SUM, {"expression": expression}, context) == value


@pytest.mark.parametrize(
    "expression",
    [
        "", "1 +", "1 / 0", "5 % 0", "0 ** -1", "2 ** 0.5", "9 ** 9 ** 9", "10 ** 400000", "1e99999999", "1e-99999999",
        "factorial(1401)", "factorial(-1)", "factorial(1.5)", "sqrt(-1)", "sqrt()", "sqrt(1, 2)", "max()",
        "round(1, 101)",
        "comb(1, 9999999999)", "__import__('os')", "(1).real", "[1]", "1 if 1 else 2",
        "x", "True", "1j", "'a' * 9", "0x10",
        "lambda: 1", "abs(x=1)", "1 < 2", "~1", "1 @ 2", "(" * 499 + "1" + ")" * 499,
        "1" * 1001, "1;2",
        "2**12999*2**12999", "\x00", "１", "1e", "print(1)",
    ],
)  # fmt: skip
def test_invalid_expressions_fail(expression: str, context: ToolContext) -> None:
    with pytest.raises(ToolFailed):
        call(SUM, {"expression": expression}, context)


def test_search_finds_only_own_conversations(insider: User) -> None:
    here = factories.conversation(insider, "A garden is here too")
    there = factories.conversation(
        insider, "x" * 400 + " My Garden plan " + "y" * 400, "Water the garden", title="Plans"
    )
    factories.conversation(factories.person("colleague"), "The colleague's secret garden")
    context = ToolContext(user_id=insider.id, conversation_id=here.id)
    found = call(SEARCH, {"query": "garden"}, context)
    answer, question = there.messages.order_by("-depth")
    assert [row["link"] for row in found] == [
        f"/c/{there.id}?message={each.id}" for each in (answer, question)
    ]
    assert {row["conversation"] for row in found} == {"Plans"}
    assert [row["by"] for row in found] == ["assistant", "person"]
    assert "secret" not in json.dumps(found)
    excerpt = next(row["text"] for row in found if "plan" in row["text"])
    assert excerpt.startswith("…x")
    assert excerpt.endswith("y…")
    assert len(excerpt) < 400
    assert call(SEARCH, {"query": "plans"}, context)[0] == {
        "conversation": "Plans",
        "link": f"/c/{there.id}",
        "date": there.last_message_at.date().isoformat(),
    }
    assert [row["text"] for row in call(SEARCH, {"query": "garden water"}, context)] == ["Water the garden"]
    assert len(call(SEARCH, {"query": "garden", "limit": -5}, context)) == 1
    assert call(SEARCH, {"query": "100% sure_thing"}, context) == []


def test_search_requires_words_and_an_active_person(insider: User) -> None:
    factories.conversation(insider, "garden")
    context = ToolContext(user_id=insider.id)
    assert call(SEARCH, {"query": "garden"}, context)
    with pytest.raises(ToolFailed):
        call(SEARCH, {"query": "  "}, context)
    User.objects.filter(pk=insider.pk).update(is_active=False)
    assert call(SEARCH, {"query": "garden"}, context) == []


def remembered(context: ToolContext, note: str = "Likes tea") -> Any:
    return call("remember", {"note": note}, context)


@pytest.mark.django_db
def test_a_note_is_kept_with_the_conversation_that_it_came_from(context: ToolContext) -> None:
    user = factories.person("insider", uses_memory=True)
    talk = factories.conversation(user, "I like tea")
    context = dataclasses.replace(context, user_id=user.pk, conversation_id=talk.pk)
    assert remembered(context) == "Kept. Conversations that begin from now on are told."
    remembered(context)
    entry = MemoryEntry.objects.get()
    assert (entry.user, entry.text, entry.conversation) == (user, "Likes tea", talk)


@pytest.mark.django_db
def test_nothing_is_kept_of_a_temporary_conversation(context: ToolContext) -> None:
    user = factories.person("insider", uses_memory=True)
    later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    talk = factories.conversation(user, "I like tea", expires_at=later)
    context = dataclasses.replace(context, user_id=user.pk, conversation_id=talk.pk)
    with pytest.raises(ToolFailed, match="temporary"):
        remembered(context)
    assert not MemoryEntry.objects.exists()


@pytest.mark.django_db
def test_nothing_is_kept_where_memory_is_off(context: ToolContext) -> None:
    user = factories.person("insider")
    context = dataclasses.replace(context, user_id=user.pk)
    with pytest.raises(ToolFailed, match="has not switched memory on"):
        remembered(context)
    User.objects.update(uses_memory=True)
    Workspace.objects.create(offers_memory=False)
    with pytest.raises(ToolFailed, match="has not switched memory on"):
        remembered(context)
    Workspace.objects.update(offers_memory=True)
    User.objects.update(is_active=False)
    with pytest.raises(ToolFailed, match="has not switched memory on"):
        remembered(context)
    assert not MemoryEntry.objects.exists()


@pytest.mark.django_db
def test_a_note_that_does_not_fit_is_refused_with_the_reason(context: ToolContext) -> None:
    user = factories.person("insider", uses_memory=True)
    context = dataclasses.replace(context, user_id=user.pk)
    with pytest.raises(ToolFailed, match="at most 500 characters"):
        remembered(context, "x" * 501)
