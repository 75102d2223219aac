"""Answers that are asked to be shorter or longer: what their requests and all later ones hold."""

import uuid
from typing import Any

import pytest

from chat.claude.content.context import is_context
from chat.claude.request.requested_length import SENTENCES
from chat.events.store import Batch
from chat.models import LanguageModel, Message, Turn, User
from chat.operations.errors import OperationError
from chat.operations.request import build
from chat.operations.running_turn import RunningTurn, next_answer
from chat.operations.turns import claim, finish, stop, switch
from chat.operations.turns.finish import AnswerContent, TurnEnd
from tests import factories
from tests.support import turns

pytestmark = pytest.mark.django_db
LONG = "How high is the bridge? " * 400
THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "sig"}
SAID = [THOUGHT, {"type": "text", "text": "Seven."}]
SYSTEM = {"system_messages": {"supported": True}}


def claimed(turn: Turn) -> RunningTurn:
    running = claim.claim_turn(turn.id, "host:1:aa")
    assert running
    return running


def answered(turn: Turn, *content: dict[str, Any], status: str = "completed") -> list[dict[str, Any]]:
    """Run a turn to its end; return the messages that were sent for it."""
    running = claimed(turn)
    sent: list[dict[str, Any]] = build.request_for(running)["messages"]
    end, batch = TurnEnd(status), Batch(turn.id, running.fence, 1, [])
    answer = AnswerContent(list(content), "complete" if status == "completed" else "partial")
    assert finish.finish_turn(running, end, batch, answer=answer, call=None)
    return sent


def ask(insider: User, text: str = LONG, **fields: Any) -> Turn:
    return turns.start_turn(author=insider, client_id=uuid.uuid4(), text=text, **fields).turn


def retry(insider: User, turn: Turn, **fields: Any) -> Turn:
    return turns.retry_turn(author=insider, client_id=uuid.uuid4(), turn_id=turn.id, **fields).turn


