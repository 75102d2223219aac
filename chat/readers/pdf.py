"""PDF files: what can be opened without a password, the number of pages, and the text of one page.

qpdf (by pikepdf) opens and repairs files, pypdf extracts text.
"""

import io
from typing import TYPE_CHECKING

from chat.readers.errors import Refused

if TYPE_CHECKING:
    from pikepdf import Pdf


def open_pdf(data: bytes, *, max_pages: int) -> tuple[int, list[bytes]]:
    """Return the number of pages, counted up to one more than `max_pages`, and what a model can read of the file.

    That is nothing where the file itself can be sent. A file whose encryption only restricts printing or copying is
    returned decrypted, because the API takes no encryption; a damaged one that can be repaired is returned repaired.

    Raises:
        Refused: encrypted, if it needs a password or a certificate.
    """
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(data), suppress_warnings=True) as pdf:
            pages = min(len(pdf.pages), max_pages + 1)  # the tree is counted, /Count is not believed
            changed = pdf.is_encrypted or bool(pdf.get_warnings())
            return pages, [_saved(pdf)] if changed and 0 < pages <= max_pages else []
    except pikepdf.PasswordError:
        raise Refused("encrypted") from None
    except pikepdf.PdfError as error:
        # Encryption by certificates has no password that could be asked for.
        raise Refused("encrypted" if "encryption" in str(error) else "unreadable") from None


def extract_page(data: bytes, *, number: int, max_characters: int) -> tuple[bool, list[bytes]]:
    """Return whether the text of a page was cut, and the text; pages are counted from 1.

    The text is empty if there is no such page.
    """
    from pypdf import PdfReader

    pages = PdfReader(io.BytesIO(data), strict=False).pages
    text = pages[number - 1].extract_text() if 1 <= number <= len(pages) else ""
    return len(text) > max_characters, [text[:max_characters].encode("utf-8", "replace")]


def _saved(pdf: "Pdf") -> bytes:
    """Return the file without encryption; the same file always gives the same bytes."""
    written = io.BytesIO()
    pdf.save(written, encryption=False, deterministic_id=True, preserve_pdfa=False)
    return written.getvalue()
