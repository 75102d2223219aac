"""Clients that send too much or read too little: refused clearly, bounded in memory, harmless to others."""

import asyncio
import contextlib
import json
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from chat.claude.encoding.client_json import LONGEST_BYTES
from chat.live.consumer import BURST, ChatConsumer
from tests.support.parley import Parley
from tests.support.socket_client import SOCKET_OPTIONS, SocketClient

DEEP = '{"type":"ping","x":' + "[" * 10_000 + "]" * 10_000 + "}"
ALLOWED_GROWTH_KIB = 64 * 1024
TOO_SLOW = 4408


def resident_kib(parley: Parley) -> int:
    assert parley.server.process is not None
    status = Path(f"/proc/{parley.server.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "null",
        "[]",
        '"ping"',
        "7",
        "NaN",
        '{"type":NaN}',
        '{"type":"ping"',
        DEEP,
        '{"type":' + "9" * 5000 + "}",
        '{"type":"turn.start","text":' + "9" * 5000 + "}",
        '{"type":"turn.start","client_id":' + "9" * 5000 + ',"text":"x"}',
        "{}",
        '{"type":null}',
        '{"type":["ping"]}',
        '{"type":"receive"}',
        '{"type":"turn.finished"}',
        '{"type":"ping\\ud800"}',
        '{"type":"tool.decide","input":{"a":1e400},"tool_call":1e400}',
        '{"type":"turn.start","text":"x"}',
        '{"type":"turn.start","text":"x","client_id":"7"}',
        '{"type":"turn.start","text":7,"client_id":"018f0000-0000-7000-8000-000000000001"}',
        '{"type":"turn.start","text":"x","attachments":[1],"client_id":"018f0000-0000-7000-8000-000000000001"}',
    ],
    ids=lambda text: text[:30] or "nothing",
)
async def test_invalid_commands_are_refused_with_a_message(parley: Parley, text: str) -> None:
    async with parley.socket() as client:
        await client.connection.send(text)
        answer = await client.expect("error")
        assert answer["code"] == "invalid"
        assert answer["message"]
        await client.send(type="ping")
        await client.expect("pong")


@pytest.mark.parametrize("after", [-1, 1.5, "7", True, 2**31, 2**63, 2**64 - 1, [1]])
async def test_after_has_to_be_a_small_integer(parley: Parley, after: Any) -> None:
    async with parley.socket() as client:
        accepted = await client.start("[[scenario:echo]] hi", model=parley.models["plain"])
        command = {"type": "subscribe", "conversation": accepted["conversation"], "turn": accepted["turn"]}
        assert await client.refused(**command, after=after) == "invalid"
        await client.finished(accepted["turn"])


@pytest.mark.parametrize(
    ("text", "code"), [(" \n\u3000", "empty"), ("\u200b" * 3, None), ("x" * 1_000_001, "too_long")]
)
async def test_texts_up_to_the_limit_are_accepted(parley: Parley, text: str, code: str | None) -> None:
    async with parley.socket() as client:
        answer = await client.ask(type="turn.start", text=text, model=parley.models["plain"])
        assert answer.get("code") == code
        if code is None:
            await client.finished(answer["turn"])


async def test_odd_characters_are_kept_or_replaced(parley: Parley) -> None:
    async with parley.socket() as client:
        start = {"type": "turn.start", "client_id": str(uuid4()), "model": parley.models["plain"]}
        text = "[[scenario:echo]] a\0b\u202ec😀"
        await client.connection.send(json.dumps({**start, "text": text}))
        accepted = await client.expect("turn.accepted")
        await client.finished(accepted["turn"])
    assert parley.rows.text(accepted["turn"]) == "a\ufffdb\u202ec😀"


async def test_binary_frames_are_refused(parley: Parley) -> None:
    async with parley.socket() as client:
        await client.connection.send(b'{"type":"ping"}')
        assert (await client.expect("error"))["code"] == "invalid"


async def test_huge_message_ends_the_socket_and_costs_no_memory(parley: Parley) -> None:
    before = resident_kib(parley)
    async with parley.socket() as client:
        with contextlib.suppress(ConnectionClosed):
            await client.connection.send("x" * (64 * 2**20))
        assert await client.closed() in (1009, 1006)
    assert resident_kib(parley) - before < ALLOWED_GROWTH_KIB


