"""When a conversation is summarised, by whom, and where a request begins afterwards."""

import uuid
from typing import Any

import pytest

from chat.claude.limits import context_window
from chat.models import ApiCall, LanguageModel, Message, Turn, User
from chat.operations.conversations.path import ConversationPath
from chat.operations.request import compaction
from chat.operations.request.compaction import expected_tokens, with_api_compaction
from chat.operations.turns.stop import stop_turn
from tests import factories
from tests.support import turns

pytestmark = pytest.mark.django_db
WINDOW = 4_000
COMPACTING = {"context_management": {"compact_20260112": {"supported": True}}}


def model_of(window: int = WINDOW, **fields: Any) -> LanguageModel:
    return factories.language_model(
        f"claude-{window}-{fields.get('kind', '')}",
        connection=factories.provider(fields.pop("kind", "Loopback"), **fields.pop("connection", {})),
        max_input_tokens=window,
        default_max_tokens=1_000,
        **fields,
    )


def chat_that_left(tokens: int, owner: User, model: LanguageModel) -> Turn:
    """A conversation whose last call had a prompt and an answer of so many tokens together."""
    turn = factories.turn(factories.conversation(owner), text="Q", answer="A", model=model)
    factories.call(turn, usage={"input_tokens": tokens - 5, "output_tokens": 5})
    return turn


def said_next(turn: Turn, text: str = "And now?", **fields: Any) -> Turn:
    asked = {"author": turn.author, "client_id": str(uuid.uuid4()), "text": text, "model_id": turn.model_id}
    return turns.start_turn(conversation_id=turn.conversation_id, **{**asked, **fields}).turn


def test_summary_precedes_the_message_that_fills_the_context(insider: User) -> None:
    model = model_of()
    before = chat_that_left(2_600, insider, model)
    turn = said_next(before)
    message = turn.user_message
    summary = message.parent
    assert summary
    assert (summary.kind, summary.role, summary.content) == ("summary", "user", [])
    assert summary.parent == before.messages.get()
    assert (message.depth, summary.depth) == (3, 2)
    turn.conversation.refresh_from_db()
    assert turn.conversation.active_leaf == message


def test_conversation_that_fits_gets_no_summary(insider: User) -> None:
    before = chat_that_left(1_000, insider, model_of())
    assert said_next(before).user_message.parent == before.messages.get()
    # The new text counts too: a token per 3 bytes.
    Turn.objects.filter(conversation=before.conversation).update(
        status="completed", finished_at=before.created_at
    )
    long = said_next(before, "x" * 6_000, parent_id=before.messages.get().id)
    assert long.user_message.parent
    assert long.user_message.parent.kind == "summary"


def test_first_message_gets_no_summary(insider: User) -> None:
    model = model_of()
    first = turns.start_turn(
        author=insider, client_id=str(uuid.uuid4()), text="x" * 30_000, model_id=model.id
    ).turn
    assert first.user_message.parent is None
    LanguageModel.objects.all().delete()
    first.refresh_from_db()
    alone = ConversationPath((first.user_message,))
    assert compaction.make_room(first, alone) is alone
    assert with_api_compaction({}, first, ConversationPath((first.user_message,))) == {}


def test_a_request_begins_at_the_last_written_summary(insider: User) -> None:
    chat = factories.conversation(insider, "one", "two")
    summary = factories.message(chat, chat.active_leaf, "Short.", kind="summary")
    empty = factories.message(chat, summary, "", kind="summary")
    path = ConversationPath.to(empty.id)
    assert path.sent.messages == (summary, empty)
    above = ConversationPath(path.messages[:2])
    assert above.sent is above


