"""Kills: nothing accepted is lost, every turn ends, the ledger is clean. Twenty in CI, fewer at a desk."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.faults.kill import Verdict, parley_to_kill, run

# A flush begins every 200 ms; beside that it takes its own time, and so do the viewer's frames on a busy machine.
LONGEST_LOSS_SECONDS = 1.0
ON_SQLITE, ON_POSTGRESQL = (14, 6) if os.environ.get("CI") else (5, 3)


def held(verdict: Verdict) -> None:
    print(verdict)
    assert verdict.problems == []
    assert verdict.accepted >= verdict.rounds
    assert verdict.interrupted > 0
    assert verdict.longest_loss_seconds < LONGEST_LOSS_SECONDS, str(verdict)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_kills_on_sqlite(prepared_data: Path, tmp_path: Path) -> None:
    with parley_to_kill(prepared_data, tmp_path / "parley") as stage:
        held(asyncio.run(run(stage, rounds=ON_SQLITE, seed=14)))


@pytest.mark.slow
@pytest.mark.services
@pytest.mark.timeout(400)
def test_kills_on_postgresql(prepared_data: Path, tmp_path: Path, postgres_url: str) -> None:
    with parley_to_kill(prepared_data, tmp_path / "parley", DATABASE_URL=postgres_url) as stage:
        held(asyncio.run(run(stage, rounds=ON_POSTGRESQL, seed=6)))
