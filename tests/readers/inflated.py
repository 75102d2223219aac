"""Small office files that inflate to endless text, one for each kind."""

import io
import re
import zipfile
from collections.abc import Callable

from tests.support import media

Change = Callable[[str], str]


def rewritten(data: bytes, name: str, change: Change) -> bytes:
    """Change the text of one member of an archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as before:
        members = {member: before.read(member) for member in before.namelist()}
    return media.archive({**members, name: change(members.get(name, b"").decode())})


def wide_word(span: int, rows: int = 1) -> bytes:
    """A table whose cells declare a very large column span."""

    def change(text: str) -> str:
        text = text.replace("<w:tcPr>", f'<w:tcPr><w:gridSpan w:val="{span}"/>', 1)
        row = re.search(r"<w:tr>.*?</w:tr>", text, re.DOTALL)
        assert row
        return text.replace(row[0], row[0] * rows)

    return rewritten(media.word(), "word/document.xml", change)


def long_word(times: int) -> bytes:
    """Paragraphs that compress well."""
    paragraph = f"<w:p><w:r><w:t>{'long ' * 100}</w:t></w:r></w:p>"
    return rewritten(
        media.word(),
        "word/document.xml",
        lambda text: text.replace("<w:body>", "<w:body>" + paragraph * times),
    )


def repeated_strings(times: int) -> bytes:
    """A sheet in which every cell has the same long string, which is stored once."""
    cells = '<c t="s"><v>0</v></c>' * 100
    rows = f"<row>{cells}</row>" * times

    def change(text: str) -> str:
        return re.sub(r"<sheetData>.*</sheetData>", f"<sheetData>{rows}</sheetData>", text, flags=re.DOTALL)

    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    listed = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    strings = f'<sst xmlns="{space}"><si><t>{"apples " * 500}</t></si></sst>'
    data = rewritten(media.sheets(), "xl/worksheets/sheet1.xml", change)
    data = rewritten(data, "[Content_Types].xml", lambda text: text.replace("</Types>", listed))
    return rewritten(data, "xl/sharedStrings.xml", lambda _text: strings)


def lying_sheet() -> bytes:
    """A sheet that claims to be as large as sheets can be."""
    return rewritten(
        media.sheets(),
        "xl/worksheets/sheet1.xml",
        lambda text: re.sub(r'<dimension ref="[^"]*"', '<dimension ref="A1:XFD1048576"', text),
    )


def wide_slides(span: int, rows: int) -> bytes:
    """A table of a slide with long cells, many times."""

    def change(text: str) -> str:
        text = text.replace("north", "north " * 1000).replace("<a:tc>", f'<a:tc gridSpan="{span}">', 1)
        row = re.search(r"<a:tr .*?</a:tr>", text, re.DOTALL)
        assert row
        return text.replace(row[0], row[0] * rows)

    return rewritten(media.slides(), "ppt/slides/slide1.xml", change)