def test_expected_tokens_of_a_prompt(insider: User) -> None:
    turn = chat_that_left(2_000, insider, model_of())
    answer = turn.messages.get()
    later = factories.message(turn.conversation, answer, "x" * 300, context="y" * 30)
    assert expected_tokens(turn, ConversationPath.to(answer.id)) == 2_000
    assert expected_tokens(turn, ConversationPath.to(later.id)) == 2_110
    # Uncounted from the root, or from a summary: the frame is guessed too.
    frame = expected_tokens(turn, ConversationPath())
    assert frame > 5
    assert expected_tokens(turn, ConversationPath.to(turn.user_message.id)) == frame + 1
    summary = factories.message(turn.conversation, answer, "x" * 90, kind="summary")
    last = factories.message(turn.conversation, summary, "abc")
    assert expected_tokens(turn, ConversationPath.to(last.id)) == frame + 31
    ApiCall.objects.update(status="cut")
    assert expected_tokens(turn, ConversationPath.to(answer.id)) == frame + 2


def test_full_context_is_retried_after_a_summary(insider: User) -> None:
    before = chat_that_left(100, insider, model_of())
    turn = said_next(before)
    Turn.objects.filter(id=turn.id).update(
        status="failed", error_code="context_full", finished_at=turn.created_at
    )
    larger = factories.language_model("claude-larger")
    elsewhere = turns.retry_turn(
        author=insider, client_id=str(uuid.uuid4()), turn_id=turn.id, model_id=larger.id
    ).turn
    # Another model may have room for all of it.
    assert (elsewhere.model, elsewhere.user_message) == (larger, turn.user_message)
    stop_turn(user=insider, turn_id=elsewhere.id)
    again = turns.retry_turn(
        author=insider, client_id=str(uuid.uuid4()), turn_id=turn.id, model_id=turn.model_id
    ).turn
    assert again.user_message != turn.user_message
    assert again.user_message.text == "And now?"
    assert again.user_message.parent
    assert (again.user_message.parent.kind, again.user_message.parent.parent) == (
        "summary",
        before.messages.get(),
    )
    # A second time there is a summary already, and the first message has nothing before it.
    Turn.objects.filter(id=again.id).update(
        status="completed", stop_reason="model_context_window_exceeded", finished_at=turn.created_at
    )
    third = turns.retry_turn(author=insider, client_id=str(uuid.uuid4()), turn_id=again.id).turn
    assert third.user_message == again.user_message
    alone = ConversationPath((before.user_message,))
    assert compaction.repeat_behind_summary(alone) is alone


def claude(window: int = 100_000, *, kind: str = "anthropic", **fields: Any) -> LanguageModel:
    return model_of(window, kind=kind, connection={"kind": kind}, **{"capabilities": COMPACTING, **fields})


def test_the_api_summarises_where_it_can(insider: User) -> None:
    before = chat_that_left(90_000, insider, claude())
    turn = said_next(before)
    path = ConversationPath.to(turn.user_message_id)
    assert [message.kind for message in path.messages] == ["chat"] * 3
    asked = with_api_compaction({}, turn, path)["extra_body"]["context_management"]["edits"][0]
    assert asked["trigger"]["value"] == context_window.trigger_tokens(100_000, 1_000)
    assert with_api_compaction({}, turn, ConversationPath()) == {}


def test_the_apis_block_is_sent_back_with_its_beta(insider: User) -> None:
    before = chat_that_left(1_000, insider, claude())
    turn = said_next(before)
    path = ConversationPath.to(turn.user_message_id)
    assert with_api_compaction({}, turn, path) == {}
    path.messages[1].content = [{"type": "compaction", "content": "Short."}, {"type": "text", "text": "A"}]
    assert "extra_headers" in with_api_compaction({}, turn, path)


@pytest.mark.parametrize(
    ("window", "fields"),
    [
        (100_000, {"capabilities": {}}),
        (55_000, {}),
        (100_000, {"kind": "compatible"}),
    ],
)
def test_models_without_compaction_get_parleys_summary(insider: User, window: int, fields: Any) -> None:
    turn = said_next(chat_that_left(99_000, insider, claude(window, **fields)))
    assert turn.user_message.parent
    assert turn.user_message.parent.kind == Message.Kind.SUMMARY
    assert with_api_compaction({}, turn, ConversationPath((turn.user_message,))) == {}
