"""The benchmark prints every row with a figure. The figures themselves need a quiet machine."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bench.browser_page import chromium_path
from bench.forms import EMBEDDED, missing_service
from bench.load import QUICK
from bench.table import SCALED, Row, render
from tests.support.environment import ROOT, child

# Of the form that people begin with; `make bench` has the others too.
ROWS = {EMBEDDED: 20, "-": 1, "browser": 5}
NOWHERE = "postgres://127.0.0.1:1/postgres"
# A core may carry no stream in time on a busy machine, memory may be given back, and a start may be fast.
PERHAPS_NOTHING = ("streams a core", "memory a stream", "cold start beyond")


@pytest.mark.slow
@pytest.mark.timeout(1500)  # ten minutes were not enough on a busy machine
def test_quick_run_prints_and_stores_every_row(tmp_path: Path) -> None:
    environment = child(tmp_path, TEST_DATABASE_URL=NOWHERE)
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=1490,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    kept = json.loads((tmp_path / "bench.json").read_text())
    assert kept["quick"] is True
    assert f"{kept['machine']['cores']} cores" in done.stdout
    assert "are left out" in done.stdout
    expected = {form: rows for form, rows in ROWS.items() if form != "browser" or chromium_path()}
    assert Counter(row["form"] for row in kept["rows"]) == expected
    for row in kept["rows"]:
        assert row["figure"] in done.stdout
        assert row["measured"] > 0 or row["figure"].startswith(PERHAPS_NOTHING), row
        assert (row["must"] is None) == (row["verdict"] == "-")


def test_missing_service_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", NOWHERE)
    assert missing_service().startswith("TEST_DATABASE_URL: nothing answers at 127.0.0.1:1")


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (Row("-", "late", 70, "ms", 5, 133, 80), "held, goal too"),
        (Row("-", "late", 80.1, "ms", 5, 133, 80), "held"),
        (Row("-", "late", 134, "ms", 5, 133, 80), "MISSED"),
        (Row("-", "late", 132, "ms", 5, 133), "held"),
        (Row("-", "share", 75, "%", 100, 60, 75, more=True), "held, goal too"),
        (Row("-", "share", 74, "%", 100, 60, 75, more=True), "held"),
        (Row("-", "share", 59, "%", 100, 60, 75, more=True), "MISSED"),
        (Row("-", "rate", 39, "deltas/s"), "-"),
        (Row("-", "late", 199, "ms", 5, 133, 80, scale=1.5), "held"),
        (Row("-", "late", 200, "ms", 5, 133, 80, scale=1.5), "MISSED"),
        (Row("-", "streams", 200, "", 500, 400, 500, more=True, scale=0.5), "held"),
    ],
)
def test_verdict_compares_figure_and_limits(row: Row, verdict: str) -> None:
    assert row.verdict == verdict
    assert row.as_json()["verdict"] == verdict


def test_the_table_is_aligned_markdown() -> None:
    rows = [
        Row("embedded", "a", 1234.5, "ms", 0.5, 2000, 1000),
        Row("-", "b", 0.25, "x"),
        Row("-", "c", 14, must=14),
    ]
    lines = render(rows).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert render([Row("-", "late", 199, "ms", 5, 133, scale=1.5)]).splitlines()[-1] == SCALED
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]
    assert cells[0] == ["embedded", "a", "1,234 ms", "0.50 ms", "≤ 2,000 ms", "≤ 1,000 ms", "held"]
    assert cells[2] == ["-", "c", "14", "-", "≤ 14", "-", "held"]


def test_load_lasts_longer_than_its_window() -> None:
    flat, paced = QUICK.flat(), QUICK.paced()
    assert flat.request == "deltas=500 pace=0 together=8"
    assert (flat.window_seconds, flat.spacing_seconds) == (0, 0)
    deltas = int(paced.request.split()[0].removeprefix("deltas="))
    assert deltas / 20 >= paced.window_seconds + paced.streams * paced.spacing_seconds
