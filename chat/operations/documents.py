"""Documents as models read them: PDFs as they are, everything else as text. Kinds are found by content, never by
what a client claims.
"""

import dataclasses
import io
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from chat.claude.text import clean_text
from chat.models import Attachment
from chat.operations import office
from chat.operations.errors import OperationError

if TYPE_CHECKING:
    from pypdf import PdfReader

# A million tokens are about so many characters; no model reads more.
LONGEST_TEXT = 4_000_000
MOST_PAGES = 600
_MOST_NODES = 5_000
# What may stand in text beside printable characters: tab, newline, form feed, carriage return, escape.
_CONTROLS = frozenset(range(32)) - {9, 10, 12, 13, 27}


@dataclasses.dataclass(frozen=True, slots=True)
class Document:
    """What was found in an upload; `pages` only of a PDF, `text` of everything else."""

    kind: str
    media_type: str
    text: str = ""
    pages: int | None = None


def read_document(data: bytes, name: str) -> Document:
    """Find out what an upload is.

    Raises:
        OperationError: unsupported, unreadable, encrypted, too_long, empty.
    """
    if b"%PDF-" in data[:1024]:
        return _pdf(data)
    if data.startswith(b"PK\x03\x04"):
        return _office(data)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise unsupported(
            _(
                "This is an old or a protected office file. Save it as .docx, .xlsx or .pptx without a password."
            )
        )
    if data[4:8] == b"ftyp":
        raise unsupported(_("Videos and HEIC pictures can’t be read. Save a picture as JPEG or PNG."))
    return Document(Attachment.Kind.TEXT, "text/plain", _checked(_text(data)))


def page_text(data: bytes, number: int) -> str:
    """Return the text of one page of a PDF, counted from 1; "" where none can be read."""
    try:
        pages = _reader(data).pages
        return clean_text(pages[number - 1].extract_text()) if 1 <= number <= len(pages) else ""
    except Exception:  # a page that can't be read is shown without its text
        return ""


def unsupported(message: str) -> OperationError:
    return OperationError("unsupported", message, status=415)


def _pdf(data: bytes) -> Document:
    try:
        reader = _reader(data)
        if reader.is_encrypted:
            raise OperationError(
                "encrypted", _("This PDF has a password. Save it without one, then attach it."), status=422
            )
        pages = _count_pages(reader)
    except OperationError:
        raise
    except Exception as error:  # parsers fail in many ways
        raise _damaged(_("This PDF is damaged. Print it to a new PDF, then attach that.")) from error
    if pages > MOST_PAGES:
        raise OperationError(
            "too_long",
            _("This PDF has more than %(most)s pages. Split it, and attach the part that matters.")
            % {"most": MOST_PAGES},
            status=413,
        )
    if not pages:
        raise _damaged(_("This PDF has no pages."))
    return Document(Attachment.Kind.PDF, "application/pdf", pages=pages)


def _reader(data: bytes) -> "PdfReader":
    from pypdf import PdfReader

    return PdfReader(io.BytesIO(data), strict=False)


def _count_pages(reader: "PdfReader") -> int:
    """Count leaves of the page tree, no further than needed: neither /Count nor the tree's depth is trusted."""
    waiting: list[Any] = [reader.root_object["/Pages"]]
    pages = nodes = 0
    while waiting and pages <= MOST_PAGES:
        node = waiting.pop().get_object()
        nodes += 1
        if nodes > _MOST_NODES:
            raise ValueError("the page tree does not end")
        if "/Kids" in node:
            waiting += list(node["/Kids"])[: MOST_PAGES + 1]
        else:
            pages += 1
    return pages


def _office(data: bytes) -> Document:
    try:
        media_type, text = office.read(data)
    except office.NotOffice:
        raise unsupported(_("Archives can’t be read. Unpack it, and attach the files that matter.")) from None
    except office.TooLarge:
        raise OperationError(
            "too_large",
            _("This office file is too large inside. Split it, or save what matters as text or PDF."),
            status=413,
        ) from None
    except Exception as error:  # parsers fail in many ways
        raise _damaged(_("This office file is damaged. Save it again, then attach that.")) from error
    return Document(Attachment.Kind.OFFICE, media_type, _checked(text))


def _text(data: bytes) -> str:
    """Decode text: UTF-8, UTF-16 with its mark, or Korean as older programs write it."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = [] if _CONTROLS.intersection(data) else ["utf-8-sig", "cp949"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise unsupported(
        _(
            "This kind of file can’t be read. Attach pictures (JPEG, PNG, GIF, WebP), PDF, Word, Excel or PowerPoint "
            "files, or text."
        )
    )


def _checked(text: str) -> str:
    cleaned = clean_text(text).replace("\r\n", "\n")
    if not cleaned.strip():
        raise OperationError("empty", _("There is no text in this file."), status=422)
    if len(cleaned) > LONGEST_TEXT:
        raise OperationError(
            "too_long",
            _("This file has more than %(most)s characters. Attach the part that matters.")
            % {"most": f"{LONGEST_TEXT:,}"},
            status=413,
        )
    return cleaned


def _damaged(message: str) -> OperationError:
    return OperationError("unreadable", message, status=422)
