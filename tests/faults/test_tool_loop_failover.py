"""Tool loops that continue with another account, another model or another key. No request may be refused.

The models bind thinking to the account and to all blocks before it, and the simulator checks that; each key is an
account. Thinking of one account in a running loop is a 400 for another.
"""

import asyncio
import contextlib
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chat.simulator.app import create_app
from tests.faults.tool_turns import assert_conversation_continues, requested_call, tool_message, turn_messages
from tests.support.asgi import read_body, replay_body
from tests.support.parley import Parley, create_parley
from tests.support.simulator import Upstream
from tests.support.socket_client import SocketClient

BOUND = "claude-sonnet-5-5"
ANSWERED = ("succeeded", "exact")


@dataclasses.dataclass
class Failover:
    """A running Parley. Closing `leaving_upstream` stops the upstream of the connection "leaving"."""

    parley: Parley
    leaving_upstream: contextlib.ExitStack
    assistants: dict[str, str]


class OverloadedAfterPause:
    """The simulator, overloaded for requests that continue a paused answer."""

    def __init__(self) -> None:
        self.app = create_app(pace=0)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = await read_body(receive)
        if json.loads(body or b"{}").get("messages", [{}])[-1].get("role") == "assistant":
            scope["headers"].append((b"x-simulator-scenario", b"overloaded"))
        await self.app(scope, replay_body(body, receive), send)


@pytest.fixture(scope="module")
def failover(
    prepared_data: Path, tmp_path_factory: pytest.TempPathFactory, upstream: Upstream
) -> Iterator[Failover]:
    folder = tmp_path_factory.mktemp("loops") / "parley"
    with Upstream(OverloadedAfterPause()) as overloaded, contextlib.ExitStack() as stopping:
        leaving = stopping.enter_context(Upstream(create_app(pace=0)))
        own: dict[str, Any] = {"model_id": BOUND, "max_retries": 0}
        connections = [
            {"name": "other", "model_id": "claude-opus-5-5"},
            {"name": "keyed", **own},
            *({"name": name, **own} for name in ("crowded", "refused")),
            {"name": "leaving", "base_url": leaving.url, **own},
            {"name": "tired", "base_url": overloaded.url, **own},
            {"name": "dead", "base_url": "http://127.0.0.1:9", **own, "max_retries": 5},
            {"name": "dead-alone", "base_url": "http://127.0.0.1:9", "model_id": "alone", "max_retries": 2},
            *(
                {"name": f"spare-of-{name}", "same_as": name, "order": 200, **own}
                for name in ("crowded", "leaving", "tired", "dead")
            ),
        ]
        tools = {"TOOL_MODULES": "tests.support.tools"}
        parley = create_parley(prepared_data, folder, upstream, connections, **tools)
        names = [name for name in parley.models if not name.startswith(("spare", "other"))]
        models = {name: parley.models[name] for name in names}
        printed = parley.shell(
            "from chat.models import LanguageModel as M; from tests.faults.seed_rows import seed_tools\n"
            f"M.objects.filter(id={models['refused']!r}).update(fallback_id={parley.models['other']!r})\n"
            f"for name, model in {models!r}.items(): seed_tools(model, name=name, after_refusal='follow')"
        )
        with parley.running():
            yield Failover(parley, stopping, dict(zip(names, printed.split(), strict=True)))


def message_shapes(parley: Parley, turn: str) -> list[str]:
    """Return each message of a turn in short: its kind, or the block types of an answer."""
    return [
        " ".join(block["type"] for block in row["content"]) if row["role"] == "assistant" else row["kind"]
        for row in turn_messages(parley, turn)
    ]


async def assert_completed(client: SocketClient, turn: str) -> None:
    finished = await client.finished(turn)
    assert (finished["status"], finished["error"]) == ("completed", None)


def attempts(parley: Parley, turn: str) -> list[tuple[str, str, str]]:
    calls = parley.rows.calls(turn)
    billed = {row["request_id"]: row for row in parley.upstream.invoice()["rows"]}
    for call in calls:
        bill = billed.get(call["upstream_request_id"])
        if bill is not None and call["certainty"] == "exact":
            assert call["output_tokens"] == bill["usage"]["output_tokens"]
            assert call["input_tokens"] == bill["usage"]["input_tokens"]
    return [(call["connection_name"], call["status"], call["certainty"]) for call in calls]


LOOP = ["thinking text tool_use", "results", "continue", "thinking text"]


