"""Workbooks: values as Excel shows them, formulas without values, merged cells, hidden sheets, drawings."""

import datetime as dt
import io
from typing import Any

import openpyxl
import pytest

from chat.readers.office import document as office
from chat.readers.office import sheets
from tests.readers.inflated import rewritten
from tests.readers.parts import SPACES, relations, shape
from tests.support import media


def text_of(data: bytes) -> str:
    return office.read_office(data, max_characters=100_000)[1][0].decode()


def saved(book: Any) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def sheet_of(xml: str) -> bytes:
    """A workbook whose sheet has these rows."""
    return rewritten(
        media.sheets(),
        "xl/worksheets/sheet1.xml",
        lambda text: text.split("<sheetData>")[0] + f"<sheetData>{xml}</sheetData></worksheet>",
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (dt.date(2026, 5, 4), "2026-05-04"),
        (dt.datetime(2026, 5, 4, 9, 30), "2026-05-04 09:30:00"),  # noqa: DTZ001
        (dt.time(9, 30), "09:30:00"),
        (True, "TRUE"),
        (0.1 + 0.2, "0.3"),
        (1e20, "1e+20"),
        (1234567890123, "1234567890123"),
        ("한국", "한국"),
    ],
)
def test_values_are_shown_as_in_excel(value: object, shown: str) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = value
    assert text_of(saved(book)).splitlines()[1] == shown


SHARED = '<row r="1"><c r="A1"><f t="shared" si="0" ref="A1:A2">B1*2</f><v>4</v></c></row>'


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ("<row><c><f>SUM(A1)</f><v>6</v></c></row>", "6"),
        ("<row><c><f>SUM(A1)</f><v/></c></row>", "formula without a stored value: =SUM(A1)"),
        ("<row><c><f>SUM(A1)</f></c></row>", "formula without a stored value: =SUM(A1)"),
        ('<row><c t="str"><f>""</f><v></v></c><c><v>1</v></c></row>', ",1"),
        (
            SHARED + '<row r="2"><c r="A2"><f t="shared" si="0"/></c></row>',
            "formula without a stored value: =B2*2",
        ),
        (SHARED + '<row r="2"><c r="A2"><f t="shared" si="0"/><v>8</v></c></row>', "8"),
        (
            '<row><c r="A1"><f t="array" ref="A1">SUM(B1:B2)</f></c></row>',
            "formula without a stored value: =SUM(B1:B2)",
        ),
        ('<row><c r="A1"><f t="dataTable" ref="A1"/></c></row>', "formula without a stored value"),
    ],
)
def test_formulas_without_values_are_said_in_words(rows: str, line: str) -> None:
    assert text_of(sheet_of(rows)).split("\n\n")[0].splitlines()[-1] == line


def test_merged_cells_and_hidden_sheets_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MAX_MERGED", 1)
    book = openpyxl.Workbook()
    book.active["A1"] = "Region"
    book.active.merge_cells("A1:B1")
    book.active.merge_cells("A2:A4")
    hidden = book.create_sheet("Old")
    hidden["A1"], hidden.sheet_state = "kept", "veryHidden"
    first, merged, *rest = text_of(saved(book)).splitlines()[1:]
    assert (first, rest) == ("Region", ["", "# Old (hidden sheet)", "kept"])
    assert merged in ("(merged cells: A1:B1 and 1 more)", "(merged cells: A2:A4 and 1 more)")


@pytest.mark.parametrize("there", [True, False])
def test_words_in_drawings_follow_the_rows(there: bool) -> None:
    data = rewritten(
        media.sheets(),
        "xl/worksheets/_rels/sheet1.xml.rels",
        lambda _text: relations(("r1", "drawing", "../d.xml")),
    )
    if there:
        data = rewritten(data, "xl/d.xml", lambda _text: f"<x {SPACES}>{shape('in a text box')}</x>")
    assert ("apples,3\nin a text box\n" in text_of(data)) is there


def test_strict_workbooks_are_read() -> None:
    data = media.sheets()
    for part in (
        "xl/workbook.xml",
        "xl/worksheets/sheet1.xml",
        "_rels/.rels",
        "xl/_rels/workbook.xml.rels",
        "xl/styles.xml",
    ):
        data = rewritten(data, part, _strict)
    assert text_of(data) == text_of(media.sheets())


def _strict(text: str) -> str:
    return text.replace(
        "http://schemas.openxmlformats.org/spreadsheetml/2006/", "http://purl.oclc.org/ooxml/spreadsheetml/"
    ).replace(
        "http://schemas.openxmlformats.org/officeDocument/2006/", "http://purl.oclc.org/ooxml/officeDocument/"
    )
