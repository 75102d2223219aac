"""The text of workbooks (SpreadsheetML): each sheet's rows as CSV, and the words of its drawings.

openpyxl reads the values row by row. Its parser is used beneath its worksheets, because those keep either a formula or
its stored value, and no list of merged cells.
"""

import datetime as dt
import io
from collections.abc import Iterator
from typing import Any

from chat.readers.office.archive import Archive
from chat.readers.office.drawings import drawing_lines
from chat.readers.office.lines import OwnLine, csv_line
from chat.readers.office.package import Part, part

MAX_MERGED = 200
_NO_VALUE = "formula without a stored value"


def sheet_lines(data: bytes, archive: Archive, maximum: int) -> Iterator[str]:
    """Yield the lines of all sheets, hidden ones included; a formula counts by its stored value."""
    import openpyxl

    # The size that a sheet claims to have is never used.
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    for sheet in book.worksheets:
        hidden = "" if sheet.sheet_state == "visible" else " (hidden sheet)"
        yield OwnLine(f"# {sheet.title}{hidden}")
        yield from _rows(sheet, maximum)
        for drawing in part(archive, sheet._worksheet_path).of_kind("drawing"):
            yield from _drawn(drawing, maximum)
        yield OwnLine("")
    book.close()


def _rows(sheet: Any, maximum: int) -> Iterator[str]:
    with sheet._get_source() as source:
        parser = _parser(source, sheet)
        for _number, cells in parser.parse():
            row = [""] * max((cell["column"] for cell in cells), default=0)
            for cell in cells:
                row[cell["column"] - 1] = _shown(cell["value"])
            if any(row):
                yield csv_line(row, maximum)
    merged = [cell.ref for cell in getattr(parser.merged_cells, "mergeCell", ())]
    if merged:
        rest = f" and {len(merged) - MAX_MERGED} more" if len(merged) > MAX_MERGED else ""
        yield OwnLine(f"(merged cells: {', '.join(merged[:MAX_MERGED])}{rest})")


def _parser(source: Any, sheet: Any) -> Any:
    from openpyxl.worksheet import _reader

    class Parser(_reader.WorkSheetParser):  # type: ignore[misc]
        """Reads stored values, and says in words where a formula has none."""

        def parse_cell(self, element: Any) -> dict[str, Any]:
            cell: dict[str, Any] = super().parse_cell(element)
            formula = element.find(_reader.FORMULA_TAG)
            if formula is None:
                return cell
            missing = cell["value"] is None and cell["data_type"] == "n"  # else the value is an empty text
            # Other cells refer to the text of a shared formula, even where this one has its value.
            if missing or (formula.get("t") == "shared" and formula.text):
                found = self.parse_formula(element)
                found = getattr(found, "text", found)
                if missing:
                    cell["value"] = f"{_NO_VALUE}: {found}" if isinstance(found, str) else _NO_VALUE
            return cell

    book = sheet.parent
    return Parser(
        source,
        sheet._shared_strings,
        data_only=True,
        epoch=book.epoch,
        date_formats=book._date_formats,
        timedelta_formats=book._timedelta_formats,
    )


def _shown(value: object) -> str:
    """Return a value as Excel shows it, apart from its number format."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).upper()
        case float():
            return f"{value:.15g}"  # Excel keeps 15 digits
        case dt.datetime() if value.time() == dt.time():
            return str(value.date())
    return str(value)


def _drawn(drawing: Part, maximum: int) -> Iterator[str]:
    root = drawing.xml()
    if root is not None:
        yield from drawing_lines(root, drawing, maximum)
