"""A stream can be resumed after any cut, in a second tab, from any seq; otherwise a refresh is sent."""

import asyncio
import contextlib
import random
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from websockets.exceptions import ConnectionClosed

from chat.events.state import TurnState
from tests.support.parley import Parley
from tests.support.socket_client import SocketClient

SNAPSHOT = """
import dataclasses, json
from chat.models import Conversation
from chat.operations.conversations.thread import read_thread
print(json.dumps(dataclasses.asdict(read_thread(Conversation.objects.get(id="{}")).state)))
"""
STREAM = "[[scenario:long tokens=400 pace=80]]"
# It runs until a test stops it. How many frames a text takes depends on the machine: a busy one joins more into one.
ENDLESS = "[[scenario:long tokens=20000 pace=60]]"


async def flaky_viewer(parley: Parley, conversation: str, turn: str, seed: int) -> list[bytes]:
    """Watch a turn over sockets that are cut off at random moments; return all frames in order of arrival."""
    chance, frames = random.Random(seed), list[bytes]()
    while not (frames and b'"turn.finished"' in frames[-1]):
        async with parley.socket() as client:
            await client.send(type="subscribe", conversation=conversation, turn=turn, after=len(frames))
            wanted = chance.randint(1, 20)
            ends = f'"turn":"{turn}","seq":'.encode()
            with contextlib.suppress(AssertionError, ConnectionClosed):
                await client.until(_enough(client, turn, wanted))
            frames += client.frames.get(turn, [])
            assert all(ends in frame for frame in frames)
            client.connection.transport.abort()
    return frames


def _enough(client: SocketClient, turn: str, wanted: int) -> Callable[[dict[str, Any]], bool]:
    return lambda found: (
        found.get("turn") == turn and (found["type"] == "turn.finished" or len(client.frames[turn]) >= wanted)
    )


async def test_cut_sockets_see_every_byte_once(parley: Parley) -> None:
    async with parley.socket() as client:
        accepted = await client.start(STREAM, model=parley.models["plain"])
        turn, conversation = accepted["turn"], accepted["conversation"]
        viewers = [flaky_viewer(parley, conversation, turn, seed) for seed in range(6)]
        seen = await asyncio.gather(*viewers)
        await client.finished(turn)
    for frames in seen:
        assert frames == client.frames[turn]
    assert parley.rows.frames(turn) == client.frames[turn]
    assert parley.rows.text(turn) == client.text(turn)


async def test_replay_from_every_seq(parley: Parley) -> None:
    async with parley.socket() as client, parley.socket() as late:
        accepted = await client.start("[[scenario:long tokens=60 pace=60]]", model=parley.models["plain"])
        turn, conversation = accepted["turn"], accepted["conversation"]
        await client.finished(turn)
        frames = client.frames[turn]
        for after in range(len(frames)):
            late.frames.clear()
            late.messages.clear()
            await late.send(type="subscribe", conversation=conversation, turn=turn, after=after)
            await late.finished(turn)
            assert late.frames[turn] == frames[after:]
        late.messages.clear()
        await late.send(type="subscribe", conversation=conversation, turn=turn, after=len(frames))
        await late.send(type="ping")
        await late.expect("pong")
        assert [found["type"] for found in late.messages] == ["pong"]


@pytest.mark.parametrize("behind", [0, 1])
async def test_turn_begun_during_an_absence_is_replayed(parley: Parley, behind: int) -> None:
    async with parley.socket() as client, parley.socket() as late:
        first = await client.start("[[scenario:echo]] first", model=parley.models["plain"])
        turn, conversation = first["turn"], first["conversation"]
        last = (await client.finished(turn))["seq"]
        second = await client.start(STREAM, conversation=conversation, model=parley.models["plain"])
        await client.expect("block.delta", turn=second["turn"])
        await late.send(type="subscribe", conversation=conversation, turn=turn, after=last - behind)
        for each in (client, late):
            await each.finished(second["turn"])
        assert late.frames[second["turn"]] == client.frames[second["turn"]]
        assert len(late.frames.get(turn, [])) == behind


async def test_second_tab_and_page_dialect_see_the_same(parley: Parley) -> None:
    cookie = parley.sign_in("insider")
    async with (
        parley.socket() as client,
        parley.page_socket(cookie, query="?render=html") as page,
        parley.socket() as tab,
    ):
        accepted = await client.start(STREAM, model=parley.models["plain"])
        turn, conversation = accepted["turn"], accepted["conversation"]
        await client.expect("block.delta", turn=turn)
        for other in (page, tab):
            await other.send(type="subscribe", conversation=conversation, turn=None)
        for other in (page, tab, client):
            await other.finished(turn)
    assert tab.frames[turn] == client.frames[turn]
    plain = [
        {key: value for key, value in found.items() if key != "html"}
        for found in page.messages
        if "seq" in found
    ]
    assert plain == [orjson.loads(frame) for frame in client.frames[turn]]
    assert any("html" in found for found in page.messages)


