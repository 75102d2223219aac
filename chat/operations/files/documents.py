"""Documents as models read them: PDFs as they are, everything else as text. Kinds are found by content, never by
what a client claims.
"""

import dataclasses
import hashlib

from django.utils.translation import gettext as _

from chat.claude.text import clean_text
from chat.models import Attachment
from chat.operations.errors import OperationError
from chat.readers import sandbox
from chat.readers.errors import Exceeded, Refused

# A million tokens are about so many characters; no model reads more.
LONGEST_TEXT = 4_000_000
MOST_PAGES = 600
# The most bytes that a character has in UTF-8 and UTF-16.
_MOST_TEXT_BYTES = 4 * LONGEST_TEXT
# Characters of texts beside printable ones: tab, newline, form feed, carriage return, escape.
_CONTROLS = frozenset(range(32)) - {9, 10, 12, 13, 27}


@dataclasses.dataclass(frozen=True, slots=True)
class Document:
    """The content of an upload; `pages` of a PDF, `text` of everything else."""

    kind: str
    media_type: str
    text: str = ""
    pages: int | None = None


def known_pages(pdf: bytes) -> int | None:
    """Return how many pages an uploaded PDF was found to have; None for a PDF that was not uploaded here."""
    digest = hashlib.sha256(pdf).hexdigest()
    counted = Attachment.objects.filter(original=digest, pages__isnull=False)
    return counted.values_list("pages", flat=True).first()


def read_document(data: bytes, name: str) -> Document:
    """Return the content of an upload.

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
                "This is an old or a protected Office file. Save it as .docx, .xlsx or .pptx without "
                "a password."
            )
        )
    if data[4:8] == b"ftyp":
        raise unsupported(_("Videos and HEIC images can’t be read. Save the image as JPEG or PNG."))
    return Document(Attachment.Kind.TEXT, "text/plain", _checked(_text(data)))


def page_text(data: bytes, number: int) -> str:
    """Return the text of one page of a PDF, counted from 1; "" where none can be read."""
    try:
        found = sandbox.run("pdf_page", data, bounds=sandbox.FILES, number=number)
    except (Refused, Exceeded):  # a page that can't be read is shown without its text
        return ""
    return clean_text(found.parts[0].decode())


def unsupported(message: str) -> OperationError:
    return OperationError("unsupported", message, status=415)


def _pdf(data: bytes) -> Document:
    try:
        pages = sandbox.run("pdf", data, bounds=sandbox.FILES, max_pages=MOST_PAGES).value
    except Refused as refused:
        if refused.code == "encrypted":
            raise OperationError(
                "encrypted",
                _("This PDF has a password. Save it without a password, then attach it."),
                status=422,
            ) from None
        raise _damaged(_("This PDF is damaged. Print it to a new PDF, then attach the new file.")) from None
    except Exceeded:
        raise _damaged(
            _("This PDF takes too long to read. Print it to a new PDF, then attach the new file.")
        ) from None
    if pages > MOST_PAGES:
        raise OperationError(
            "too_long",
            _("This PDF has more than %(most)s pages. Split it, and attach the part you need.")
            % {"most": MOST_PAGES},
            status=413,
        )
    if not pages:
        raise _damaged(_("This PDF has no pages."))
    return Document(Attachment.Kind.PDF, "application/pdf", pages=pages)


def _office(data: bytes) -> Document:
    try:
        found = sandbox.run("office", data, bounds=sandbox.FILES, max_characters=LONGEST_TEXT)
    except Refused as refused:
        raise _office_refusal(refused.code) from None
    except Exceeded:
        raise _office_refusal("too_large") from None
    return Document(Attachment.Kind.OFFICE, found.value, _checked(found.parts[0].decode()))


def _office_refusal(code: str) -> OperationError:
    match code:
        case "archive":
            return unsupported(_("Archives can’t be read. Unpack this one, and attach the files you need."))
        case "too_large":
            return OperationError(
                "too_large",
                _(
                    "This Office file is too large when unpacked. Split it, or save the part you need "
                    "as text or PDF."
                ),
                status=413,
            )
        case "too_long":
            return _too_long()
    return _damaged(_("This Office file is damaged. Save it again, then attach the new file."))


def _text(data: bytes) -> str:
    """Return decoded text: UTF-8, UTF-16 with a byte order mark, or a Korean encoding of older programs."""
    if len(data) > _MOST_TEXT_BYTES:
        raise _too_long()
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
            "This type of file can’t be read. Attach images (JPEG, PNG, GIF, WebP), PDF, Word, Excel "
            "or PowerPoint files, or text."
        )
    )


def _checked(text: str) -> str:
    cleaned = clean_text(text).replace("\r\n", "\n")
    if not cleaned.strip():
        raise OperationError("empty", _("This file contains no text."), status=422)
    if len(cleaned) > LONGEST_TEXT:
        raise _too_long()
    return cleaned


def _too_long() -> OperationError:
    return OperationError(
        "too_long",
        _("This file has more than %(most)s characters. Attach the part you need.")
        % {"most": f"{LONGEST_TEXT:,}"},
        status=413,
    )


def _damaged(message: str) -> OperationError:
    return OperationError("unreadable", message, status=422)
