"""Files for tests: pictures of any size, PDFs with a page tree, office files, and decompression bombs."""

import io
import struct
import zipfile
import zlib
from typing import Any

from PIL import Image


def picture(
    name: str = "PNG",
    size: tuple[int, int] = (40, 30),
    mode: str = "RGB",
    noise: bool = False,
    **options: Any,
) -> bytes:
    """A picture with a darker left half; with `noise` one that no encoder makes small."""
    image = Image.effect_noise(size, 100).convert(mode) if noise else Image.new(mode, size, "orange")
    if not noise and mode != "P":
        image.paste("navy", (0, 0, size[0] // 2, size[1]))
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def turned_photo(size: tuple[int, int] = (40, 20)) -> bytes:
    """A JPEG that says that it lies on its side, with a place and a comment in its metadata."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "A secret place"
    return picture("JPEG", size, exif=exif, comment=b"A secret comment")


def png_bomb(width: int = 50_000, height: int = 50_000) -> bytes:
    """A few bytes whose header announces gigabytes."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000))


def webp_head(kind: bytes, payload: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", 100) + b"WEBP" + kind + struct.pack("<I", len(payload)) + payload


def pdf(
    *texts: str, kids: int | None = None, extra: bytes = b"", encrypt: bool = False, restrict: bool = False
) -> bytes:
    """A PDF with one page a text; `kids` lets the page tree name the first page so many times.

    `encrypt` asks for a password to open it, `restrict` only to print or copy it.
    """
    texts = texts or ("Hello",)
    pages = [3 + 2 * number for number in range(len(texts))]
    named = pages if kids is None else pages[:1] * kids
    tree = f"<</Type/Pages/Count 1/Kids[{' '.join(f'{page} 0 R' for page in named)}]>>"
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", tree.encode()]
    for page, text in zip(pages, texts, strict=True):
        lines = b" T* ".join(b"(" + line.encode() + b") Tj" for line in text.split("\n"))
        stream = b"BT /F1 18 Tf 20 TL 50 700 Td " + lines + b" ET"
        font = "/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]{font}/Contents {page + 1} 0 R>>".encode()
        )
        objects.append(b"<</Length %d>>stream\n%b\nendstream" % (len(stream), stream))
    body = _written(objects, extra)
    return _locked(body, user="secret" if encrypt else "") if encrypt or restrict else body


def packed_pdf(pages: int) -> bytes:
    """A PDF as newer programs write it: its pages stand in one compressed object, so its bytes name none of them."""
    names = range(3, 3 + pages)
    tree = f"<</Type/Pages/Count {pages}/Kids[{' '.join(f'{name} 0 R' for name in names)}]>>"
    objects = ["<</Type/Catalog/Pages 2 0 R>>", tree]
    objects += ["<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]>>"] * pages
    places = [sum(len(one) + 1 for one in objects[:number]) for number in range(len(objects))]
    index = " ".join(f"{number} {place}" for number, place in enumerate(places, 1)) + " "
    packed = zlib.compress((index + " ".join(objects)).encode())
    holder = len(objects) + 1
    head = f"/Type/ObjStm/N {len(objects)}/First {len(index)}/Filter/FlateDecode/Length {len(packed)}"
    body = b"%%PDF-1.5\n%d 0 obj<<%b>>stream\n%b\nendstream endobj\n" % (holder, head.encode(), packed)
    inside = [struct.pack(">BIH", 2, holder, number) for number in range(len(objects))]
    outside = [struct.pack(">BIH", 1, len(b"%PDF-1.5\n"), 0), struct.pack(">BIH", 1, len(body), 0)]
    table = b"".join([struct.pack(">BIH", 0, 0, 65535), *inside, *outside])
    head = f"/Type/XRef/Size {holder + 2}/W[1 4 2]/Root 1 0 R/Length {len(table)}"
    entry = b"%d 0 obj<<%b>>stream\n%b\nendstream endobj\n" % (holder + 1, head.encode(), table)
    return body + entry + b"startxref\n%d\n%%%%EOF" % len(body)


def endless_pdf() -> bytes:
    """A PDF whose page tree leads back to itself."""
    return _written([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 1/Kids[2 0 R]>>"], b"")


def bushy_pdf() -> bytes:
    """A PDF whose page tree has very many branches and no leaf."""
    branches = b"4 0 R " * 500
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[%b]>>" % branches.replace(b"4", b"3"),
    ]
    objects += [b"<</Type/Pages/Kids[%b]>>" % branches, b"<</Type/Pages/Kids[]>>"]
    return _written(objects, b"")


def archive(members: dict[str, bytes | str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return buffer.getvalue()


def word() -> bytes:
    import docx

    made = docx.Document()
    made.add_heading("The plan", level=1)
    made.add_paragraph("We meet on Monday.")
    table = made.add_table(rows=1, cols=2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "apples, red", "3"
    return _saved(made)


def sheets() -> bytes:
    import openpyxl

    made = openpyxl.Workbook()
    made.active.title = "Fruit"
    made.active.append(["apples", 3, None])
    made.active.append([None, None, None])
    made.create_sheet("Empty")
    return _saved(made)


def slides() -> bytes:
    import pptx

    made = pptx.Presentation()
    slide = made.slides.add_slide(made.slide_layouts[5])
    slide.shapes.title.text = "Welcome"
    table = slide.shapes.add_table(1, 2, 0, 0, 1_000_000, 500_000).table
    table.cell(0, 0).text, table.cell(0, 1).text = "north", "south"
    slide.shapes.add_picture(io.BytesIO(picture()), 0, 0)
    slide.notes_slide.notes_text_frame.text = "Speak slowly"
    made.slides.add_slide(made.slide_layouts[6])
    return _saved(made)


def _saved(made: Any) -> bytes:
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _written(objects: list[bytes], extra: bytes) -> bytes:
    body, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start, size = len(body), len(objects) + 1
    trailer = b"trailer<</Size %d/Root 1 0 R%b>>\n" % (size, extra)
    return body + b"xref\n0 %d\n0000000000 65535 f \n%b%bstartxref\n%d\n%%%%EOF" % (
        size,
        table,
        trailer,
        start,
    )


def _locked(body: bytes, *, user: str) -> bytes:
    import pikepdf

    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(body)) as opened:
        opened.save(buffer, encryption=pikepdf.Encryption(user=user, owner="owner"))
    return buffer.getvalue()
