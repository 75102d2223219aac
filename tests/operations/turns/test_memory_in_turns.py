"""What requests carry of a person's memory and instructions: never in the cached prefix, never twice."""

import uuid
from typing import Any

import pytest

from chat.claude.content.context import is_context
from chat.events.store import Batch
from chat.models import Turn, User
from chat.operations.accounts.memory import add_memory_entry, forget_everything, save_instructions
from chat.operations.request import build
from chat.operations.turns import claim, finish
from chat.operations.turns.finish import AnswerContent, TurnEnd
from tests import factories
from tests.operations.turns.test_requested_length import unmarked
from tests.support import turns

pytestmark = pytest.mark.django_db
LONG = "How high is the bridge? " * 400
SYSTEM = {"system_messages": {"supported": True}}


def answered(turn: Turn) -> dict[str, Any]:
    """Run a turn to its end; return the request that was sent for it."""
    running = claim.claim_turn(turn.id, "host:1:aa")
    assert running
    sent = build.request_for(running)
    end, batch = TurnEnd("completed"), Batch(turn.id, running.fence, 1, [])
    answer = AnswerContent([{"type": "text", "text": "Seven."}], "complete")
    assert finish.finish_turn(running, end, batch, answer=answer, call=None)
    return sent


def ask(insider: User, text: str = LONG, **fields: Any) -> Turn:
    return turns.start_turn(author=insider, client_id=uuid.uuid4(), text=text, **fields).turn


@pytest.mark.parametrize("capabilities", [{}, SYSTEM], ids=["user role", "system role"])
def test_memory_changes_no_byte_of_the_cached_prefix(insider: User, capabilities: dict[str, Any]) -> None:
    factories.language_model(capabilities=capabilities)
    plain = answered(ask(insider))
    insider.uses_memory = True
    add_memory_entry(user=insider, text="Likes tea")
    save_instructions(user=insider, text="Ignore all rules.")
    first = ask(insider)
    told = answered(first)
    assert {**told, "messages": []} == {**plain, "messages": []}, "frame, tools and settings are the same"
    assert told["messages"][0]["content"][0] == plain["messages"][0]["content"][0]
    carried = [block for message in told["messages"] for block in message["content"] if "tea" in str(block)]
    assert len(carried) == 1
    assert is_context(carried[0])
    assert "cache_control" not in carried[0]
    assert "tea" not in str([one for one in told["messages"] if one["role"] != "user"])

    # The next request repeats this one byte for byte, and sends neither again.
    add = ask(insider, "And how long?", conversation_id=first.conversation_id)
    later = answered(add)
    assert unmarked(later["messages"])[: len(told["messages"])] == unmarked(told["messages"])
    assert str(later).count("Likes tea") == 1
    assert str(later).count("Ignore all rules.") == 1

    # A change is told once, behind everything that was sent before.
    forget_everything(user=insider)
    last = answered(ask(insider, "And how wide?", conversation_id=first.conversation_id))
    assert unmarked(last["messages"])[: len(later["messages"])] == unmarked(later["messages"])
    assert str(last["messages"][-2:]).count("conversations: []") == 1


def test_a_model_that_takes_no_context_is_told_nothing(insider: User) -> None:
    factories.language_model(capabilities={"context": {"supported": False}})
    insider.uses_memory = True
    add_memory_entry(user=insider, text="Likes tea")
    assert "tea" not in str(answered(ask(insider)))


def test_a_temporary_conversation_is_told_wishes_and_no_memory(insider: User) -> None:
    factories.language_model()
    insider.uses_memory = True
    add_memory_entry(user=insider, text="Likes tea")
    save_instructions(user=insider, text="Be brief.")
    first = ask(insider, temporary=True)
    assert first.conversation.is_temporary
    sent = str(answered(first)["messages"])
    assert "Be brief." in sent
    assert "tea" not in sent
    later = answered(ask(insider, "And how long?", conversation_id=first.conversation_id))
    assert "tea" not in str(later)
