"""Tool loops that go on elsewhere: another account, another model, another key. No request may be refused.

The models bind thinking to the account and to all that stands before it, and the simulator checks that: a key is an
account. What one account thought in a running loop is a 400 for another.
"""

import asyncio
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chat.simulator.app import create_app
from tests.faults.stage import Line, Parley, build, ended_well
from tests.faults.test_tools import asking, goes_on_well, messages, requested
from tests.support.simulator import Upstream

BOUND = "claude-sonnet-5-5"
ANSWERED = ("succeeded", "exact")


@dataclasses.dataclass
class Elsewhere:
    """A running Parley, and an upstream of its own for the connection that will be gone."""

    stage: Parley
    leaving: Upstream
    assistants: dict[str, str]


class Tires:
    """The simulator, overloaded for whoever comes with a paused answer."""

    def __init__(self) -> None:
        self.app = create_app(pace=0)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        first = await receive()
        body = json.loads(first.get("body") or b"{}")
        if body.get("messages", [{}])[-1].get("role") == "assistant":
            scope["headers"].append((b"x-simulator-scenario", b"overloaded"))
        waiting = [first]

        async def again() -> Any:
            return waiting.pop() if waiting else await receive()

        await self.app(scope, again, send)


@pytest.fixture(scope="module")
def elsewhere(
    prepared_data: Path, tmp_path_factory: pytest.TempPathFactory, upstream: Upstream
) -> Iterator[Elsewhere]:
    folder = tmp_path_factory.mktemp("loops") / "parley"
    leaving = Upstream(create_app(pace=0)).__enter__()
    with Upstream(Tires()) as tires:
        own: dict[str, Any] = {"model_id": BOUND, "max_retries": 0}
        connections = [
            {"name": "other", "model_id": "claude-opus-5-5"},
            {"name": "keyed", **own},
            *({"name": name, **own} for name in ("crowded", "refused")),
            {"name": "leaving", "base_url": leaving.url, **own},
            {"name": "tired", "base_url": tires.url, **own},
            {"name": "dead", "base_url": "http://127.0.0.1:9", **own, "max_retries": 5},
            {"name": "dead-alone", "base_url": "http://127.0.0.1:9", "model_id": "alone", "max_retries": 2},
            *(
                {"name": f"spare-of-{name}", "same_as": name, "order": 200, **own}
                for name in ("crowded", "leaving", "tired", "dead")
            ),
        ]
        made = build(prepared_data, folder, upstream, connections, TOOL_MODULES="tests.support.tools")
        first = [name for name in made.models if not name.startswith(("spare", "other"))]
        rows = {name: made.models[name] for name in first}
        told = made.shell(
            "from chat.models import LanguageModel as M; from tests.faults.seed import seed_tools\n"
            f"M.objects.filter(id={rows['refused']!r}).update(fallback_id={made.models['other']!r})\n"
            f"for name, row in {rows!r}.items(): seed_tools(row, name=name, after_refusal='follow')"
        )
        made.server.start()
        try:
            yield Elsewhere(made, leaving, dict(zip(first, told.split(), strict=True)))
            ended_well(made)
        finally:
            made.server.kill()


def shape(stage: Parley, turn: str) -> list[str]:
    """Write the turn's messages in short: the kind, or the types of an answer's blocks."""
    return [
        " ".join(block["type"] for block in row["content"]) if row["role"] == "assistant" else row["kind"]
        for row in messages(stage, turn)
    ]


async def well_ended(line: Line, turn: str) -> None:
    finished = await line.finished(turn)
    assert (finished["status"], finished["error"]) == ("completed", None)


def tries(stage: Parley, turn: str) -> list[tuple[str, str, str]]:
    calls = stage.rows.calls(turn)
    billed = {row["request_id"]: row for row in stage.upstream.invoice()["rows"]}
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
async def test_a_loop_moves_to_another_account(elsewhere: Elsewhere, fault: str, certainty: str) -> None:
    stage = elsewhere.stage
    async with stage.socket() as line:
        text = f"[[scenario:{fault} from=2 times=1 key=loop-{fault}]]\n{asking('quick one')}"
        accepted = await line.start(text, assistant=elsewhere.assistants["crowded"])
        turn = accepted["turn"]
        await well_ended(line, turn)
        assert shape(stage, turn) == LOOP
        rows = messages(stage, turn)
        assert [row["parent_id"] for row in rows[1:]] == [row["id"] for row in rows[:-1]]
        assert [row["depth"] for row in rows] == [1, 2, 3, 4]
        assert tries(stage, turn) == [
            ("crowded", *ANSWERED),
            ("crowded", "failed", certainty),
            ("spare-of-crowded", *ANSWERED),
        ]
        (notice,) = json.loads(stage.rows.turn(turn)["notices"])
        assert (notice["code"], notice["to"]) == ("failover", "spare-of-crowded")
        assert line.frames[turn] == stage.rows.frames(turn)
        await goes_on_well(line, accepted["conversation"])


