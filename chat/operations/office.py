"""The text of Word, Excel and PowerPoint files (OOXML), read by kept libraries behind a look at the archive's list."""

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

MOST_MEMBERS = 5_000
MOST_UNPACKED_BYTES = 100_000_000
MOST_MARKUP_BYTES = 30_000_000
_TYPE = "application/vnd.openxmlformats-officedocument."


class NotOffice(Exception):
    """An archive of another kind."""


class TooLarge(Exception):
    """The archive's own list says that unpacking it would cost too much."""


def read(data: bytes) -> tuple[str, str]:
    """Return the media type and the text.

    Raises:
        NotOffice, TooLarge, and whatever the libraries raise for damaged files.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
    names = {member.filename for member in members}
    # zipfile gives no more of a member than the list says, so a list that lies gains nothing.
    markup = sum(member.file_size for member in members if member.filename.endswith((".xml", ".rels")))
    whole = sum(member.file_size for member in members)
    if len(members) > MOST_MEMBERS or markup > MOST_MARKUP_BYTES or whole > MOST_UNPACKED_BYTES:
        raise TooLarge
    for part, subtype, text_of in _KINDS:
        if part in names:
            return _TYPE + subtype, text_of(data)
    raise NotOffice


def _word(data: bytes) -> str:
    import docx
    from docx.table import Table

    lines: list[str] = []
    for part in docx.Document(io.BytesIO(data)).iter_inner_content():
        if isinstance(part, Table):
            lines += _rows([cell.text for cell in row.cells] for row in part.rows)
        else:
            level = _heading_level(str(getattr(part.style, "name", "")))
            lines.append("#" * level + " " * bool(level) + part.text)
    return "\n".join(lines)


def _heading_level(style: str) -> int:
    kind, _space, level = style.partition(" ")
    return int(level) if kind == "Heading" and level.isdigit() else 0


def _sheets(data: bytes) -> str:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    lines: list[str] = []
    for sheet in book.worksheets:
        rows = (list(row) for row in sheet.iter_rows(values_only=True))
        lines += [
            f"# {sheet.title}",
            *_rows(row for row in rows if any(cell is not None for cell in row)),
            "",
        ]
    book.close()
    return "\n".join(lines)


def _slides(data: bytes) -> str:
    import pptx

    lines: list[str] = []
    for number, slide in enumerate(pptx.Presentation(io.BytesIO(data)).slides, 1):
        lines.append(f"# {number}")
        for shape in slide.shapes:
            if shape.has_text_frame:
                lines.append(shape.text_frame.text)
            elif shape.has_table:
                lines += _rows([cell.text for cell in row.cells] for row in shape.table.rows)
        if slide.has_notes_slide:
            lines.append(slide.notes_slide.notes_text_frame.text)
        lines.append("")
    return "\n".join(lines)


def _rows(rows: Any) -> Iterator[str]:
    """Write each row as a line of CSV."""
    for row in rows:
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(["" if cell is None else str(cell) for cell in row])
        yield line.getvalue()


_KINDS: tuple[tuple[str, str, Callable[[bytes], str]], ...] = (
    ("word/document.xml", "wordprocessingml.document", _word),
    ("xl/workbook.xml", "spreadsheetml.sheet", _sheets),
    ("ppt/presentation.xml", "presentationml.presentation", _slides),
)
