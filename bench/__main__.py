"""`python -m bench [--quick]`: run all contenders in turn, print the table, keep the figures in DATA_DIR/bench.json."""

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

from bench import targets
from bench.base_packages import base_python
from bench.browser_page import chromium_path
from bench.forms import POSTGRES, TWO_PROCESSES, Form, prepared_forms, running
from bench.load import QUICK, WHOLE, Figures, Scale
from bench.office_day import Report, report
from bench.parley import PACKAGES_OF_SERVICES, bare_start, cold_start, machine, run_json, upstream
from bench.rounds import Limit, Rounds, say
from bench.table import Row, render
from bench.targets import Apart
from tests.support.environment import ROOT


def measure(scale: Scale, folder: Path) -> list[Row]:
    """Run everything and return the rows of all forms."""
    # The packages take longer to install than a smoke test should.
    python = base_python(folder / "packages") if scale.rounds > 1 else sys.executable
    with upstream() as url, prepared_forms(folder, url, python) as prepared:
        forms = [form for form in prepared if scale.both_databases or form.name != POSTGRES]
        whole = [form for form in forms if form.name != TWO_PROCESSES]
        starts = cold_starts(whole, scale.rounds)
        apart = {form.name: beside(form, starts, scale.searched_messages) for form in whole}
        rounds = Rounds(scale, Limit(url), forms)
        with running(forms):
            page = in_browser(forms[0], scale)
            rounds.run()
            rounds.climb()
    table = targets.browser_rows(page) if page else []
    for form in whole:
        table += targets.socket_rows(form.name, rounds)
        table += targets.start_rows(form.name, rounds, apart[form.name])
        table += targets.process_rows(form.name, rounds, apart[form.name])
    return table + (targets.two_process_rows(rounds) if len(whole) < len(forms) else [])


def in_browser(form: Form, scale: Scale) -> Figures | None:
    """Measure the chat page in a browser; None without one."""
    if chromium_path() is None:
        print("The rows of the page are left out: there is no Chromium here", flush=True)
        return None
    server = form.servers[0]
    told = server.shell("from tests.browser.cast import open_session; print(open_session('bench'))")
    server.close_shell()
    amount = ("--frames", scale.frames, "--runs", scale.rounds)
    figures = run_json("bench.browser_page", server.url, told.split()[-1], *amount, seconds=900)
    say("the chat page in a browser", figures)
    return figures


def cold_starts(forms: list[Form], rounds: int) -> dict[str, tuple[float, float]]:
    """Return the median seconds of each form's start, and of its imports alone."""
    for form in forms if rounds > 1 else ():
        cold_start(form.servers[0])  # the first start of all fills caches
    seen: dict[str, list[tuple[float, float]]] = {}
    for _ in range(rounds):
        for form in forms:
            server = form.servers[0]
            alone = bare_start(server.python, *(PACKAGES_OF_SERVICES if form.name == POSTGRES else ()))
            seen.setdefault(form.name, []).append((cold_start(server), alone))
    return {
        name: (
            statistics.median(whole for whole, _alone in times),
            statistics.median(alone for _whole, alone in times),
        )
        for name, times in seen.items()
    }


def beside(form: Form, starts: dict[str, tuple[float, float]], messages: int) -> Apart:
    """Measure what needs no load, while no process of the form runs."""
    page = run_json("bench.chat_page", environment=form.environment)
    say(f"{form.name}: chat of 1,000 messages", page)
    queries = run_json("bench.turn_start", form.key, environment=form.environment)
    say(f"{form.name}: queries to begin a turn", queries)
    found = run_json("bench.search", "--messages", messages, environment=form.environment, seconds=1200)
    say(f"{form.name}: search in {messages:,} messages", found)
    return Apart(*starts[form.name], page, queries, found, messages)


def office_row(office: Report) -> Row:
    return Row("-", "office day, prompts x oracle", float(office.times_oracle), "x", 1, 1.05, 1.03)


def keep(table: list[Row], before: dict[str, object], *, quick: bool) -> Path:
    """Write the figures to a file and return its path."""
    place = Path(os.environ.get("DATA_DIR") or ROOT / "var") / "bench.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    kept = {"machine": before, "quick": quick, "rows": [row.as_json() for row in table]}
    place.write_text(json.dumps(kept, indent=1))
    return place


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke test; its figures mean little")
    quick = parser.parse_args().quick
    scale, before = QUICK if quick else WHOLE, machine()
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as folder:
        table = measure(scale, Path(folder))
    office = report(share=scale.office_share)
    table.append(office_row(office))
    place = keep(table, before, quick=quick)
    print(f"\n{render(table)}\n")
    print(f"{office.text()}\n")
    print("{cpu}, {cores} cores, Python {python}; load before the run {load}".format(**before))
    print(f"The figures are kept in {place}")


if __name__ == "__main__":
    main()
