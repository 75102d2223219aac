"""The table of docs/faults.md, made from the cases of `matrix`: `python -m tests.faults.matrix_table` writes it."""

import itertools
import os
import sys
from pathlib import Path

from tests.faults.matrix import CASES, MATRIX, Case

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "faults.md"
BEGIN, END = "<!-- table: made by python -m tests.faults.matrix_table -->", "<!-- end of the table -->"


def sentence(case: Case) -> str:
    """Return what stands below the answer, in English."""
    from chat.presentation.wording import ending

    found = ending(case.status, case.stop_reason, case.code)
    return f"{found.text} {found.advice}".strip() if found else "(the answer)"


def table() -> str:
    """Return the matrix as markdown."""
    head = "| the upstream | the turn ends | text kept | tries that arrived | ledger | offered | a person reads |"
    lines = []
    for title, cases in MATRIX.items():
        lines += [f"### {title}", "", head, "|" + "---|" * 7]
        for case in cases:
            ends = f"{case.status}: `{case.code or case.stop_reason}`"
            ledger = ", ".join(_rows(case)) or "no row"
            cells = (case.about, ends, case.kept, len(case.tries), ledger, case.goes_on, sentence(case))
            lines.append("| " + " | ".join(map(str, cells)) + " |")
        lines.append("")
    return "\n".join(lines)


def _rows(case: Case) -> list[str]:
    runs = [(" ".join(row), len(list(run))) for row, run in itertools.groupby(case.tries)]
    return [f"{count} × {row}" if count > 2 else ", ".join([row] * count) for row, count in runs]


def document(text: str) -> str:
    """Return docs/faults.md with its table made anew."""
    head, _, rest = text.partition(BEGIN)
    return f"{head}{BEGIN}\n\n{table()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    DOCUMENT.write_text(document(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{DOCUMENT.name}: {len(CASES)} cases\n")
