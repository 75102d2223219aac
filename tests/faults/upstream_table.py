"""The table of docs/faults.md, made from `upstream_cases`: `python -m tests.faults.upstream_table` writes it."""

import itertools
import os
import sys
from pathlib import Path

from tests.faults.upstream_cases import CASES, SECTIONS, Case

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "faults.md"
# Scenarios whose answers come whole and without a word.
WITHOUT_WORDS = frozenset({"empty", "empty_text", "whitespace"})
BEGIN, END = "<!-- table: made by python -m tests.faults.upstream_table -->", "<!-- end of the table -->"


def sentence(case: Case) -> str:
    """Return the text below the answer, in English."""
    from chat.presentation.endings import NOTHING, Extent, ending

    extent = NOTHING if case.scenario in WITHOUT_WORDS else Extent()
    found = ending(case.status, case.stop_reason, case.code, extent=extent)
    return f"{found.text} {found.advice}".strip() if found else "(the answer)"


def table() -> str:
    """Return the cases as Markdown tables."""
    head = "| the upstream | the turn ends | text kept | requests that arrived | ledger | offered | the person reads |"
    clients = []
    for title, cases in SECTIONS.items():
        clients += [f"### {title}", "", head, "|" + "---|" * 7]
        for case in cases:
            ends = f"{case.status}: `{case.code or case.stop_reason}`"
            ledger = ", ".join(_rows(case)) or "no row"
            cells = (case.about, ends, case.kept, len(case.attempts), ledger, case.offered, sentence(case))
            clients.append("| " + " | ".join(map(str, cells)) + " |")
        clients.append("")
    return "\n".join(clients)


def _rows(case: Case) -> list[str]:
    runs = [(" ".join(row), len(list(run))) for row, run in itertools.groupby(case.attempts)]
    return [f"{count} × {row}" if count > 2 else ", ".join([row] * count) for row, count in runs]


def document(text: str) -> str:
    """Return docs/faults.md with a new table."""
    head, _, rest = text.partition(BEGIN)
    return f"{head}{BEGIN}\n\n{table()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    DOCUMENT.write_text(document(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{DOCUMENT.name}: {len(CASES)} cases\n")
