"""Extracts the text of Word, Excel and PowerPoint files (OOXML) after a check of the archive's list of members.

A few bytes can stand for endless text: a cell that spans two billion columns, one string in every cell, a
sheet that claims to be full. So text is read line by line and the reading stops at the limit, spans are
limited, and a sheet's declared size is ignored.
"""

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator

from chat.readers.errors import Refused

MAX_MEMBERS = 5_000
MAX_UNPACKED_BYTES = 100_000_000
MAX_MARKUP_BYTES = 30_000_000
MAX_COLUMNS = 1_000  # Word has 63, PowerPoint 75
_TYPE = "application/vnd.openxmlformats-officedocument."


def read_office(data: bytes, *, max_characters: int) -> tuple[str, list[bytes]]:
    """Return the media type and the text.

    Raises:
        Refused: archive (of another kind), too_large, too_long. Errors of the libraries for damaged files
            pass through.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
    names = {member.filename for member in members}
    # zipfile never returns more of a member than the list says, so a false list has no effect.
    markup = sum(member.file_size for member in members if member.filename.endswith((".xml", ".rels")))
    unpacked = sum(member.file_size for member in members)
    if len(members) > MAX_MEMBERS or markup > MAX_MARKUP_BYTES or unpacked > MAX_UNPACKED_BYTES:
        raise Refused("too_large")
    for part, subtype, lines_of in _KINDS:
        if part in names:
            text = _joined(lines_of(data, max_characters), max_characters)
            return _TYPE + subtype, [text.encode("utf-8", "replace")]
    raise Refused("archive")


def _joined(lines: Iterable[str], maximum: int) -> str:
    kept, length = [], -1
    for line in lines:
        length += len(line) + 1
        if length > maximum:
            raise Refused("too_long")
        kept.append(line)
    return "\n".join(kept)


def _word(data: bytes, maximum: int) -> Iterator[str]:
    import docx
    from docx.table import Table, _Cell

    for part in docx.Document(io.BytesIO(data)).iter_inner_content():
        if isinstance(part, Table):
            for row in part.rows:
                # The library's own `cells` repeat a spanning cell for each column, without a limit.
                cells = ((_Cell(cell, part).text, cell.grid_span) for cell in row._tr.tc_lst)
                yield _csv_line(_expanded_spans(cells), maximum)
        else:
            level = _heading_level(str(getattr(part.style, "name", "")))
            yield "#" * level + " " * bool(level) + part.text


def _heading_level(style: str) -> int:
    kind, _space, level = style.partition(" ")
    return int(level) if kind == "Heading" and level in set("123456789") else 0


def _sheets(data: bytes, maximum: int) -> Iterator[str]:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    for sheet in book.worksheets:
        yield f"# {sheet.title}"
        sheet.reset_dimensions()
        for row in sheet.iter_rows(values_only=True):
            if any(cell is not None for cell in row):
                yield _csv_line(("" if cell is None else str(cell) for cell in row), maximum)
        yield ""
    book.close()


def _slides(data: bytes, maximum: int) -> Iterator[str]:
    import pptx

    for number, slide in enumerate(pptx.Presentation(io.BytesIO(data)).slides, 1):
        yield f"# {number}"
        for shape in slide.shapes:
            if shape.has_text_frame:
                yield shape.text_frame.text
            elif shape.has_table:
                for row in shape.table.rows:
                    yield _csv_line((cell.text for cell in row.cells), maximum)
        notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
        if notes is not None:
            yield notes.text
        yield ""


def _expanded_spans(cells: Iterable[tuple[str, int]]) -> Iterator[str]:
    """Yield each cell's text once, and empty strings for the other columns that it spans."""
    columns = 0
    for text, span in cells:
        columns += max(1, span)
        if columns > MAX_COLUMNS:
            raise Refused("too_large")
        yield text
        yield from [""] * (span - 1)


def _csv_line(cells: Iterable[str], maximum: int) -> str:
    """Return a row as a line of CSV without the empty cells at its end."""
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


_KINDS: tuple[tuple[str, str, Callable[[bytes, int], Iterator[str]]], ...] = (
    ("word/document.xml", "wordprocessingml.document", _word),
    ("xl/workbook.xml", "spreadsheetml.sheet", _sheets),
    ("ppt/presentation.xml", "presentationml.presentation", _slides),
)
