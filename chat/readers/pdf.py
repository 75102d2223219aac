"""PDF files: the number of pages, and the text of one page."""

import io
from typing import TYPE_CHECKING, Any

from chat.readers.errors import Refused

if TYPE_CHECKING:
    from pypdf import PdfReader

_MAX_NODES = 5_000


def count_pages(data: bytes, *, max_pages: int) -> tuple[int, list[bytes]]:
    """Return the number of pages, counted up to one more than `max_pages`.

    Raises:
        Refused: encrypted.
    """
    reader = _reader(data)
    if reader.is_encrypted:
        raise Refused("encrypted")
    return _count_leaves(reader, max_pages), []


def extract_page(data: bytes, *, number: int) -> tuple[None, list[bytes]]:
    """Return the text of one page, counted from 1; empty if there is no such page."""
    pages = _reader(data).pages
    text = pages[number - 1].extract_text() if 1 <= number <= len(pages) else ""
    return None, [text.encode("utf-8", "replace")]


def _reader(data: bytes) -> "PdfReader":
    from pypdf import PdfReader

    return PdfReader(io.BytesIO(data), strict=False)


def _count_leaves(reader: "PdfReader", maximum: int) -> int:
    """Return the number of leaves of the page tree. Neither /Count nor the tree's depth is trusted."""
    waiting: list[Any] = [reader.root_object["/Pages"]]
    pages = nodes = 0
    while waiting and pages <= maximum:
        node = waiting.pop().get_object()
        nodes += 1
        # A hostile tree can be cyclic.
        if nodes > _MAX_NODES:
            raise ValueError("the page tree does not end")
        if "/Kids" in node:
            waiting += list(node["/Kids"])[: maximum + 1]
        else:
            pages += 1
    return pages