def unmarked(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages without cache breakpoints, which move with every request."""
    return [
        {
            **message,
            "content": [
                {key: value for key, value in block.items() if key != "cache_control"}
                for block in message["content"]
            ],
        }
        for message in messages
    ]


@pytest.mark.parametrize("capabilities", [{}, SYSTEM], ids=["user role", "system role"])
def test_only_the_retry_is_asked_and_history_repeats_it(insider: User, capabilities: dict[str, Any]) -> None:
    factories.language_model(capabilities=capabilities)
    first = ask(insider)
    plain = answered(first, *SAID)
    stored = Message.objects.filter(conversation=first.conversation).order_by("id")
    before = list(stored.values())
    shorter = retry(insider, first, length="shorter")
    sent = answered(shorter, *SAID)

    # The sentence stands behind the cached part, and nothing that is stored has changed.
    assert SENTENCES["shorter"] not in str(plain)
    [wish] = [block for block in sent[0]["content"] if SENTENCES["shorter"] in block["text"]]
    assert is_context(wish)
    assert "cache_control" in sent[0]["content"][0]
    assert "cache_control" not in str(sent[0]["content"][1:])
    without = [block for block in sent[0]["content"] if block is not wish]
    assert [{**sent[0], "content": without}, *sent[1:]] == plain
    assert list(stored.values())[: len(before)] == before

    # The next turn sends what was sent before, byte for byte, so the answer keeps its thinking.
    following = ask(insider, "And how long?", conversation_id=first.conversation_id)
    later = answered(following, *SAID)
    assert unmarked(later)[: len(sent)] == unmarked(sent)
    assert later[len(sent)]["content"][0] == THOUGHT
    assert str(later).count(SENTENCES["shorter"]) == 1

    # On the branch of the first answer the sentence was never sent.
    other = ask(insider, "And?", conversation_id=first.conversation_id, parent_id=first.messages.get().id)
    again = answered(other, *SAID)
    assert unmarked(again)[: len(plain)] == unmarked(plain)
    assert again[len(plain)]["content"][0] == THOUGHT


def test_a_model_without_context_is_told_in_plain_words(insider: User) -> None:
    factories.language_model(capabilities={"context": {"supported": False}})
    first = ask(insider, "How high?")
    answered(first, *SAID)
    [message] = answered(retry(insider, first, length="longer"))
    assert [block["text"] for block in message["content"]] == ["How high?", SENTENCES["longer"]]


def test_a_retry_asks_for_what_the_turn_before_was_asked_for(insider: User, model: LanguageModel) -> None:
    first = ask(insider)
    answered(first, status="failed")
    shorter = retry(insider, first, length="shorter")
    answered(shorter, status="failed")
    again = retry(insider, shorter)
    answered(again, *SAID)
    longer = retry(insider, again, length="longer")
    assert [turn.requested_length for turn in (first, shorter, again, longer)] == [
        "",
        "shorter",
        "shorter",
        "longer",
    ]
    # Continue asks again for an answer that brought nothing, in the same way.
    answered(longer, status="stopped")
    rest = turns.continue_turn(author=insider, client_id=uuid.uuid4(), turn_id=longer.id).turn
    assert (rest.user_message, rest.requested_length) == (longer.user_message, "longer")


def test_the_rest_of_an_answer_is_not_asked_twice(insider: User, model: LanguageModel) -> None:
    first = ask(insider)
    answered(first, *SAID)
    longer = retry(insider, first, length="longer")
    answered(longer, {"type": "text", "text": "Seven and"}, status="stopped")
    rest = turns.continue_turn(author=insider, client_id=uuid.uuid4(), turn_id=longer.id).turn
    assert rest.requested_length == ""
    assert str(answered(rest)).count(SENTENCES["longer"]) == 1


@pytest.mark.parametrize("length", ["", "brief", 1, ["shorter"], {"of": "it"}])
def test_other_lengths_are_refused(insider: User, model: LanguageModel, length: Any) -> None:
    turn = factories.turn(factories.conversation(insider), status="failed")
    with pytest.raises(OperationError) as refused:
        retry(insider, turn, length=length)
    assert (refused.value.code, refused.value.status) == ("invalid", 422)
    assert Turn.objects.count() == 1


def test_a_tool_loop_is_asked_once(insider: User, model: LanguageModel) -> None:
    first = ask(insider)
    answered(first, *SAID)
    running = claimed(retry(insider, first, length="shorter"))
    sent = build.request_for(running)["messages"]
    asking = {"type": "tool_use", "id": "toolu_0", "name": "weather", "input": {}}
    finish.keep_answer(running.message, AnswerContent([asking], "complete", "tool_use"))
    results = {
        "kind": "results",
        "content": [{"type": "tool_result", "tool_use_id": "toolu_0", "content": "7"}],
    }
    next_answer(running, factories.message(first.conversation, running.message, "", **results))
    later = build.request_for(running)["messages"]
    assert unmarked(later)[: len(sent)] == unmarked(sent)
    assert str(later).count(SENTENCES["shorter"]) == 1


def test_behind_tool_results_it_ends_the_loop(insider: User, model: LanguageModel) -> None:
    """A turn that goes on behind tool results is retried behind them; the question stays as it was sent."""
    turn = factories.turn(factories.conversation(insider), status="waiting", answer="Let me see.")
    factories.tool_call(turn)
    asking = turn.messages.get()
    asking.content = [THOUGHT, {"type": "tool_use", "id": "toolu_0", "name": "weather", "input": {}}]
    asking.binding = "another account:"
    asking.save()
    stop.stop_turn(user=insider, turn_id=turn.id)
    rest = turns.continue_turn(author=insider, client_id=uuid.uuid4(), turn_id=turn.id).turn
    answered(rest, status="stopped")
    shorter = claimed(retry(insider, rest, length="shorter"))
    before = Message.objects.count()
    assert switch.adopt_loop(shorter)
    assert Message.objects.count() == before  # its own words end the loop, as a note of Parley's would
    sent = build.request_for(shorter)["messages"]
    assert sent[0]["content"][0]["text"] == "Hello?"
    assert [[block["type"] for block in message["content"]] for message in sent[1:]] == [
        ["tool_use"],
        ["tool_result", "text"],
    ]
    assert SENTENCES["shorter"] in sent[2]["content"][1]["text"]
    assert SENTENCES["shorter"] not in str(sent[:2])
