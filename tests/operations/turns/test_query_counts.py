"""The queries of a turn's beginning: from an accepted command to the first request to an upstream."""

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat.events.store import Batch
from chat.models import ApiCall, Conversation, LanguageModel, Turn
from chat.operations.billing import ledger
from chat.operations.projects import documents, edit
from chat.operations.request import build
from chat.operations.turns import claim, finish, open_call
from chat.operations.turns.accept import start_turn
from chat.operations.turns.finish import AnswerContent, TurnEnd
from chat.operations.turns.turn_request import TurnRequest
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
OWNER = "host:1:aa"
NOT_COUNTED = ("BEGIN", "COMMIT")
FIRST_TURN, NEXT_TURN = 10, 13
IN_PROJECT = 14


@pytest.fixture
def model() -> LanguageModel:
    return factories.language_model()


def run_turn(request: TurnRequest) -> tuple[Turn, list[str]]:
    """Begin a turn as one process does, count its queries, and finish it."""
    with CaptureQueriesContext(connection) as seen:
        accepted = start_turn(request)
        running = claim.claim_turn(accepted.turn.id, OWNER, accepted)
        assert running
        opened = open_call.open_call(running, build.request_for(running), call=1, attempt=1)
    queries = [query["sql"] for query in seen if not query["sql"].startswith(NOT_COUNTED)]
    usage = {"input_tokens": 100, "output_tokens": 10}
    bill = ledger.bill_for(running.prices, usage, whole=True)
    settled = ledger.Settlement(status=ApiCall.Status.SUCCEEDED, bill=bill)
    answer = AnswerContent([{"type": "text", "text": "Yes."}])
    ended = finish.finish_turn(
        running,
        TurnEnd(Turn.Status.COMPLETED),
        Batch(running.turn.id, running.fence, 1, []),
        answer=answer,
        call=(opened.call_id, settled),
    )
    assert ended
    return running.turn, queries


def asked(model: LanguageModel, conversation: Conversation | None = None, **fields: Any) -> TurnRequest:
    author = conversation.owner if conversation else factories.person()
    fields = {"model_id": model.id, "text": "How high?", **fields}
    place = {"conversation_id": conversation.id} if conversation else {}
    return TurnRequest(author=author, client_id=uuid.uuid4(), **place, **fields)


def test_the_first_turn_of_a_conversation(model: LanguageModel) -> None:
    run_turn(asked(model))  # this process knows the frame and the habits from then on
    _turn, queries = run_turn(asked(model))
    assert len(queries) <= FIRST_TURN, "\n".join(queries)


@pytest.mark.parametrize("length", [1, 2, 30])
def test_the_next_turn_of_a_conversation(model: LanguageModel, length: int) -> None:
    turn, _queries = run_turn(asked(model))
    for _number in range(length - 1):
        run_turn(asked(model, turn.conversation))
    _turn, queries = run_turn(asked(model, turn.conversation))
    assert len(queries) <= NEXT_TURN, "\n".join(queries)


def test_turns_of_a_project(model: LanguageModel) -> None:
    owner = factories.person()
    project = edit.create_project(owner=owner, name="Bridge", instructions="Answer in metres.")
    for name in ("a", "b"):
        documents.add_text(user=owner, project_id=project.id, name=name, text="The bridge is high.")
    turn, _queries = run_turn(asked(model, project_id=project.id))
    _turn, first = run_turn(asked(model, project_id=project.id))
    assert len(first) <= IN_PROJECT, "\n".join(first)
    _turn, following = run_turn(asked(model, turn.conversation))
    assert len(following) <= IN_PROJECT, "\n".join(following)
