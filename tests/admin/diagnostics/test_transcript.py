"""A conversation's transcript, for superusers only."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from chat.admin.diagnostics import transcript
from chat.models import Conversation, Feedback, Message
from tests import factories
from tests.admin.world import World


def page(client: Client, conversation: Conversation) -> str:
    return client.get(reverse("admin:chat_conversation_change", args=[conversation.pk])).content.decode()


@pytest.fixture
def talk(world: World) -> Conversation:
    return factories.conversation(world.person, "How far is the moon?", "About 384,400 km.", title="Moon")


def test_superusers_read_it_in_order(world: World, root: Client, talk: Conversation) -> None:
    shown = page(root, talk)
    assert shown.index("How far is the moon?") < shown.index("About 384,400 km.")
    assert "&lt;" not in shown[shown.index("How far") : shown.index("How far") + 30]


def test_other_staff_see_no_transcript(world: World, staff: Client, talk: Conversation) -> None:
    world.staff.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    shown = page(staff, talk)
    assert "How far is the moon?" not in shown
    assert "transcript" not in shown.lower()


def test_only_the_shown_branch_is_read(world: World, root: Client, talk: Conversation) -> None:
    first = talk.messages.get(depth=0)
    factories.message(talk, first, "An answer that was retried.", role="assistant")
    assert "An answer that was retried." not in page(root, talk)


def test_the_owners_feedback_stands_beside_the_answer(world: World, root: Client, talk: Conversation) -> None:
    answer = talk.messages.get(role="assistant")
    about = {"message": answer, "rating": -1, "reason": "wrong"}
    Feedback.objects.create(person=world.person, words="It <varies>.", **about)
    Feedback.objects.create(person=world.staff, words="Of another person.", **about)
    shown = page(root, talk)
    assert "Bad answer" in shown
    assert "Wrong or made up" in shown
    assert "It &lt;varies&gt;." in shown
    assert "Of another person." not in shown


CONTENT: list[tuple[Any, list[str]]] = [
    ([{"type": "thinking", "thinking": "Let me think.", "signature": "s"}], ["Thinking", "Let me think."]),
    (
        [{"type": "tool_use", "id": "t", "name": "weather", "input": {"city": "Seoul"}}],
        ["Tool call: weather", "Seoul"],
    ),
    ([{"type": "from_the_future", "data": 7}], ["from_the_future", "7"]),
    ([{"type": "text", "text": "<script>alert(1)</script>"}], ["&lt;script&gt;"]),
    ([{"type": "text", "text": "x" * 30_000}], ["x…"]),
    ([{"type": "text", "text": " "}, "not a block"], ["Model"]),
    ("not a list", ["Model"]),
]


@pytest.mark.parametrize(("content", "words"), CONTENT)
def test_every_block_is_shown(
    world: World, root: Client, talk: Conversation, content: Any, words: list[str]
) -> None:
    Message.objects.filter(conversation=talk, role="assistant").update(content=content)
    shown = page(root, talk)
    assert [word for word in words if word not in shown] == []
    assert "<script>alert" not in shown


def test_a_long_conversation_shows_its_end(
    world: World, root: Client, talk: Conversation, monkeypatch: Any
) -> None:
    monkeypatch.setattr(transcript, "SHOWN_MESSAGES", 1)
    shown = page(root, talk)
    assert "About 384,400 km." in shown
    assert "How far is the moon?" not in shown
    assert "1 earlier message is not shown." in shown


def test_an_empty_conversation_says_so(world: World, root: Client) -> None:
    assert "No messages yet." in page(root, factories.conversation(world.person))