@pytest.mark.parametrize("part", ["[],", "{},", '"",', "0,"])
async def test_many_small_values_cost_no_memory(parley: Parley, part: str) -> None:
    before = resident_kib(parley)
    async with parley.socket() as client:
        count = LONGEST_BYTES // len(part) - 20
        await client.connection.send('{"type":"ping","x":[' + part * count + "0]}")
        assert (await client.expect("error"))["code"] == "invalid"
        await client.send(type="ping")
        await client.expect("pong")
    assert resident_kib(parley) - before < ALLOWED_GROWTH_KIB


async def test_long_frames_count_like_many_commands() -> None:
    consumer = ChatConsumer()
    consumer._allowance, consumer._last_command_at = float(BURST), asyncio.get_running_loop().time()
    assert [consumer._within_pace(LONGEST_BYTES) for _ in range(3)] == [True, True, False]


async def test_flood_of_commands_closes_the_socket(parley: Parley) -> None:
    async with parley.socket() as client, parley.socket() as other:
        # Only some more than are allowed: a server that closes with much unread resets the connection without a code.
        with contextlib.suppress(ConnectionClosed):
            for _ in range(3 * BURST):
                await client.send(type="ping")
        assert await client.closed() == 4429
        await other.send(type="ping")
        await other.expect("pong")


async def test_too_many_subscriptions_are_refused(parley: Parley) -> None:
    made = (
        "from chat.models import Conversation, User; u = User.objects.get(email='colleague@example.test'); "
    )
    make = "print(*[Conversation.objects.create(owner=u).id for _ in range(101)])"
    conversations = (await asyncio.to_thread(parley.shell, made + make)).split()
    async with parley.socket("colleague") as client:
        for conversation in conversations:
            await client.send(type="subscribe", conversation=conversation)
        assert (await client.expect("error"))["conversation"] == conversations[-1]


@pytest.mark.slow
async def test_client_that_never_reads_is_dropped_not_buffered(parley: Parley) -> None:
    """Sockets ask for a megabyte again and again and read nothing of it."""
    async with parley.socket() as client:
        accepted = await client.start("[[scenario:huge_delta bytes=1000000]]", model=parley.models["plain"])
        turn, conversation = accepted["turn"], accepted["conversation"]
        await client.finished(turn)
        before = resident_kib(parley)
        again = json.dumps({"type": "subscribe", "conversation": conversation, "turn": turn, "after": 0})
        headers = {"Authorization": f"Bearer {parley.people['insider']['chat']}"}
        deaf = []
        for _ in range(5):
            connection = await connect(parley.server.ws_url, additional_headers=headers, **SOCKET_OPTIONS)
            connection.transport.pause_reading()
            deaf.append(connection)
        # Others are served meanwhile; this answer lasts longer than the server's patience with the deaf.
        own = (await client.start("[[scenario:long tokens=800 pace=20]]", model=parley.models["plain"]))[
            "turn"
        ]
        await client.expect("block.delta", turn=own)
        while not [
            found for found in client.messages if found["type"] == "turn.finished" and found["turn"] == own
        ]:
            assert resident_kib(parley) - before < ALLOWED_GROWTH_KIB
            count = await _ping(client)
            await client.expect("pong", count=count)
            if count % 10 == 1 and count < 200:
                # One after the other: a second wish replaces the first, as long as that is not fulfilled.
                for connection in deaf:
                    await connection.send(again)
        for connection in deaf:
            connection.transport.resume_reading()
        assert {await SocketClient(connection).closed() for connection in deaf} == {TOO_SLOW}


async def _ping(client: SocketClient) -> int:
    """Ask for one more pong, no more often than the socket's pace allows; returns how many there will be."""
    seen = len(client.messages)
    await client.until(lambda found: found["type"] in ("block.delta", "turn.finished"), after=seen)
    await client.send(type="ping")
    return 1 + len([found for found in client.messages if found["type"] == "pong"])


async def test_burst_of_messages_to_one_viewer_arrives_whole(parley: Parley) -> None:
    """Three hundred events at once, which a channel layer would cut to a hundred, silently."""
    async with parley.socket() as client, parley.socket() as other:
        turns = [
            await client.start("[[scenario:burst tokens=300]]", model=parley.models["plain"])
            for _ in range(20)
        ]
        for accepted in turns:
            await other.send(
                type="subscribe", conversation=accepted["conversation"], turn=accepted["turn"], after=0
            )
        for accepted in turns:
            await client.finished(accepted["turn"])
            await other.finished(accepted["turn"])
            assert client.frames[accepted["turn"]] == other.frames[accepted["turn"]]
