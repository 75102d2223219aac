"""The benchmark prints every row with a figure. The figures themselves need a quiet machine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.table import Row, render
from tests.support.environment import ROOT, child


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_quick_run_prints_and_stores_every_row(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick"],
        cwd=ROOT,
        env=child(tmp_path, measured=False),
        capture_output=True,
        text=True,
        check=False,
        timeout=390,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    kept = json.loads((tmp_path / "bench.json").read_text())
    assert kept["quick"] is True
    assert len(kept["rows"]) == 15
    for row in kept["rows"]:
        assert row["figure"] in done.stdout
        # A core may carry no stream in time on a busy machine, and memory may even be given back.
        assert row["measured"] > 0 or row["figure"].startswith(("streams a core", "memory a stream")), row
    assert f"{kept['machine']['cores']} cores" in done.stdout


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (Row("late", 70, "ms", 5, 133, 80), "goal"),
        (Row("late", 80.1, "ms", 5, 133, 80), "first landing"),
        (Row("late", 134, "ms", 5, 133, 80), "MISSED"),
        (Row("share", 65, "%", 100, 40, 65, more=True), "goal"),
        (Row("share", 64, "%", 100, 40, 65, more=True), "first landing"),
        (Row("share", 39, "%", 100, 40, 65, more=True), "MISSED"),
        (Row("rate", 39, "deltas/s"), "-"),
    ],
)
def test_verdict_compares_figure_and_limits(row: Row, verdict: str) -> None:
    assert row.verdict == verdict
    assert row.as_json()["verdict"] == verdict


def test_the_table_is_aligned_markdown() -> None:
    lines = render([Row("a", 1234.5, "ms", 0.5, 2000, 1000), Row("b", 0.25, "x", more=True)]).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert [cell.strip() for cell in lines[2].split("|")[1:-1]] == [
        "a",
        "1,234 ms",
        "0.50 ms",
        "≤ 2,000 ms",
        "≤ 1,000 ms",
        "first landing",
    ]
