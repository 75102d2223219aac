"""Extracts the text of office files: Word, Excel and PowerPoint (OOXML) and OpenDocument.

What a file is follows from its parts, never from its name. Nothing in it is run: macros are ignored. A few bytes can
stand for endless text (a cell that spans two billion columns, one string in every cell), so text is read line by line
and the reading stops at the limit.
"""

import warnings
from collections.abc import Iterator

from chat.readers.errors import Refused
from chat.readers.office.archive import Archive, local
from chat.readers.office.lines import join_lines
from chat.readers.office.opendocument import OpenDocumentText, document_kind
from chat.readers.office.package import Part, main_part, media_type, transitional
from chat.readers.office.sheets import sheet_lines
from chat.readers.office.slides import slide_lines
from chat.readers.office.word import WordText


def read_office(data: bytes, *, max_characters: int) -> tuple[str, list[bytes]]:
    """Return the media type and the text.

    Raises:
        Refused: archive (of another kind), binary_workbook, hangul, iwork, encrypted, empty, too_large, too_long.
            Errors of the libraries for damaged files pass through.
    """
    archive = Archive(data)
    main = main_part(archive)
    kind = document_kind(archive) if main is None else ""
    if main is not None:
        found, lines = _ooxml(main, data, max_characters)
    elif kind:
        found = f"application/vnd.oasis.opendocument.{kind}"
        lines = OpenDocumentText(archive, max_characters).lines()
    else:
        raise Refused(_unread_kind(archive))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl tells what it would lose if it saved the file
        text = join_lines(lines, max_characters)
    return found, [text.encode("utf-8", "replace")]


def _ooxml(main: Part, data: bytes, maximum: int) -> tuple[str, Iterator[str]]:
    if main.name.lower().endswith(".bin"):
        raise Refused("binary_workbook")
    match local(main.xml()):
        case "document":
            return media_type(main, "wordprocessingml.document"), WordText(main, maximum).lines()
        case "workbook":
            plain = transitional(main.archive, data, main)
            return media_type(main, "spreadsheetml.sheet"), sheet_lines(plain, main.archive, maximum)
        case "presentation":
            return media_type(main, "presentationml.presentation"), slide_lines(main, maximum)
    raise Refused("archive")


def _unread_kind(archive: Archive) -> str:
    """Return what an archive is that is no office file we read."""
    if archive.read("mimetype").startswith(b"application/hwp"):
        return "hangul"
    return "iwork" if any(name.endswith(".iwa") for name in archive.names()) else "archive"
