"""Several models answer one message: the frames of a socket, and what the ledger has of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.parley import Parley, create_parley
from tests.support.simulator import Upstream
from tests.support.socket_client import SocketClient

LONG = "[[scenario:long tokens=4000 pace=40]]"


@pytest.fixture(scope="module")
def parley(
    prepared_data: Path, tmp_path_factory: pytest.TempPathFactory, upstream: Upstream
) -> Iterator[Parley]:
    """A Parley of this module's own, because its models change."""
    folder = tmp_path_factory.mktemp("compared") / "parley"
    names = [{"name": name} for name in ("first", "second", "third")]
    with create_parley(prepared_data, folder, upstream, names).running() as created:
        yield created


async def ask(client: SocketClient, parley: Parley, text: str, **command: Any) -> dict[str, Any]:
    others = [{"model": parley.models[name]} for name in ("second", "third")]
    return await client.start(text, model=parley.models["first"], **{"compare_with": others, **command})


async def next_turn(client: SocketClient, before: dict[str, Any]) -> dict[str, Any]:
    """Return the announcement of the turn that follows another one."""
    place = client.messages.index(before) + 1
    return await client.until(lambda found: found["type"] == "turn.accepted", after=place)


def asked_models(parley: Parley, conversation: str) -> list[str]:
    rows = parley.rows.query(
        "SELECT connection_name FROM chat_apicall WHERE conversation_id = ? AND purpose = 'turn' ORDER BY id",
        conversation,
    )
    return [row["connection_name"] for row in rows]


async def test_the_server_asks_one_after_the_other(parley: Parley) -> None:
    """A second socket that only watches gets the same turns in the same order."""
    async with parley.socket() as client, parley.socket() as other:
        first = await ask(client, parley, "[[scenario:long tokens=40 pace=30]] Which is better?")
        assert [one["model"] for one in first["compare_with"]] == [
            parley.models["second"],
            parley.models["third"],
        ]
        await other.send(type="subscribe", conversation=first["conversation"])
        second = await next_turn(client, first)
        third = await next_turn(client, second)
        assert [len(second["compare_with"]), third["compare_with"]] == [1, []]
        turns = [one["turn"] for one in (first, second, third)]
        for watching in (client, other):
            for turn in turns:
                assert (await watching.finished(turn))["status"] == "completed"
            assert list(watching.frames) == turns
            assert all(watching.frames[turn] == parley.rows.frames(turn) for turn in turns)
        # An answer is announced behind the last frame of the one before it.
        kinds = [
            found["type"] for found in client.messages if found["type"] in ("turn.accepted", "turn.finished")
        ]
        assert kinds == ["turn.accepted", "turn.finished"] * 3
    assert {one["user_message"] for one in (first, second, third)} == {first["user_message"]}
    assert asked_models(parley, first["conversation"]) == ["first", "second", "third"]
    assert [len(parley.rows.calls(turn)) for turn in turns] == [1, 1, 1]


async def test_a_retry_begins_a_round_too(parley: Parley) -> None:
    async with parley.socket() as client:
        turn = await client.start("[[scenario:echo]] hi", model=parley.models["first"])
        assert "compare_with" not in turn
        await client.finished(turn["turn"])
        retried = await client.ask(
            type="turn.retry",
            turn=turn["turn"],
            model=parley.models["second"],
            compare_with=[{"model": parley.models["third"]}],
        )
        last = await next_turn(client, retried)
        await client.finished(last["turn"])
    assert asked_models(parley, turn["conversation"]) == ["first", "second", "third"]


async def test_nobody_watches_and_the_round_goes_on(parley: Parley) -> None:
    async with parley.socket() as client:
        first = await ask(client, parley, "[[scenario:long tokens=40 pace=30]]")
        await client.expect("block.delta")
    async with parley.socket() as later:
        await later.send(type="subscribe", conversation=first["conversation"])
        last = await later.until(
            lambda found: found["type"] == "turn.accepted" and found["compare_with"] == []
        )
        await later.finished(last["turn"])
    assert asked_models(parley, first["conversation"]) == ["first", "second", "third"]


async def test_a_stop_ends_the_round(parley: Parley) -> None:
    async with parley.socket() as client:
        first = await ask(client, parley, LONG)
        await client.expect("block.delta", turn=first["turn"])
        await client.send(type="turn.stop", turn=first["turn"])
        assert (await client.finished(first["turn"]))["status"] == "stopped"
        # The next message is accepted: nothing else is being answered.
        after = await client.start("[[scenario:echo]] hi", conversation=first["conversation"])
        await client.finished(after["turn"])
    assert asked_models(parley, first["conversation"]) == ["first", "first"]


async def test_an_error_does_not_end_the_round(parley: Parley) -> None:
    async with parley.socket() as client:
        first = await ask(client, parley, "[[scenario:authentication]]")
        assert (await client.finished(first["turn"]))["status"] == "failed"
        last = await next_turn(client, await next_turn(client, first))
        assert (await client.finished(last["turn"]))["error"]["code"] == "authentication"


async def test_models_that_are_gone_end_with_a_reason(parley: Parley) -> None:
    """Turns that never run reach viewers as any other; nothing is asked for them."""
    switch = "from chat.models import LanguageModel as M; M.objects.exclude(display_name='first').update(enabled={})"
    async with parley.socket() as client, parley.socket() as other:
        first = await ask(client, parley, LONG.replace("4000", "60"))
        await client.expect("block.delta", turn=first["turn"])
        await other.send(type="subscribe", conversation=first["conversation"])
        parley.shell(switch.format(False))
        try:
            # The other socket was there after the first announcement, which it got as it subscribed.
            for watching, skipped in ((client, 1), (other, 0)):
                second = await watching.expect("turn.accepted", count=skipped + 1)
                third = await next_turn(watching, second)
                for turn, name in ((second["turn"], "second"), (third["turn"], "third")):
                    end = await watching.finished(turn)
                    assert (end["status"], end["error"]) == (
                        "failed",
                        {
                            "code": "not_offered",
                            "message": f"{name} is no longer offered to you, so it was not asked.",
                        },
                    )
                    assert watching.frames[turn] == parley.rows.frames(turn)
        finally:
            parley.shell(switch.format(True))
        after = await client.start("[[scenario:echo]] hi", conversation=first["conversation"])
        assert (await client.finished(after["turn"]))["status"] == "completed"
    assert asked_models(parley, first["conversation"]) == ["first", "first"]


@pytest.mark.parametrize("wanted", ["plain", [1], [{}], [{"model": "a"}] * 3])
async def test_bad_input_gets_a_clear_error(parley: Parley, wanted: Any) -> None:
    async with parley.socket() as client:
        command = {"type": "turn.start", "text": "hi", "model": parley.models["first"]}
        refused = await client.ask(**command, compare_with=wanted)
        assert (refused["type"], refused["code"]) == ("error", "invalid")
        assert refused["message"].startswith("compare_with must be a list of at most two objects")
        refused = await client.ask(**command, compare_with=[{"model": "no-such-model"}])
        assert (refused["type"], refused["code"]) == ("error", "not_found")
    assert not parley.rows.query("SELECT id FROM chat_turn WHERE client_id = ?", refused["client_id"])
