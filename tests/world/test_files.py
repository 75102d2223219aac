"""Files of strangers, as programs save them: what a model gets of each. A new case is a file and a row."""

import io
import pathlib
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfReader

from chat.operations.files.documents import read_document
from chat.operations.files.pictures import read_picture
from tests.support.refusals import refusal

FILES = pathlib.Path(__file__).with_name("files")
# The text of a file; where only a part of it matters, the lines that must follow each other.
TEXTS = {
    "block-sdt.docx": "ALPHA one.\nALPHA two.",
    "inline-sdt.docx": "Before CONTROLLED after",
    "table-sdt.docx": "Intro.\nT1A,T1B\nT2A,T2B\nT3A,T3B",
    "tracked.docx": "The fee is 250 euros.",
    "moved.docx": "Stays. \nMOVED words.",
    "nested-table.docx": '"OUTER\nINNER A,INNER B",BESIDE',
    "footnote.docx": "See[^1]\n[^1]: FOOTNOTE words",
    "document2.docx": "Saved by Word Online.",
    "strict.docx": "Strict words.",
    "macro.docm": "With macros.",
    "template.dotx": "A template.",
    "workbook2.xlsx": "# Sheet\ncity,people\nSeoul,9400000\n",
    "opendocument.odt": "Open words.",
    "groups.pptx": "# 1\nPLAIN\nIN GROUP\nDEEPER\nTABLE A,TABLE B\n\n# 2\nONLY GROUP\n",
    "formulas-without-values.xlsx": "# Sheet\ncity,people\nSeoul,9400000\n"
    "total,formula without a stored value: =SUM(B2:B3)\n",
    "word-inline.docx": "Power 10⁶ W\n5 May\nBeside\nBOXED\nLINKED SIMPLE SMART",
    "word-changes.docx": "One line.\nkept,CELL",
    "word-formula.docx": "Area x^2",
    "powerpoint-chart.pptx": "# 1\nSales\nCHART TITLE\n,North,South\nQ1,1.5,3\nQ2,2,4\nNOTED\n\n"
    "# 2 (hidden slide)\nGROUPED\n",
    "writer-html.docx": "# From HTML\nBody text with bold.\na1,b1\na2,b2\n",
    "writer-report.docx": "# Annual report\nRevenue grew.\nRegion,,Sum\nNorth,South,42\nfirst\nsecond\n"
    "(headers and footers)\nCONFIDENTIAL\nPage foot",
    "writer-report.odt": "# Annual report\nRevenue grew.\nRegion,,Sum\nNorth,South,42\nfirst\nsecond",
    "writer-inline.odt": "Power 10⁶ W\n11/29/26\nBeside\nBOXED\nLINKEDSMART",
    "writer-changes.odt": "Oneline.\nkept,CELL\nROWGONE",
    "impress-slides.odp": "# 1\nSales\nCHART TITLE\n,North,South\nQ1,1.5,3\nQ2,2,4\nNOTED\n\n# 2\nGROUPED\n",
    "calc-sheets.ods": "# Data\nGroup\n1,2026-05-04\n2,TRUE\n3,0.3\n\n# Hidden (hidden sheet)\nhidden words\n",
    "calc-sheets.xlsx": "# Data\nGroup\n1,2026-05-04\n2,TRUE\n3,0.3\n(merged cells: A1:B1)\n\n"
    "# Hidden (hidden sheet)\nhidden words\n",
    "gbk.csv": "姓名,电话\n王小明,13800000000\n",
    "shiftjis.csv": "日付,売上\n担当者,住所\n",
    "windows1252.csv": "Name;Straße\nMüller;Hauptstraße 5\n",
    "utf8-broken-end.csv": "이름,도시\n김철수,서울\n\ufffd",
    "utf8-broken-middle.csv": "이름,도시\n김철수,서\ufffd울\n",
    "log-with-bell.txt": "2026-01-01 start\a\n2026-01-01 done",
}
PDFS = {"owner-aes256.pdf": True, "owner-rc4.pdf": True, "plain.pdf": False}
GREYS = {"grey16.png": "RGB", "grey16-large.png": "RGB", "grey16-trns.png": "RGBA"}
REFUSED = {"user-password.pdf": ("encrypted", 422)}


def data(name: str) -> bytes:
    return (FILES / name).read_bytes()


@pytest.mark.parametrize("name", TEXTS)
def test_words_are_read_whole_and_in_order(name: str) -> None:
    assert read_document(data(name)).text == TEXTS[name]


@pytest.mark.parametrize("name", PDFS)
def test_open_pdfs_are_sent_without_encryption(name: str) -> None:
    found = read_document(data(name))
    assert (found.pages, found.sent is not None) == (1, PDFS[name])
    sent = PdfReader(io.BytesIO(found.sent or data(name)))
    assert not sent.is_encrypted
    assert sent.pages[0].extract_text() == "Contract words 4711"
    assert read_document(data(name)) == found


@pytest.mark.parametrize("name", GREYS)
def test_deep_grey_keeps_its_levels(name: str) -> None:
    picture: Any = Image.open(io.BytesIO(read_picture(data(name)).sent.data))
    grey = picture.getchannel("R")
    assert picture.mode == GREYS[name]
    assert len(set(grey.tobytes())) >= 200
    assert abs(grey.getpixel((grey.width // 2, grey.height // 2)) - 128) <= 2


@pytest.mark.parametrize("name", REFUSED)
def test_what_needs_a_password_is_refused(name: str) -> None:
    error = refusal(read_document, data(name))
    assert (error.code, error.status) == REFUSED[name]


def test_every_file_has_a_row() -> None:
    assert {path.name for path in FILES.iterdir()} == set(TEXTS) | set(PDFS) | set(GREYS) | set(REFUSED)
