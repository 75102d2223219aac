"""The text of a document as lines: joined within a limit, tables as CSV, and the reader's own lines told apart."""

import csv
import io
from collections.abc import Iterable

from chat.readers.errors import Refused

_DIGITS = "0123456789+-"
_RAISED = str.maketrans(_DIGITS, "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
_LOWERED = str.maketrans(_DIGITS, "₀₁₂₃₄₅₆₇₈₉₊₋")


class OwnLine(str):
    """A line that the reader adds, such as the name of a sheet. A document of such lines alone has no text."""

    __slots__ = ()


def join_lines(lines: Iterable[str], maximum: int) -> str:
    """Return the lines as one text.

    Raises:
        Refused: too_long; empty, if no line of the document's own has text.
    """
    kept, length, found = [], -1, False
    for line in lines:
        length += len(line) + 1
        if length > maximum:
            raise Refused("too_long")
        found = found or (not isinstance(line, OwnLine) and bool(line.strip()))
        kept.append(line)
    if not found:
        raise Refused("empty")
    return "\n".join(kept)


def csv_line(cells: Iterable[str], maximum: int) -> str:
    """Return a row as a line of CSV without the empty cells at its end.

    Raises:
        Refused: too_long.
    """
    kept, length = [], 0
    for cell in cells:
        length += len(cell)
        if length > maximum:
            raise Refused("too_long")
        kept.append(cell)
    while kept and not kept[-1]:
        kept.pop()
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(kept)
    return line.getvalue()


def script_text(text: str, kind: str) -> str:
    """Return raised or lowered digits as such characters: 10⁶ is another number than 106. Other text stays.

    `kind` begins with super or sub where the text is raised or lowered.
    """
    table = _RAISED if kind.startswith("super") else _LOWERED if kind.startswith("sub") else None
    return text if table is None or set(text) - set(_DIGITS) else text.translate(table)
