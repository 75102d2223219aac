"""Documents as models read them: PDFs as they are, everything else as text. Kinds are found by content, never by
what a client claims.
"""

import dataclasses
import hashlib
import unicodedata

from django.db.models import Q
from django.utils.translation import gettext as _

from chat.claude.encoding.text import clean_text
from chat.models import Attachment
from chat.operations.errors import OperationError
from chat.operations.files.pictures import UPLOAD_WAIT_SECONDS
from chat.readers.errors import Exceeded, Refused
from chat.readers.process import sandbox
from chat.readers.text.encodings import utf8_text

# A million tokens are about so many characters; no model reads more.
LONGEST_TEXT = 4_000_000
MOST_PAGES = 600
# The most bytes that a character has in any encoding.
_MOST_TEXT_BYTES = 4 * LONGEST_TEXT
_HANGUL_SIGNATURE = b"HWP Document File"


@dataclasses.dataclass(frozen=True, slots=True)
class Document:
    """The content of an upload: `pages` of a PDF, `text` of everything else.

    `sent` is what models get of a PDF that can't be sent as it is: decrypted or repaired.
    """

    kind: str
    media_type: str
    text: str = ""
    pages: int | None = None
    sent: bytes | None = None


def known_pages(pdf: bytes) -> int | None:
    """Return how many pages a PDF has, as uploaded or as sent; None for one that was not uploaded here."""
    digest = hashlib.sha256(pdf).hexdigest()
    counted = Attachment.objects.filter(Q(original=digest) | Q(sent=digest), pages__isnull=False)
    return counted.values_list("pages", flat=True).first()


def read_document(data: bytes, *, person: str = "") -> Document:
    """Return the content of an upload; `person` is the id of whose upload it is.

    Raises:
        OperationError: unsupported, unreadable, encrypted, too_large, too_long, empty.
        Busy: other files were still being read.
    """
    if b"%PDF-" in data[:1024]:
        return _pdf(data, person)
    if data.startswith(b"PK\x03\x04"):
        return _office(data, person)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise _compound_file(data)
    if data[4:8] == b"ftyp":
        raise unsupported(_("Videos and HEIC images can’t be read. Save the image as JPEG or PNG."))
    return Document(Attachment.Kind.TEXT, "text/plain", checked_text(_text(data, person)))


def _run(job: str, data: bytes, person: str, **options: int) -> sandbox.JobResult:
    return sandbox.run(
        job, data, bounds=sandbox.FILES, person=person, wait_seconds=UPLOAD_WAIT_SECONDS, **options
    )


def unsupported(message: str) -> OperationError:
    return OperationError("unsupported", message, status=415)


def _pdf(data: bytes, person: str) -> Document:
    try:
        found = _run("pdf", data, person, max_pages=MOST_PAGES)
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
    pages = found.value
    if pages > MOST_PAGES:
        raise OperationError(
            "too_long",
            _("This PDF has more than %(most)s pages. Split it, and attach the part you need.")
            % {"most": MOST_PAGES},
            status=413,
        )
    if not pages:
        raise _damaged(_("This PDF has no pages."))
    return Document(Attachment.Kind.PDF, "application/pdf", pages=pages, sent=next(iter(found.parts), None))


def _office(data: bytes, person: str) -> Document:
    try:
        found = _run("office", data, person, max_characters=LONGEST_TEXT)
    except Refused as refused:
        raise _office_refusal(refused.code) from None
    except Exceeded:
        raise _office_refusal("too_large") from None
    return Document(Attachment.Kind.OFFICE, found.value, checked_text(found.parts[0].decode()))


def _office_refusal(code: str) -> OperationError:
    match code:
        case "archive":
            return unsupported(_("Archives can’t be read. Unpack this one, and attach the files you need."))
        case "binary_workbook":
            return unsupported(_("Binary workbooks (.xlsb) can’t be read. Save it as .xlsx, then attach it."))
        case "iwork":
            return unsupported(
                _("Pages, Numbers and Keynote files can’t be read. Export it as PDF or as an Office file.")
            )
        case "hangul":
            return _hangul()
        case "encrypted":
            return OperationError(
                "encrypted",
                _("This document has a password. Save it without a password, then attach it."),
                status=422,
            )
        case "empty":
            return OperationError(
                "empty",
                _("This file contains no text. If its words are in images, save it as PDF and attach that."),
                status=422,
            )
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


def _compound_file(data: bytes) -> OperationError:
    """Return the refusal of a compound file: an Office file of before 2007, a protected newer one, or a Hangul file."""
    if _HANGUL_SIGNATURE in data:
        return _hangul()
    return unsupported(
        _("This is an old or a protected Office file. Save it as .docx, .xlsx or .pptx without a password.")
    )


def _hangul() -> OperationError:
    return unsupported(
        _("Hangul files (.hwp, .hwpx) can’t be read. Save it as PDF or .docx, then attach it.")
    )


def _text(data: bytes, person: str) -> str:
    """Return decoded text. UTF-8 is read here; other encodings have to be detected."""
    if len(data) > _MOST_TEXT_BYTES:
        raise _too_long()
    found = utf8_text(data)
    if found is not None:
        return found
    try:
        return _run("text", data, person).parts[0].decode()
    except Refused as refused:
        if refused.code == "encoding":
            raise unsupported(
                _(
                    "The encoding of this text can’t be told for certain. Save it as UTF-8, then attach it "
                    "(in Excel: “CSV UTF-8”)."
                )
            ) from None
    except Exceeded:
        raise _too_long() from None
    raise unsupported(
        _(
            "This type of file can’t be read. Attach images (JPEG, PNG, GIF, WebP), PDF, Word, Excel, "
            "PowerPoint or OpenDocument files, or text."
        )
    )


def checked_text(text: str) -> str:
    """Return a document's text as it is stored.

    Raises:
        OperationError: empty, too_long.
    """
    # macOS writes letters and their marks apart; models and searches know them together.
    cleaned = unicodedata.normalize("NFC", clean_text(text)).replace("\r\n", "\n")
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
