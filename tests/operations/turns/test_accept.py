"""Starting, retrying and continuing turns through their operations."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from chat.events.store import stored_frames
from chat.models import Assistant, LanguageModel, Message, ProviderConnection, Turn, User
from chat.operations.accounts.api_keys import create_api_key
from chat.operations.conversations.message_input import LONGEST_TEXT
from chat.operations.turns.stop import stop_turn
from chat.operations.turns.turn_request import AcceptedTurn
from tests import factories
from tests.support.refusals import refusal
from tests.support.turns import continue_turn, retry_turn, start_turn

pytestmark = pytest.mark.django_db


def start(author: User, text: Any = "Hello", **fields: Any) -> AcceptedTurn:
    return start_turn(author=author, **{"client_id": uuid.uuid4(), "text": text, **fields})


def test_a_first_message_begins_a_conversation(insider: User, model: LanguageModel) -> None:
    key, _secret = create_api_key(user=insider, name="bot", scopes=["chat"])
    started = start(insider, "How\n high? " + "x" * 100, door="api", api_key=key)
    chat, turn, message = started.turn.conversation, started.turn, started.user_message
    assert started.created
    assert (turn.status, turn.door, turn.api_key, turn.model) == ("queued", "api", key, model)
    assert (turn.frame.body, turn.max_tokens) == ({"model": "claude-test"}, model.default_max_tokens)
    assert (message.role, message.depth, message.parent) == ("user", 0, None)
    assert message.content == [{"type": "text", "text": message.text}]
    assert (chat.owner, chat.active_leaf) == (insider, message)
    assert len(chat.title) == 80
    assert chat.title.startswith("How high? x")
    assert chat.title.endswith("…")


def test_the_next_message_follows_the_active_leaf(insider: User, model: LanguageModel) -> None:
    chat = factories.conversation(insider, "Question", "Answer", title="Mine")
    started = start(insider, conversation_id=chat.id)
    chat.refresh_from_db()
    assert started.user_message.parent.text == "Answer"
    assert (started.user_message.depth, chat.active_leaf, chat.title) == (2, started.user_message, "Mine")


def test_another_parent_makes_a_branch_and_root_a_new_beginning(insider: User, model: LanguageModel) -> None:
    chat = factories.conversation(insider, "Question", "Answer", "More", "Second answer")
    first = chat.messages.get(text="Answer")
    branch = start(insider, conversation_id=chat.id, parent_id=first.id)
    assert (branch.user_message.parent, branch.user_message.depth) == (first, 2)
    stop_turn(user=insider, turn_id=branch.turn.id)
    root = start(insider, conversation_id=chat.id, parent_id="root")
    assert (root.user_message.parent, root.user_message.depth) == (None, 0)


def test_the_same_client_id_returns_the_same_turn(insider: User, model: LanguageModel) -> None:
    client = uuid.uuid4()
    first = start(insider, client_id=client)
    for again in (
        start(insider, "Other words", client_id=str(client)),
        retry_turn(author=insider, client_id=client, turn_id=first.turn.id),
        continue_turn(author=insider, client_id=client, turn_id=first.turn.id),
    ):
        assert (again.turn, again.user_message, again.created) == (first.turn, first.user_message, False)
    assert start(factories.person("outsider"), client_id=client).created


@pytest.mark.parametrize(
    ("text", "code", "status"),
    [
        ("", "empty", 422),
        (" \n\t", "empty", 422),
        (None, "invalid", 422),
        (5, "invalid", 422),
        ("x" * (LONGEST_TEXT + 1), "too_long", 413),
    ],
)
def test_empty_and_long_texts_are_refused(insider: User, text: Any, code: str, status: int) -> None:
    refused = refusal(start, insider, text)
    assert (refused.code, refused.status) == (code, status)
    assert not Message.objects.exists()


def test_unstorable_characters_of_a_text_are_replaced(insider: User, model: LanguageModel) -> None:
    message = start(insider, "a\x00b\ud800c").user_message
    message.refresh_from_db()
    assert (message.text, message.content[0]["text"]) == ("a\ufffdb\ufffdc", "a\ufffdb\ufffdc")


def test_foreign_ids_are_not_found(insider: User, outsider: User, model: LanguageModel) -> None:
    theirs = factories.conversation(outsider, "Secret", "Answer")
    mine = factories.conversation(insider, "Question")
    turn = factories.turn(factories.conversation(outsider), status="failed")
    foreign = theirs.messages.first()
    assert foreign
    for refused in (
        refusal(start, insider, conversation_id=theirs.id),
        refusal(start, insider, conversation_id=mine.id, parent_id=foreign.id),
        refusal(start, insider, conversation_id=mine.id, model_id=uuid.uuid4()),
        refusal(start, insider, conversation_id=mine.id, model_id="no-such-model"),
        refusal(start, insider, conversation_id=mine.id, assistant_id="unknown"),
        refusal(retry_turn, author=insider, client_id=uuid.uuid4(), turn_id=turn.id),
        refusal(continue_turn, author=insider, client_id=uuid.uuid4(), turn_id=turn.id),
        refusal(stop_turn, user=insider, turn_id=turn.id),
    ):
        assert (refused.code, refused.status) == ("not_found", 404)
    assert mine.messages.count() == 1


def test_deactivated_person_starts_no_turn(insider: User, model: LanguageModel) -> None:
    chat = factories.conversation(insider, "Question")
    insider.is_active = False
    assert refusal(start, insider, conversation_id=chat.id).code == "not_found"
    assert refusal(start, insider).code == "no_model"


def test_client_ids_are_uuids(insider: User) -> None:
    assert refusal(start, insider, client_id="one").code == "invalid"


@pytest.mark.parametrize("status", ["queued", "running"])
def test_one_answer_at_a_time(insider: User, status: str) -> None:
    turn = factories.turn(factories.conversation(insider), status=status)
    attempt = {"author": insider, "client_id": uuid.uuid4()}
    for refused in (
        refusal(start, insider, conversation_id=turn.conversation_id),
        refusal(retry_turn, turn_id=turn.id, **attempt),
        refusal(continue_turn, turn_id=turn.id, **attempt),
    ):
        assert (refused.code, refused.status) == ("busy", 409)


def test_model_is_the_assistants_the_chosen_or_the_first(insider: User, model: LanguageModel) -> None:
    chosen = factories.language_model("claude-chosen", order=200)
    own = factories.language_model("claude-own", order=300)
    assistant = Assistant.objects.create(name="Guide", model=own)
    assert start(insider).turn.model == model
    by_name = start(insider, model_id="claude-chosen").turn
    assert (by_name.model, by_name.conversation.model) == (chosen, chosen)
    with_assistant = start(insider, model_id=str(chosen.id), assistant_id=assistant.id).turn
    assert (with_assistant.model, with_assistant.conversation.assistant) == (own, assistant)
    stop_turn(user=insider, turn_id=with_assistant.id)
    alone = start(insider, conversation_id=with_assistant.conversation_id, model_id="claude-chosen").turn
    assert (alone.model, alone.conversation.assistant) == (chosen, None)


def test_unavailable_assistant_is_an_error(insider: User, model: LanguageModel) -> None:
    assistant = Assistant.objects.create(name="Guide", max_tokens=7)
    first = start(insider, assistant_id=assistant.id).turn
    assert first.max_tokens == 7
    stop_turn(user=insider, turn_id=first.id)
    factories.restrict(assistant, Group.objects.create(name="Others"))
    here = {"conversation_id": first.conversation_id}
    for refused in (
        refusal(start, insider, **here),
        refusal(start, insider, **here, assistant_id=assistant.id),
        refusal(retry_turn, author=insider, client_id=uuid.uuid4(), turn_id=first.id),
    ):
        assert (refused.code, refused.status) == ("assistant_unavailable", 409)
    # Elsewhere it is simply not there.
    assert refusal(start, insider, assistant_id=assistant.id).code == "not_found"
    assert first.conversation.turns.count() == 1
    again = start(insider, **here, model_id=model.id).turn
    assert again.max_tokens == model.default_max_tokens
    assert again.conversation.assistant is None


def test_models_that_cannot_answer(insider: User) -> None:
    assert refusal(start, insider).code == "no_model"
    model = factories.language_model(connection=factories.provider(credential=""))
    assert refusal(start, insider).code == "no_model"
    refused = refusal(start, insider, model_id=model.id)
    assert (refused.code, refused.status) == ("connection_unusable", 409)
    usable = factories.language_model("claude-usable", connection=factories.provider("Usable"))
    assert start(insider).turn.model == usable
    ProviderConnection.objects.update(enabled=False)
    assert refusal(start, insider).code == "no_model"


def test_retry_answers_the_same_message(insider: User, model: LanguageModel) -> None:
    turn = factories.turn(factories.conversation(insider), status="failed")
    other = factories.language_model("claude-other")
    again = retry_turn(author=insider, client_id=uuid.uuid4(), turn_id=turn.id, model_id=other.id)
    assert again.created
    assert (again.user_message, again.turn.model) == (turn.user_message, other)
    assert again.turn.conversation.active_leaf == turn.user_message
    stop_turn(user=insider, turn_id=again.turn.id)
    assert retry_turn(author=insider, client_id=uuid.uuid4(), turn_id=turn.id).turn.model == other


@pytest.mark.parametrize(
    ("status", "reason"),
    [("stopped", ""), ("interrupted", ""), ("completed", "max_tokens")],
)
def test_continue_quotes_the_partial_answer(insider: User, status: str, reason: str) -> None:
    turn = factories.turn(
        factories.conversation(insider), status=status, answer="It is as high as", stop_reason=reason
    )
    asked = continue_turn(author=insider, client_id=uuid.uuid4(), turn_id=turn.id).user_message
    assert (asked.kind, asked.text, asked.parent.text) == ("continue", "", "It is as high as")
    assert "It is as high as" in asked.content[0]["text"]


@pytest.mark.parametrize("answer", [None, " "])
def test_continue_without_text_sends_the_question_again(insider: User, answer: str | None) -> None:
    turn = factories.turn(factories.conversation(insider), status="interrupted", answer=answer)
    again = continue_turn(author=insider, client_id=uuid.uuid4(), turn_id=turn.id)
    assert again.user_message == turn.user_message


@pytest.mark.parametrize("status", ["completed", "failed", "refused"])
def test_whole_answers_are_not_continued(insider: User, status: str) -> None:
    turn = factories.turn(factories.conversation(insider), status=status, answer="All of it.")
    refused = refusal(continue_turn, author=insider, client_id=uuid.uuid4(), turn_id=turn.id)
    assert refused.code == "invalid"


def test_stop_asks_the_owner(insider: User) -> None:
    turn = factories.turn(factories.conversation(insider), status="running", answer="")
    stopped = stop_turn(user=insider, turn_id=turn.id)
    assert stopped.status == "running"
    assert stopped.stop_requested_at
    assert stop_turn(user=insider, turn_id=turn.id).stop_requested_at == stopped.stop_requested_at


def test_stop_ends_a_queued_turn(insider: User) -> None:
    turn = factories.turn(factories.conversation(insider), status="queued")
    stopped = stop_turn(user=insider, turn_id=turn.id)
    assert (stopped.status, stopped.last_seq) == ("stopped", 1)
    assert [b'"status":"stopped"' in frame.data for frame in stored_frames(turn.id)] == [True]
    assert stop_turn(user=insider, turn_id=turn.id).status == "stopped"
    assert Turn.objects.active().count() == 0


def test_stop_ends_a_turn_that_waits_for_a_person(insider: User) -> None:
    turn = factories.turn(factories.conversation(insider), status="waiting", answer="Let me see.")
    call = factories.tool_call(turn)
    assert stop_turn(user=insider, turn_id=turn.id).status == "stopped"
    call.refresh_from_db()
    assert call.status == "stopped"
    turn.conversation.refresh_from_db()
    assert turn.conversation.active_leaf
    assert turn.conversation.active_leaf.kind == "results"
    again = stop_turn(user=insider, turn_id=turn.id)
    assert again.last_seq == 2


def test_continue_starts_from_tool_results(insider: User) -> None:
    turn = factories.turn(factories.conversation(insider), status="waiting", answer="Let me see.")
    factories.tool_call(turn)
    stop_turn(user=insider, turn_id=turn.id)
    results = turn.messages.get(kind="results")
    again = continue_turn(author=insider, client_id=uuid.uuid4(), turn_id=turn.id)
    assert again.user_message == results
    # The same when the next answer had begun and brought nothing yet.
    Turn.objects.filter(id=again.turn.id).update(status="interrupted", finished_at=timezone.now())
    factories.message(turn.conversation, results, "", role="assistant", status="partial", turn=again.turn)
    assert (
        continue_turn(author=insider, client_id=uuid.uuid4(), turn_id=again.turn.id).user_message == results
    )


def test_continue_after_an_empty_second_answer_quotes_the_first(insider: User) -> None:
    turn = factories.turn(factories.conversation(insider), status="stopped", answer="So far")
    first = turn.messages.get()
    factories.message(turn.conversation, first, "", role="assistant", status="partial", turn=turn)
    asked = continue_turn(author=insider, client_id=uuid.uuid4(), turn_id=turn.id).user_message
    assert (asked.kind, asked.parent) == ("continue", first)


def test_retry_after_a_refusal_may_use_the_fallback_model(insider: User) -> None:
    other = factories.language_model("claude-other")
    named = factories.language_model("claude-named")
    first = factories.language_model("claude-first", fallback=named)
    assistant = Assistant.objects.create(name="Fixed", model=first)
    chat = factories.conversation(insider, assistant=assistant)
    turn = factories.turn(chat, status="refused", model=first)
    # The named model answers for the assistant; any other one is asked alone, as with a new message.
    for wanted, answering in ((named, assistant), (other, None)):
        again = retry_turn(author=insider, client_id=uuid.uuid4(), turn_id=turn.id, model_id=wanted.id).turn
        assert (again.model, again.conversation.assistant) == (wanted, answering)
        stop_turn(user=insider, turn_id=again.id)


def test_a_model_replaces_the_assistants_after_refusals_only(insider: User) -> None:
    named = factories.language_model("claude-named")
    first = factories.language_model("claude-first", fallback=named)
    assistant = Assistant.objects.create(name="Fixed", model=first)
    chat = factories.conversation(insider, assistant=assistant)
    turn = factories.turn(chat, status="failed", model=first)
    again = retry_turn(author=insider, client_id=uuid.uuid4(), turn_id=turn.id, model_id=named.id).turn
    assert (again.model, again.conversation.assistant) == (named, None)


@pytest.mark.parametrize("ask", [retry_turn, continue_turn])
def test_retry_and_continue_ask_what_the_person_chose(ask: Any, insider: User, model: LanguageModel) -> None:
    other = factories.language_model("claude-other")
    guide = Assistant.objects.create(name="Guide", model=factories.language_model("its own"))
    chat = factories.conversation(insider, model=model)
    turn = factories.turn(chat, status="stopped", answer="Part", model=model)
    for choice, answering in (
        ({"assistant_id": guide.id}, (guide.model, guide)),
        ({}, (guide.model, guide)),
        ({"model_id": other.id}, (other, None)),
        ({"model_id": other.model_id}, (other, None)),
    ):
        again = ask(author=insider, client_id=uuid.uuid4(), turn_id=turn.id, **choice).turn
        assert (again.model, again.conversation.assistant) == answering
        stop_turn(user=insider, turn_id=again.id)
    for choice in ({"assistant_id": uuid.uuid4()}, {"model_id": "unknown"}):
        assert (
            refusal(ask, author=insider, client_id=uuid.uuid4(), turn_id=turn.id, **choice).code
            == "not_found"
        )
