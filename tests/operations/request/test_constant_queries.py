"""Accepting, building, paying and reading take a constant number of queries, however long the conversation is."""

import hashlib
import math
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from chat.models import Budget, Conversation, LanguageModel, Message, Turn, User
from chat.operations.billing import budgets
from chat.operations.conversations import message_context
from chat.operations.files.uploads import reuse_upload, store_upload
from chat.operations.request import build
from chat.operations.turns import claim, open_call, stop
from tests import factories
from tests.support import media, turns

pytestmark = pytest.mark.django_db
SHORT, LONG = 5, 20
ASKED: list[Any] = [{"type": "tool_use", "id": "toolu_0", "name": "look", "input": {}}]


@pytest.fixture(autouse=True)
def _no_remembered_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is remembered for some seconds; on a busy machine a chat takes longer to make than that."""
    monkeypatch.setattr(message_context, "WORKSPACE_SECONDS", 0)


def queries_of(function: Callable[[], Any]) -> list[str]:
    caches["process"].clear()  # some of its entries live for seconds only
    with CaptureQueriesContext(connection) as seen:
        function()
    return [query["sql"] for query in seen]


def ended(chat: Conversation, status: str, answer: str | None = "", **fields: Any) -> Turn:
    return factories.turn(chat, status=status, parent=chat.active_leaf, answer=answer, **fields)


def failed(chat: Conversation) -> None:
    factories.call(ended(chat, "failed", error_code="overloaded"), status="failed", usage=None)


def stopped_early(chat: Conversation) -> None:
    """Stopped before it was claimed: questions follow each other without an answer between them."""
    ended(chat, "stopped", None)


def paid(chat: Conversation) -> None:
    factories.call(ended(chat, "completed", "Yes."))


def refused(chat: Conversation) -> None:
    ended(chat, "refused", stop_reason="refusal")


def with_tools(chat: Conversation) -> None:
    turn = ended(chat, "completed", "", notices=[{"code": "failover", "from": "A", "to": "B", "reason": "x"}])
    answer = chat.active_leaf
    assert answer
    Message.objects.filter(id=answer.id).update(content=ASKED)
    call = factories.tool_call(turn, "done")
    result = [{"type": "tool_result", "tool_use_id": call.tool_use_id, "content": "Found."}]
    results = factories.message(chat, answer, "", kind="results", turn=turn, content=result)
    chat.active_leaf = factories.message(
        chat, results, "Done.", role="assistant", turn=turn, frame=turn.frame, status="complete"
    )
    chat.save()


def with_file(chat: Conversation) -> None:
    name, data = f"{uuid.uuid4()}.png", media.picture()
    digest = hashlib.sha256(data).hexdigest()
    # Reading a file takes a process of its own.
    known = reuse_upload(owner=chat.owner, name=name, digest=digest)
    file = known or store_upload(owner=chat.owner, name=name, data=data)
    asked = {"author": chat.owner, "client_id": uuid.uuid4(), "text": "See", "attachments": [str(file.id)]}
    turn = turns.start_turn(conversation_id=chat.id, **asked).turn
    stop.stop_turn(user=chat.owner, turn_id=turn.id)
    chat.refresh_from_db()


@pytest.fixture(autouse=True)
def admitted_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Budgets are read again for a call that begins seconds after its admission, as on a slow machine."""
    monkeypatch.setattr(budgets, "ADMITTED_SECONDS", math.inf)


KINDS = (failed, stopped_early, paid, refused, with_tools, with_file)


def chat_of(owner: User, kind: Callable[[Conversation], None], length: int) -> Conversation:
    chat = factories.conversation(owner, title="Long")
    for _number in range(length):
        kind(chat)
    return chat


def go_on(chat: Conversation) -> Callable[[], None]:
    def begin() -> None:
        asked = {"author": chat.owner, "client_id": uuid.uuid4(), "text": "And now?"}
        started = turns.start_turn(conversation_id=chat.id, **asked)
        running = claim.claim_turn(started.turn.id, "host:1:aa")
        assert running
        open_call.open_call(running, build.request_for(running), call=1, attempt=1)

    return begin


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("provider", ["compatible", "anthropic"])
def test_turns_take_a_constant_number_of_queries(
    insider: User, kind: Callable[[Conversation], None], provider: str
) -> None:
    compacts = {"context_management": {"compact_20260112": {"supported": True}}}
    factories.language_model(
        connection=factories.provider(kind=provider), capabilities=compacts, max_input_tokens=10_000_000
    )
    Budget.objects.create(name="Wide", scope="workspace", hard_limit_usd=100_000)
    short, long = (queries_of(go_on(chat_of(insider, kind, length))) for length in (SHORT, LONG))
    assert len(long) <= len(short), "\n".join(long)


@pytest.mark.parametrize("kind", KINDS)
def test_continuing_takes_a_constant_number_of_queries(
    insider: User, model: LanguageModel, kind: Callable[[Conversation], None]
) -> None:
    def cut(length: int) -> list[str]:
        turn = ended(chat_of(insider, kind, length), "interrupted", "Half")
        again = {"author": insider, "client_id": uuid.uuid4(), "turn_id": turn.id}
        return queries_of(lambda: turns.continue_turn(**again))

    assert len(cut(LONG)) <= len(cut(SHORT))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("address", ["/c/{chat}", "/api/v1/conversations/{chat}/messages?limit=100"])
def test_pages_take_a_constant_number_of_queries(
    insider: User, model: LanguageModel, kind: Callable[[Conversation], None], address: str
) -> None:
    browser = Client()
    browser.force_login(insider)

    def read(length: int) -> list[str]:
        chat = chat_of(insider, kind, length)
        return queries_of(lambda: browser.get(address.format(chat=chat.id)).content)

    read(1)
    short, long = read(3), read(12)
    assert len(long) <= len(short), "\n".join(long)
