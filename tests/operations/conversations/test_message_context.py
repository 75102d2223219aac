"""The context of a message: the date in the workspace's time zone, the person's language and name."""

import datetime as dt
import uuid
import zoneinfo
from typing import Any

import pytest
from django.core.cache import caches
from django.utils import timezone, translation

from chat.events.store import Batch
from chat.models import Assistant, LanguageModel, User, Workspace
from chat.operations.accounts.memory import add_memory_entry, save_instructions
from chat.operations.conversations.message_context import DAYS, context_for
from chat.operations.turns import claim, finish, stop
from tests.support import turns

pytestmark = pytest.mark.django_db


def test_context_has_date_language_and_name(insider: User) -> None:
    insider.first_name, insider.language = "Kim", "ko"
    Workspace.objects.create(time_zone="Asia/Seoul")
    today = timezone.now().astimezone(zoneinfo.ZoneInfo("Asia/Seoul"))
    assert context_for(insider, None).split("\n") == [
        f"Today is {DAYS[today.weekday()]}, {today:%Y-%m-%d} (time zone Asia/Seoul).",
        "The person's language setting is Korean.",
        'The person\'s name, as they typed it: "Kim"',
    ]


def test_date_is_in_the_workspaces_time_zone(insider: User) -> None:
    days = set()
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):  # 25 hours apart
        Workspace.objects.update_or_create(id=1, defaults={"time_zone": zone})
        caches["process"].clear()  # a change is seen within seconds
        days.add(context_for(insider, None).split(" (")[0])
    assert len(days) == 2


def test_language_is_the_persons_then_the_pages(insider: User) -> None:
    with translation.override("ko"):
        assert "Korean" in context_for(insider, None)
    with translation.override(None):
        assert "English" in context_for(insider, None)
    insider.language = "ko"
    assert "Korean" in context_for(insider, None)


def test_assistant_may_switch_context_off(insider: User) -> None:
    assert context_for(insider, Assistant(tell_context=False)) == ""
    assert "name" not in context_for(insider, Assistant(tell_context=True))


def test_date_is_in_the_zone_that_the_person_chose(insider: User) -> None:
    insider.time_zone = "Asia/Tokyo"
    assert "(time zone Asia/Tokyo)" in context_for(insider, None)


def test_memory_is_told_only_where_it_is_on(insider: User, django_assert_num_queries: Any) -> None:
    add_memory_entry(user=insider, text="Likes tea")
    context_for(insider, None)
    with django_assert_num_queries(0):
        assert "tea" not in context_for(insider, None), "it is off"
    insider.uses_memory = True
    with django_assert_num_queries(1):
        assert context_for(insider, None).endswith('conversations: ["Likes tea"]')
    assert context_for(insider, Assistant(tell_context=False)) == ""
    Workspace.objects.create(offers_memory=False)
    caches["process"].clear()
    assert "tea" not in context_for(insider, None), "staff switched it off"


def test_instructions_are_told_to_every_conversation(insider: User) -> None:
    save_instructions(user=insider, text=" Be brief. ")
    assert context_for(insider, None).endswith('as they typed them: "Be brief."')


def test_context_is_frozen_with_the_message(insider: User, model: LanguageModel) -> None:
    insider.first_name = "Kim"
    first = turns.start_turn(author=insider, client_id=uuid.uuid4(), text="Hello?")
    said = first.user_message.context
    assert said == context_for(insider, None)
    assert "Kim" in said
    stop.stop_turn(user=insider, turn_id=first.turn.id)

    insider.first_name = "Lee"
    again = turns.retry_turn(author=insider, client_id=uuid.uuid4(), turn_id=first.turn.id)
    assert again.user_message.context == said
    running = claim.claim_turn(again.turn.id, "host:1:aa")
    assert running
    answer = finish.AnswerContent([{"type": "text", "text": "One day"}], "partial")
    end, batch = finish.TurnEnd("stopped"), Batch(again.turn.id, running.fence, 1, [])
    assert finish.finish_turn(running, end, batch, answer=answer, call=None)
    rest = turns.continue_turn(author=insider, client_id=uuid.uuid4(), turn_id=again.turn.id)
    assert "Lee" in rest.user_message.context

    silent = Assistant.objects.create(name="Silent", model=model, tell_context=False)
    other = turns.start_turn(author=insider, client_id=uuid.uuid4(), text="Hello?", assistant_id=silent.id)
    assert other.user_message.context == ""


def test_weekday_names_are_in_order() -> None:
    assert DAYS[dt.date(2026, 11, 23).weekday()] == "Monday"
