"""Leases: a late owner changes nothing, and a living owner keeps its turn whatever the wall clock says."""

import datetime as dt

import pytest
from django.utils import timezone

from chat.models import Turn
from chat.operations.turns.recovery import LeaseWatch
from tests.support.clock import Clock
from tests.support.parley import Parley


async def test_late_owner_changes_nothing(parley: Parley) -> None:
    """Another owner takes the turn while its text is being written here, as after a pause longer than the lease."""
    async with parley.socket() as client:
        accepted = await client.start("[[scenario:long tokens=4000 pace=60]]", model=parley.models["plain"])
        turn = accepted["turn"]
        await client.expect("block.delta", turn=turn, count=5)
        parley.rows.query("UPDATE chat_turn SET fence = fence + 1, owner = 'another' WHERE id = ?", turn)
        taken = parley.rows.frames(turn)
        assert await client.expect("refresh", turn=turn)
        assert not [found for found in client.messages if found["type"] == "turn.finished"]
    row = parley.rows.turn(turn)
    assert (row["status"], row["owner"], row["last_seq"]) == ("running", "another", 0)
    assert parley.rows.frames(turn)[: len(taken)] == taken
    assert parley.rows.answers(turn)[0]["status"] == "streaming"
    # What the upstream did is still paid, and only once.
    assert [call["status"] for call in parley.rows.calls(turn)] == ["cut"]


@pytest.mark.parametrize("jump", [dt.timedelta(days=-1), dt.timedelta(days=1)])
def test_wall_clock_jumps_expire_no_lease(turn: Turn, jump: dt.timedelta) -> None:
    clock = Clock()
    watch = LeaseWatch(lease_seconds=15, clock=clock)
    for _ in range(10):
        assert watch.reap() == []
        clock.now += 5
        Turn.objects.filter(id=turn.id).update(heartbeat_at=timezone.now() + jump)
        jump *= -1
    assert Turn.objects.get(id=turn.id).status == "running"


def test_silence_for_a_whole_lease_ends_a_turn_once(turn: Turn) -> None:
    clock = Clock()
    watches = [LeaseWatch(lease_seconds=15, clock=clock) for _ in range(2)]
    for watch in watches:
        assert watch.reap() == []
    clock.now = 14.9
    assert watches[0].reap() == []
    clock.now = 15
    assert watches[0].reap(alive={turn.id}) == []
    assert [watch.reap() for watch in watches] == [[turn.id], []]
    assert Turn.objects.get(id=turn.id).error_code == "restarted"