async def test_a_pause_moves_to_another_account(elsewhere: Elsewhere) -> None:
    stage = elsewhere.stage
    async with stage.socket() as line:
        accepted = await line.start(
            "[[scenario:pause_turn]] Search.", assistant=elsewhere.assistants["tired"]
        )
        await well_ended(line, accepted["turn"])
        assert shape(stage, accepted["turn"]) == [
            "thinking text server_tool_use",
            "continue",
            "thinking text",
        ]
        assert [name for name, *_ in tries(stage, accepted["turn"])] == ["tired", "tired", "spare-of-tired"]
        await goes_on_well(line, accepted["conversation"])


async def test_a_refusal_within_a_loop_is_followed(elsewhere: Elsewhere) -> None:
    stage = elsewhere.stage
    async with stage.socket() as line:
        text = f"[[scenario:refusal_mid from=2 times=1 key=loop-refusal]]\n{asking('quick two')}"
        accepted = await line.start(text, assistant=elsewhere.assistants["refused"])
        turn = accepted["turn"]
        await well_ended(line, turn)
        assert shape(stage, turn) == ["thinking text tool_use", "results", "", *LOOP[2:]]
        assert tries(stage, turn) == [("refused", *ANSWERED)] * 2 + [("other", *ANSWERED)]
        assert messages(stage, turn)[-1]["model_name"] == "claude-opus-5-5"
        await goes_on_well(line, accepted["conversation"])


async def test_a_turn_that_waited_goes_on_under_another_key(elsewhere: Elsewhere) -> None:
    stage = elsewhere.stage
    async with stage.socket() as line:
        accepted = await line.start(asking("careful one"), assistant=elsewhere.assistants["keyed"])
        turn = accepted["turn"]
        call = await requested(line, turn, "careful")
        await line.expect("turn.waiting", turn=turn)
        await asyncio.to_thread(
            stage.shell,
            "from chat.models import ProviderConnection as P; row = P.objects.get(name='keyed')\n"
            "row.credential = 'sk-changed'; row.save()",
        )
        await line.send(type="tool.decide", tool_call=call, decision="approve")
        await well_ended(line, turn)
        assert shape(stage, turn) == LOOP
        assert tries(stage, turn) == [("keyed", *ANSWERED)] * 2
        await goes_on_well(line, accepted["conversation"])


async def test_a_turn_that_waited_goes_on_although_its_upstream_is_gone(elsewhere: Elsewhere) -> None:
    stage = elsewhere.stage
    async with stage.socket() as line:
        accepted = await line.start(asking("careful two"), assistant=elsewhere.assistants["leaving"])
        turn = accepted["turn"]
        call = await requested(line, turn, "careful")
        await line.expect("turn.waiting", turn=turn)
        await asyncio.to_thread(elsewhere.leaving.__exit__)
        await line.send(type="tool.decide", tool_call=call, decision="approve")
        await well_ended(line, turn)
        assert shape(stage, turn) == LOOP
        assert tries(stage, turn) == [("leaving", *ANSWERED), ("spare-of-leaving", *ANSWERED)]
        await goes_on_well(line, accepted["conversation"])


@pytest.mark.parametrize(("name", "status", "waits"), [("dead", "completed", 1), ("dead-alone", "failed", 2)])
async def test_nobody_waits_long_for_the_dead_while_another_could_answer(
    elsewhere: Elsewhere, name: str, status: str, waits: int
) -> None:
    stage = elsewhere.stage
    async with stage.socket() as line:
        turn = (await line.start("[[scenario:echo]] Hello", model=stage.models[name]))["turn"]
        assert (await line.finished(turn))["status"] == status
    assert len([found for found in line.messages if found.get("code") == "retrying"]) == waits
