"""SIGKILL of the server: no accepted message is lost, every turn ends, the ledger is clean.

THOROUGH=1 asks for more rounds.
"""

import asyncio
import os
from pathlib import Path

import pytest

from tests.faults.kill import Report, parley_to_kill, run_rounds

# A flush begins every 200 ms; beside that it takes its own time, and so do the viewer's frames on a busy machine.
LONGEST_LOSS_SECONDS = 1.0
SQLITE_ROUNDS, POSTGRESQL_ROUNDS = (14, 6) if os.environ.get("THOROUGH") else (5, 3)


def check(report: Report) -> None:
    print(report)
    assert report.problems == []
    assert report.accepted >= report.rounds
    assert report.interrupted > 0
    assert report.longest_loss_seconds < LONGEST_LOSS_SECONDS, str(report)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_kills_on_sqlite_lose_nothing(prepared_data: Path, tmp_path: Path) -> None:
    with parley_to_kill(prepared_data, tmp_path / "parley") as parley:
        check(asyncio.run(run_rounds(parley, SQLITE_ROUNDS, seed=14)))


@pytest.mark.slow
@pytest.mark.services
@pytest.mark.timeout(400)
def test_kills_on_postgresql_lose_nothing(prepared_data: Path, tmp_path: Path, postgres_url: str) -> None:
    with parley_to_kill(prepared_data, tmp_path / "parley", DATABASE_URL=postgres_url) as parley:
        check(asyncio.run(run_rounds(parley, POSTGRESQL_ROUNDS, seed=6)))
