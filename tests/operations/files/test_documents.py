"""Documents: the kind of an upload by its content, and refusals of unreadable ones."""

import dataclasses
import unicodedata

import pytest

from chat.operations.files import documents
from chat.operations.files.documents import read_document
from chat.readers.office.archive import MAX_MARKUP_BYTES
from chat.readers.process import sandbox
from tests.readers.parts import relations
from tests.support import media
from tests.support.refusals import refusal

BINARY = relations(("rId1", "officeDocument", "xl/workbook.bin"))


def refused(data: bytes) -> tuple[str, int]:
    error = refusal(read_document, data)
    return error.code, error.status


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"a,b\r\n1,2\r\n", "a,b\n1,2\n"),
        ("\ufeff안녕하세요".encode(), "안녕하세요"),
        ("안녕하세요".encode("utf-16"), "안녕하세요"),
        ("안녕하세요".encode("cp949"), "안녕하세요"),
        ("Straße;Größe\nMüller;groß\n".encode("cp1252"), "Straße;Größe\nMüller;groß\n"),
        (unicodedata.normalize("NFD", "한글 café").encode(), "한글 café"),
        ("نمی‌خواهم 👩‍💻".encode(), "نمی‌خواهم 👩‍💻"),
        (b"<script>alert(1)</script>", "<script>alert(1)</script>"),
    ],
)
def test_text_is_decoded(data: bytes, text: str) -> None:
    found = read_document(data)
    assert (found.kind, found.media_type, found.text, found.pages) == ("text", "text/plain", text, None)


@pytest.mark.parametrize(
    ("data", "parts", "kind"),
    [
        (media.word(), ["# The plan\nWe meet on Monday.\n", '"apples, red",3'], "wordprocessingml.document"),
        (media.sheets(), ["# Fruit\napples,3\n\n# Empty"], "spreadsheetml.sheet"),
        (media.slides(), ["# 1\nWelcome\nnorth,south\nSpeak slowly", "# 2"], "presentationml.presentation"),
    ],
)
def test_office_files_become_text(data: bytes, parts: list[str], kind: str) -> None:
    found = read_document(data)
    assert found.kind == "office"
    assert found.media_type.endswith(kind)
    for part in parts:
        assert part in found.text


def test_a_pdf_tells_its_pages() -> None:
    data = media.pdf("First page", "Second\npage")
    found = read_document(data)
    assert (found.kind, found.media_type, found.pages, found.text) == ("pdf", "application/pdf", 2, "")
    assert found.sent is None


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (media.pdf(kids=601), ("too_long", 413)),
        (media.pdf(kids=0), ("unreadable", 422)),
        (media.endless_pdf(), ("unreadable", 422)),
        (b"%PDF-1.7 and nothing", ("unreadable", 422)),
        (media.pdf(encrypt=True), ("encrypted", 422)),
        (media.archive({"readme.txt": "Hello"}), ("unsupported", 415)),
        (media.archive({"word/document.xml": b" " * (MAX_MARKUP_BYTES + 1)}), ("too_large", 413)),
        (media.archive({"word/document.xml": "<broken"}), ("unreadable", 422)),
        (b"PK\x03\x04 and nothing", ("unreadable", 422)),
        (media.archive({"word/document.xml": "<document/>"}), ("empty", 422)),
        (media.archive({"Index/Document.iwa": "x"}), ("unsupported", 415)),
        (media.archive({"mimetype": "application/hwp+zip"}), ("unsupported", 415)),
        (media.archive({"_rels/.rels": BINARY, "xl/workbook.bin": "x"}), ("unsupported", 415)),
        (media.archive({"content.xml": "x", "META-INF/manifest.xml": "encryption-data"}), ("encrypted", 422)),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600 + b"HWP Document File", ("unsupported", 415)),
        ("编辑\n".encode("gbk"), ("unsupported", 415)),
        (b"\xd0\xcf\x11\xe0 an old file", ("unsupported", 415)),
        (b"\0\0\0\x18ftypheic", ("unsupported", 415)),
        (b"\x00\x01\x02 a program", ("unsupported", 415)),
        (b"\xff\xfeodd", ("unsupported", 415)),
        (b"\xff\xff\xff", ("unsupported", 415)),
        (b" \n\t", ("empty", 422)),
    ],
)
def test_unreadable_documents_are_refused(data: bytes, answer: tuple[str, int]) -> None:
    assert refused(data) == answer


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("编辑\n".encode("gbk"), "UTF-8"),
        (b"\0\1", "type of file"),
        (media.archive({"Index/Document.iwa": "x"}), "Pages, Numbers and Keynote"),
        (media.archive({"mimetype": "application/hwp+zip"}), "Hangul"),
        (b"\xd0\xcf\x11\xe0 HWP Document File", "Hangul"),
        (b"\xd0\xcf\x11\xe0 another", "old or a protected Office file"),
        (media.archive({"_rels/.rels": BINARY, "xl/workbook.bin": "x"}), ".xlsb"),
        (media.archive({"word/document.xml": "<document/>"}), "in images"),
        (media.archive({"readme.txt": "Hello"}), "Archives"),
    ],
)
def test_a_refusal_says_what_the_file_is(data: bytes, words: str) -> None:
    assert words in refusal(read_document, data).message


def test_text_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "LONGEST_TEXT", 10)
    assert refused(b"elf letters") == ("too_long", 413)
    assert refused(media.word()) == ("too_long", 413)
    monkeypatch.setattr(documents, "_MOST_TEXT_BYTES", 5)
    assert refused(b"letters") == ("too_long", 413)


def test_expensive_documents_are_ended_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "FILES", dataclasses.replace(sandbox.FILES, memory_bytes=1_000_000))
    assert refused(media.pdf()) == ("unreadable", 422)
    assert refused(media.word()) == ("too_large", 413)
    assert refused("한국어 문서".encode("cp949")) == ("too_long", 413)
