"""Turns complete against a chaos server of strangers, which finds no error of its client.

`tests/world/chaos.py` says how; a longer run is `python -m tests.world.chaos --turns 300`.
"""

from pathlib import Path

import pytest

from tests.world.chaos import ChaosServer, run

pytestmark = pytest.mark.slow
TURNS, LANES = 60, 20


def test_turns_complete_against_a_failing_provider(prepared_data: Path, tmp_path: Path) -> None:
    with ChaosServer(seed=1) as chaos:
        report = run(prepared_data, tmp_path / "parley", chaos, turns=TURNS, lanes=LANES)
    print(report)
    assert report.turns == TURNS
    assert report.completed >= 0.99 * TURNS, report
    assert report.verdict["errors"] == 0, report
    assert report.rows.total() == report.faults.total()
    assert report.rows["succeeded"] == report.faults["fine"]
    broken = report.faults["stream:disconnect"] + report.faults["stream:malformed"]
    assert 0 < report.rows["cut"] <= broken
    errors = report.faults.total() - report.faults["fine"] - broken
    assert errors > TURNS / 5
    assert broken > TURNS / 10