@pytest.mark.parametrize(
    ("fault", "certainty"),
    [("overloaded", "exact"), ("unavailable", "exact"), ("cut_before_delta", "estimated")],
)
async def test_loop_moves_to_another_account(failover: Failover, fault: str, certainty: str) -> None:
    parley = failover.parley
    async with parley.socket() as client:
        text = f"[[scenario:{fault} from=2 times=1 key=loop-{fault}]]\n{tool_message('quick one')}"
        accepted = await client.start(text, assistant=failover.assistants["crowded"])
        turn = accepted["turn"]
        await assert_completed(client, turn)
        assert message_shapes(parley, turn) == LOOP
        rows = turn_messages(parley, turn)
        assert [row["parent_id"] for row in rows[1:]] == [row["id"] for row in rows[:-1]]
        assert [row["depth"] for row in rows] == [1, 2, 3, 4]
        assert attempts(parley, turn) == [
            ("crowded", *ANSWERED),
            ("crowded", "failed", certainty),
            ("spare-of-crowded", *ANSWERED),
        ]
        (notice,) = json.loads(parley.rows.turn(turn)["notices"])
        assert (notice["code"], notice["to"]) == ("failover", "spare-of-crowded")
        assert client.frames[turn] == parley.rows.frames(turn)
        await assert_conversation_continues(client, accepted["conversation"])


async def test_paused_turn_moves_to_another_account(failover: Failover) -> None:
    parley = failover.parley
    async with parley.socket() as client:
        accepted = await client.start(
            "[[scenario:pause_turn]] Search.", assistant=failover.assistants["tired"]
        )
        await assert_completed(client, accepted["turn"])
        assert message_shapes(parley, accepted["turn"]) == [
            "thinking text server_tool_use",
            "continue",
            "thinking text",
        ]
        assert [name for name, *_ in attempts(parley, accepted["turn"])] == [
            "tired",
            "tired",
            "spare-of-tired",
        ]
        await assert_conversation_continues(client, accepted["conversation"])


async def test_fallback_model_continues_a_refused_loop(failover: Failover) -> None:
    parley = failover.parley
    async with parley.socket() as client:
        text = f"[[scenario:refusal_mid from=2 times=1 key=loop-refusal]]\n{tool_message('quick two')}"
        accepted = await client.start(text, assistant=failover.assistants["refused"])
        turn = accepted["turn"]
        await assert_completed(client, turn)
        assert message_shapes(parley, turn) == ["thinking text tool_use", "results", "", *LOOP[2:]]
        assert attempts(parley, turn) == [("refused", *ANSWERED)] * 2 + [("other", *ANSWERED)]
        assert turn_messages(parley, turn)[-1]["model_name"] == "claude-opus-5-5"
        await assert_conversation_continues(client, accepted["conversation"])


async def test_waiting_turn_continues_with_a_new_key(failover: Failover) -> None:
    parley = failover.parley
    async with parley.socket() as client:
        accepted = await client.start(tool_message("careful one"), assistant=failover.assistants["keyed"])
        turn = accepted["turn"]
        call = await requested_call(client, turn, "careful")
        await client.expect("turn.waiting", turn=turn)
        await asyncio.to_thread(
            parley.shell,
            "from chat.models import ProviderConnection as P; row = P.objects.get(name='keyed')\n"
            "row.credential = 'sk-changed'; row.save()",
        )
        await client.send(type="tool.decide", tool_call=call, decision="approve")
        await assert_completed(client, turn)
        assert message_shapes(parley, turn) == LOOP
        assert attempts(parley, turn) == [("keyed", *ANSWERED)] * 2
        await assert_conversation_continues(client, accepted["conversation"])


async def test_waiting_turn_continues_when_its_upstream_is_gone(failover: Failover) -> None:
    parley = failover.parley
    async with parley.socket() as client:
        accepted = await client.start(tool_message("careful two"), assistant=failover.assistants["leaving"])
        turn = accepted["turn"]
        call = await requested_call(client, turn, "careful")
        await client.expect("turn.waiting", turn=turn)
        await asyncio.to_thread(failover.leaving_upstream.close)
        await client.send(type="tool.decide", tool_call=call, decision="approve")
        await assert_completed(client, turn)
        assert message_shapes(parley, turn) == LOOP
        assert attempts(parley, turn) == [("leaving", *ANSWERED), ("spare-of-leaving", *ANSWERED)]
        await assert_conversation_continues(client, accepted["conversation"])


@pytest.mark.parametrize(("name", "status", "waits"), [("dead", "completed", 1), ("dead-alone", "failed", 2)])
async def test_dead_connection_is_retried_less_if_another_can_answer(
    failover: Failover, name: str, status: str, waits: int
) -> None:
    parley = failover.parley
    async with parley.socket() as client:
        turn = (await client.start("[[scenario:echo]] Hello", model=parley.models[name]))["turn"]
        assert (await client.finished(turn))["status"] == status
    assert len([found for found in client.messages if found.get("code") == "retrying"]) == waits
