"""Turns in the admin: cost, tokens, duration, and outcomes in words."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from chat.admin.diagnostics.outcomes import STOP_REASONS, outcome, stop_reason_with_code
from chat.models import ApiCall, ToolCall, Turn
from tests import factories
from tests.admin.world import World

STATUSES = ["queued", "running", "waiting", "completed", "stopped", "interrupted", "failed", "refused"]


@pytest.mark.parametrize("view", ["changelist", "change"])
def test_a_turn_shows_what_it_took(world: World, root: Client, view: str) -> None:
    turn = world.rows["chat_turn"]
    ApiCall.objects.update(cost_usd="0.25", input_tokens=10, cache_read_tokens=990, output_tokens=7)
    factories.call(turn, cost_usd="0.5", input_tokens=1, output_tokens=2)
    Turn.objects.update(finished_at=turn.created_at + dt.timedelta(seconds=2.5))
    page = root.get(world.url("chat_turn", view)).content.decode()
    for words in ("$0.750000", "1,001 → 9", "2.5"):
        assert words in page


def test_a_turn_of_a_comparison_names_who_answers_next(world: World, root: Client) -> None:
    Turn.objects.update(compare_with=[{"assistant": None, "model": "1", "name": "Claude the Second"}])
    assert "Claude the Second" in root.get(world.url("chat_turn", "change")).content.decode()


def test_a_turn_without_calls_shows_dashes(world: World, root: Client) -> None:
    ApiCall.objects.update(turn=None)
    Turn.objects.update(status="queued", finished_at=None)
    assert root.get(world.url("chat_turn")).status_code == 200


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_has_a_coloured_label(world: World, root: Client, status: str) -> None:
    from chat.admin.diagnostics.turns import COLOURS

    assert status in COLOURS
    assert status in Turn.Status.values
    assert set(Turn.Status.values) == set(STATUSES)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_ends_are_said_in_words(world: World, root: Client, language: str) -> None:
    root.cookies["django_language"] = language
    Turn.objects.update(stop_reason="max_tokens", error_code="")
    page = root.get(world.url("chat_turn")).content.decode()
    assert ("reached the answer limit" if language == "en" else "답변 길이 한도 도달") in page
    Turn.objects.update(status="failed", error_code="overloaded", error_detail="")
    page = root.get(world.url("chat_turn", "change")).content.decode()
    assert ("The model is overloaded right now" in page) == (language == "en")
    assert "(overloaded)" in page, "the code stays, to search for it"


def test_a_decision_about_a_tool_is_said_in_words(world: World, root: Client) -> None:
    root.cookies["django_language"] = "ko"
    ToolCall.objects.update(decision="edit", status="done")
    for view in ("changelist", "change"):
        page = root.get(world.url("chat_toolcall", view)).content.decode()
        assert "수정한 입력으로 허용됨" in page


def test_notices_are_json(world: World, root: Client) -> None:
    Turn.objects.update(notices=[{"code": "failover", "from": "Main", "to": "Spare"}])
    page = root.get(world.url("chat_turn", "change")).content.decode()
    assert "&quot;code&quot;: &quot;failover&quot;" in page


@pytest.mark.parametrize(
    ("code", "words"),
    [("end_turn", "finished (end_turn)"), ("", "-"), ("from_the_future", "from_the_future")],
)
def test_unknown_reasons_stay_codes(code: str, words: str) -> None:
    assert stop_reason_with_code(code) == words


def test_a_failure_precedes_the_stop_reason() -> None:
    assert "took too long" in outcome("timeout", "", "end_turn")
    assert '(timeout)"' in outcome("timeout", "", "end_turn")
    assert "An unexpected error" in outcome("from_the_future", "", "")


def test_each_reason_of_the_api_has_words() -> None:
    assert {
        "end_turn",
        "max_tokens",
        "stop_sequence",
        "tool_use",
        "pause_turn",
        "refusal",
    } <= STOP_REASONS.keys()


def test_lists_of_turns_take_few_queries(
    world: World, root: Client, django_assert_max_num_queries: Any
) -> None:
    for _number in range(5):
        factories.turn(factories.conversation(world.person), status="completed", answer="Hi")
    with django_assert_max_num_queries(10):
        assert root.get(world.url("chat_turn")).status_code == 200
