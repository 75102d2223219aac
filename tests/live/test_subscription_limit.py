"""A socket at its limit of subscriptions: a new turn replaces an idle one, or is refused before it is written."""

import json
from collections.abc import Iterator
from uuid import uuid4

import pytest

from chat.live.consumer import MAX_SUBSCRIPTIONS
from tests.support.parley import Parley
from tests.support.socket_client import SocketClient

MAKE = """
import json
from chat.models import Conversation, LanguageModel, User
from tests import factories
owner = User.objects.create_user("crowd@example.test", "x")
made = [factories.conversation(owner) for _ in range({count})]
from chat.operations.accounts.api_keys import create_api_key
print(json.dumps({{
    "email": owner.email,
    "chat": create_api_key(user=owner, name="k", scopes=["chat"])[1],
    "conversations": [str(each.id) for each in made],
}}))
"""
BUSY = """
from chat.models import Conversation
from tests import factories
free = Conversation.objects.filter(owner__email="crowd@example.test", turns=None)
for conversation in free:
    factories.turn(conversation, status="waiting")
"""
CLEAR = """
from chat.models import Conversation, Turn, User
from tests.support.deletion import delete_for_good
from chat.operations.turns.stop import stop_turn
owner = User.objects.get(email="crowd@example.test")
for turn in Turn.objects.active().filter(author=owner):
    stop_turn(user=owner, turn_id=turn.id)
for conversation in Conversation.objects.filter(owner=owner):
    delete_for_good(conversation)
owner.delete()
"""


@pytest.fixture
def crowd(parley: Parley) -> Iterator[list[str]]:
    made = json.loads(parley.shell(MAKE.format(count=MAX_SUBSCRIPTIONS)))
    parley.people["crowd"] = made
    yield made["conversations"]
    parley.shell(CLEAR)


async def watch_all(client: SocketClient, conversations: list[str]) -> None:
    for conversation in conversations:
        await client.send(type="subscribe", conversation=conversation)
    await client.send(type="ping")
    await client.expect("pong")
    assert [found["type"] for found in client.messages if found["type"] == "error"] == []


async def test_new_turn_replaces_the_oldest_subscription(parley: Parley, crowd: list[str]) -> None:
    async with parley.socket("crowd") as client, parley.socket("crowd") as other:
        await watch_all(client, crowd)
        accepted = await client.start("[[scenario:echo]] one more", model=parley.models["plain"])
        await client.finished(accepted["turn"])
        told = []
        for conversation in crowd[:2]:
            again = await other.start(
                "[[scenario:echo]] hi", conversation=conversation, model=parley.models["plain"]
            )
            await other.finished(again["turn"])
            told.append(again["turn"])
        await client.finished(told[1])
        assert told[0] not in client.frames
        assert await client.refused(type="subscribe", conversation=crowd[0]) == "invalid"


async def test_turn_is_refused_if_all_subscriptions_are_running(parley: Parley, crowd: list[str]) -> None:
    count = "SELECT count(*) AS n FROM chat_turn"
    async with parley.socket("crowd") as client:
        await watch_all(client, crowd)
        accepted = await client.start(
            "[[scenario:echo]] last", conversation=crowd[-1], model=parley.models["plain"]
        )
        await client.finished(accepted["turn"])
        parley.shell(BUSY)
        rest = await client.start(
            "[[scenario:long tokens=20000 pace=60]]", conversation=crowd[-1], model=parley.models["plain"]
        )
        before = parley.rows.query(count)
        start = {"type": "turn.start", "text": "one more", "model": parley.models["plain"]}
        assert await client.refused(**start, client_id=str(uuid4())) == "invalid"
        assert parley.rows.query(count) == before
        # What was accepted before is repeated, not refused.
        again = await client.ask(**start, client_id=accepted["client_id"])
        assert again["turn"] == accepted["turn"]
        await client.send(type="turn.stop", turn=rest["turn"])
        await client.finished(rest["turn"])