async def test_snapshot_and_later_events_are_the_state(parley: Parley) -> None:
    """The page's first state is read from rows in the middle of a stream; its socket brings the rest."""
    async with parley.socket() as client, parley.socket() as late:
        accepted = await client.start(ENDLESS, model=parley.models["plain"])
        turn, conversation = accepted["turn"], accepted["conversation"]
        await client.expect("block.delta", turn=turn, count=10)
        seen = await asyncio.to_thread(parley.shell, SNAPSHOT.format(conversation))
        snapshot = TurnState(**orjson.loads(seen))
        assert snapshot.status == "running"
        assert snapshot.seq > 0
        await late.send(type="subscribe", conversation=conversation, turn=turn, after=snapshot.seq)
        await late.expect("block.delta")
        await late.send(type="turn.stop", turn=turn)
        await late.finished(turn)
        await client.finished(turn)
        for frame in late.frames[turn]:
            snapshot.apply(orjson.loads(frame))
    assert snapshot == TurnState.of(client.frames[turn])


async def test_cleared_events_cause_a_refresh(parley: Parley) -> None:
    async with parley.socket() as client, parley.socket() as late:
        client_id = "018f0000-0000-7000-8000-00000000c1ea"
        accepted = await client.start(
            "[[scenario:echo]] bye", model=parley.models["plain"], client_id=client_id
        )
        turn, conversation = accepted["turn"], accepted["conversation"]
        await client.finished(turn)
        parley.rows.query("DELETE FROM chat_turnevent WHERE turn_id = ?", turn)
        await late.send(type="subscribe", conversation=conversation, turn=turn, after=1)
        assert (await late.expect("refresh", turn=turn))["conversation"] == conversation
        assert (await late.ask(type="turn.start", text="again", client_id=client_id))["turn"] == turn
        await late.expect("refresh", turn=turn, count=2)


async def test_unknown_frames_cause_a_refresh(parley: Parley) -> None:
    async with parley.socket() as client, parley.socket() as ahead:
        accepted = await client.start(STREAM, model=parley.models["plain"])
        turn, conversation = accepted["turn"], accepted["conversation"]
        await client.expect("block.delta", turn=turn)
        await ahead.send(type="subscribe", conversation=conversation, turn=turn, after=50_000)
        await client.finished(turn)
        await ahead.expect("refresh", turn=turn)
        await ahead.send(type="subscribe", conversation=conversation, turn=turn, after=50_000)
        await ahead.expect("refresh", turn=turn, count=2)
        assert turn not in ahead.frames


async def test_unsubscribed_conversations_send_nothing(parley: Parley) -> None:
    async with parley.socket() as client, parley.socket() as other:
        accepted = await client.start(ENDLESS, model=parley.models["plain"])
        turn, conversation = accepted["turn"], accepted["conversation"]
        await other.send(type="subscribe", conversation=conversation, turn=turn, after=0)
        await other.expect("block.delta", turn=turn)
        await other.send(type="unsubscribe", conversation=conversation)
        await other.send(type="ping")
        await other.expect("pong")
        seen = len(other.messages)
        # Another turn of its own wakes the viewer again and again; the old one must stay silent.
        own = (await other.start("[[scenario:long tokens=200 pace=100]]", model=parley.models["plain"]))[
            "turn"
        ]
        await other.finished(own)
        assert all(found.get("turn") in (own, None) for found in other.messages[seen:])
        await client.send(type="turn.stop", turn=turn)
        await client.finished(turn)


async def test_same_client_id_replays_its_turn(parley: Parley) -> None:
    async with parley.socket() as client, parley.socket() as other:
        accepted = await client.start(STREAM, model=parley.models["plain"])
        again = await other.ask(type="turn.start", text="something else", client_id=accepted["client_id"])
        assert again["turn"] == accepted["turn"]
        for each in (client, other):
            await each.finished(accepted["turn"])
    assert client.frames == other.frames


async def test_same_client_id_fifty_times_at_once_is_one_turn(parley: Parley) -> None:
    client_id = "018f0000-0000-7000-8000-000000000050"
    async with parley.socket() as first, parley.socket() as second:
        made = await first.start("[[scenario:echo]] begin", model=parley.models["plain"])
        await first.finished(made["turn"])
        clients = [first, second] * 25
        for client in clients:
            await client.send(
                type="turn.start",
                text=STREAM,
                client_id=client_id,
                conversation=made["conversation"],
                model=parley.models["plain"],
            )
        for client in (first, second):
            for count in range(1, 26):
                await client.expect("turn.accepted", client_id=client_id, count=count)
            assert not [found for found in client.messages if found["type"] == "error"]
        turns = {
            found["turn"]
            for client in (first, second)
            for found in client.messages
            if found["type"] == "turn.accepted" and found["client_id"] == client_id
        }
        assert len(turns) == 1
        await first.send(type="turn.stop", turn=turns.pop())
    messages = parley.rows.query(
        "SELECT id FROM chat_message WHERE conversation_id = ? AND role = 'user'", made["conversation"]
    )
    assert len(messages) == 2


async def test_two_tabs_at_the_same_moment_are_one_turn_and_one_busy(parley: Parley) -> None:
    async with parley.socket() as first, parley.socket() as second:
        made = await first.start("[[scenario:echo]] begin", model=parley.models["plain"])
        await first.finished(made["turn"])
        answers = await asyncio.gather(
            *(
                client.ask(
                    type="turn.start",
                    text=ENDLESS,
                    conversation=made["conversation"],
                    model=parley.models["plain"],
                )
                for client in (first, second)
            )
        )
        assert sorted(answer.get("code", answer["type"]) for answer in answers) == ["busy", "turn.accepted"]
        winner = next(answer for answer in answers if answer["type"] == "turn.accepted")
        client = first if winner in first.messages else second
        await client.send(type="turn.stop", turn=winner["turn"])
        await client.finished(winner["turn"])
