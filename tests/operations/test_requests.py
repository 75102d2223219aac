"""What leaves for the model, and the row that each attempt has in the ledger."""

import uuid
from typing import Any

import pytest

from chat.claude.request import RequestError
from chat.models import ApiCall, LanguageModel, Turn, User
from chat.operations import requests, running, turns
from tests import factories

pytestmark = pytest.mark.django_db
REQUEST = {"max_tokens": 100, "messages": [{"role": "user", "content": "How high?"}]}


@pytest.fixture
def turn(insider: User) -> Turn:
    return factories.turn(factories.conversation(insider), status="running", answer="")


def test_the_request_is_the_frame_and_the_path(insider: User) -> None:
    chat = factories.conversation(insider, "High?", "Very.")
    turn = factories.turn(chat, status="running", text="How very? " * 400, parent=chat.active_leaf, answer="")
    request = requests.request_for(factories.work(turn))
    assert request["model"] == "claude-test"
    assert request["max_tokens"] == 1000
    assert [message["role"] for message in request["messages"]] == ["user", "assistant", "user"]
    assert request["messages"][2]["content"][0]["cache_control"] == {"type": "ephemeral"}


def test_a_first_answer_costs_few_queries(
    insider: User, model: LanguageModel, django_assert_max_num_queries: Any
) -> None:
    """What each start of a turn costs, however many begin at once: accepted, claimed, built and paid for."""

    def begin() -> None:
        started = turns.start_turn(author=insider, client_id=uuid.uuid4(), text="How high?")
        work = running.claim(started.turn.id, "host:1:aa")
        assert work
        requests.open_call(work, requests.request_for(work), call=1, attempt=1)

    begin()  # how people use a model is counted every ten minutes only
    with django_assert_max_num_queries(25):
        begin()


def test_a_message_without_a_path_makes_no_request(turn: Turn) -> None:
    work = factories.work(turn)
    work.message.parent = None
    with pytest.raises(RequestError):
        requests.request_for(work)


def test_calls_carry_what_they_belong_to(turn: Turn) -> None:
    work = factories.work(turn)
    row = ApiCall.objects.get(id=requests.open_call(work, REQUEST, call=2, attempt=3).call_id)
    assert (row.key, row.attempt, row.status) == (f"{turn.id}:1:2:3", 3, "open")
    assert (row.turn, row.message, row.user, row.conversation) == (
        turn,
        work.message,
        turn.author,
        turn.conversation,
    )
    assert (row.frame_digest, row.door, row.purpose, row.connection_name) == (
        turn.frame_id,
        "chat",
        "turn",
        "Loopback",
    )
