"""An answer is bound to what was sent for it and to the account that made it."""

from typing import Any

import pytest

from chat.events.store import Batch
from chat.models import Message, Turn, User
from chat.operations.request import build
from chat.operations.request.thinking_binding import account_tag, binding, path_message
from chat.operations.turns import claim, finish
from chat.operations.turns.finish import AnswerContent, TurnEnd
from tests import factories

pytestmark = pytest.mark.django_db
THOUGHT = [{"type": "thinking", "thinking": "Hm.", "signature": "sig"}, {"type": "text", "text": "Seven."}]


@pytest.fixture
def answered(insider: User) -> Turn:
    """A conversation of one turn whose answer holds thinking."""
    turn = factories.turn(factories.conversation(insider), status="queued")
    running = claim.claim_turn(turn.id, "host:1:aa")
    assert running
    build.request_for(running)
    end, batch = TurnEnd(Turn.Status.COMPLETED, "end_turn"), Batch(turn.id, running.fence, 1, [])
    assert finish.finish_turn(running, end, batch, answer=AnswerContent(THOUGHT), call=None)
    return turn


def asked_again(turn: Turn) -> list[Any]:
    """The messages of the next turn's request."""
    follow_up = factories.turn(
        turn.conversation, status="queued", parent=turn.messages.get(role="assistant"), text="And now?"
    )
    running = claim.claim_turn(follow_up.id, "host:1:aa")
    assert running
    return list(build.request_for(running)["messages"])


def test_thinking_is_sent_after_the_same_prefix(answered: Turn) -> None:
    assert answered.messages.get(role="assistant").binding.count(":") == 1
    assert asked_again(answered)[1]["content"] == THOUGHT


@pytest.mark.parametrize("change", ["key", "question", "frame", "context"])
def test_thinking_is_left_out_after_a_change(answered: Turn, change: str) -> None:
    model = answered.model
    assert model
    match change:
        case "key":
            model.connection.credential = "sk-another"
            model.connection.save()
        case "question":
            answered.conversation.messages.filter(role="user").update(
                content=[{"type": "text", "text": "Other"}]
            )
        case "frame":
            model.capabilities = {"thinking": {"types": {"adaptive": True}}}
            model.save()
        case "context":
            answered.conversation.messages.filter(role="user").update(context="Today is Monday.")
    if change == "frame":
        from chat.operations.request.frame import freeze_frame

        other = freeze_frame(model=model, assistant=None)
        answered.messages.filter(role="assistant").update(frame=other)
    assert asked_again(answered)[1]["content"] == THOUGHT[1:]


def test_answer_without_binding_is_bound_to_its_frame(answered: Turn) -> None:
    answered.messages.filter(role="assistant").update(binding="")
    assert asked_again(answered)[1]["content"] == THOUGHT


def test_account_tag_depends_on_key_address_and_workspace() -> None:
    tags = {
        account_tag(factories.provider(name, **fields))
        for name, fields in {
            "one": {},
            "same": {},
            "key": {"credential": "sk-other"},
            "place": {"base_url": "http://127.0.0.1:8"},
            "workspace": {"workspace": "wrkspc_1"},
        }.items()
    }
    assert len(tags) == 4
    assert all(len(tag) == 12 and "secret" not in tag for tag in tags)


def test_stored_binding() -> None:
    message = Message(
        role="assistant", frame_id="f", binding=binding("0123456789ab", "f", []), status="partial"
    )
    assert len(message.binding) == 77
    known = path_message(message, "0123456789ab")
    assert (known.frame, known.prefix, known.complete) == ("f", message.binding[13:], False)
    assert path_message(message, "ba9876543210").frame is None
