"""PDFs: what opens without a password is opened and repaired, pages are counted, text is limited."""

import io
from typing import Any

import pikepdf
import pytest
from pypdf import PdfReader

from chat.readers import pdf
from chat.readers.errors import Refused
from tests.support import media


def encrypted(user: str = "", owner: str = "owner", **options: Any) -> bytes:
    written = io.BytesIO()
    with pikepdf.open(io.BytesIO(media.pdf("Contract words", "Page two"))) as opened:
        opened.save(written, encryption=pikepdf.Encryption(user=user, owner=owner, **options))
    return written.getvalue()


WEAK = {"R": 2, "aes": False, "metadata": False}
STRENGTHS = [WEAK, {"R": 3, "aes": False, "metadata": False}, {"R": 4}, {"R": 6}]


def sent(data: bytes) -> PdfReader:
    pages, (made,) = pdf.open_pdf(data, max_pages=600)
    assert pdf.open_pdf(data, max_pages=600) == (pages, [made])
    reader = PdfReader(io.BytesIO(made))
    assert len(reader.pages) == pages
    return reader


@pytest.mark.parametrize("strength", STRENGTHS, ids=("rc4-40", "rc4-128", "aes-128", "aes-256"))
def test_an_owner_password_keeps_nothing_from_a_model(strength: dict[str, Any]) -> None:
    reader = sent(encrypted(**strength))
    assert not reader.is_encrypted
    assert [page.extract_text() for page in reader.pages] == ["Contract words", "Page two"]


@pytest.mark.parametrize("strength", STRENGTHS, ids=("rc4-40", "rc4-128", "aes-128", "aes-256"))
def test_a_password_for_opening_is_asked_for(strength: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="encrypted"):
        pdf.open_pdf(encrypted(user="secret", **strength), max_pages=600)


def test_encryption_by_certificates_counts_as_encrypted() -> None:
    data = encrypted(**WEAK).replace(b"/Filter /Standard", b"/Filter /PubSecXY")
    with pytest.raises(Refused, match="encrypted"):
        pdf.open_pdf(data, max_pages=600)


PLAIN = media.pdf("First", "Second")


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.replace(b"startxref\n", b"startxref\n9"),
        PLAIN[: PLAIN.index(b"startxref")],
        PLAIN.replace(b"/Length 51", b"/Length 99").replace(b"0000000009", b"0000000011"),
    ],
    ids=("offset", "cut", "entries"),
)
def test_damage_that_readers_repair_is_repaired(data: bytes) -> None:
    assert [page.extract_text() for page in sent(data).pages] == ["First", "Second"]


@pytest.mark.parametrize("data", [PLAIN, b"junk before\n" + PLAIN, PLAIN + b"\njunk behind\n"])
def test_whole_files_are_sent_as_they_are(data: bytes) -> None:
    assert pdf.open_pdf(data, max_pages=600)[0] == 2
    assert pdf.open_pdf(PLAIN, max_pages=600) == (2, [])


@pytest.mark.parametrize(("kids", "pages"), [(0, 0), (600, 600), (5_000, 601)])
def test_pages_are_counted_up_to_the_limit(kids: int, pages: int) -> None:
    assert pdf.open_pdf(media.pdf(kids=kids), max_pages=600)[0] == pages


def test_too_long_files_are_not_rewritten() -> None:
    assert pdf.open_pdf(encrypted(), max_pages=1) == (2, [])


@pytest.mark.parametrize("data", [b"%PDF-1.7 and nothing", media.endless_pdf(), media.bushy_pdf()])
def test_what_is_no_pdf_or_never_ends_is_unreadable(data: bytes) -> None:
    with pytest.raises(Refused, match="unreadable"):
        pdf.open_pdf(data, max_pages=600)


def test_the_text_of_a_page_is_cut_at_the_limit() -> None:
    data = media.pdf("Four words are here", "x")
    assert pdf.extract_page(data, number=1, max_characters=10) == (True, [b"Four words"])
    assert pdf.extract_page(data, number=2, max_characters=10) == (False, [b"x"])
    assert pdf.extract_page(data, number=3, max_characters=10) == (False, [b""])
