"""The most memory that reading takes, in the child process and in the process that starts it."""

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from chat.readers.pictures.convert import MAX_PIXELS
from chat.readers.process import sandbox
from tests.readers import inflated
from tests.support import media

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux tells of a process")
MOST_MIB, MOST_EXTRA_MIB = 300, 64
PICTURE = {"side": 2576, "max_bytes": 3_750_000}
OFFICE = {"max_characters": 4_000_000}
# The child process; at its end it prints its peak memory.
CHILD = """
import re, sys
from chat.readers.process.sandbox_worker import run_job
run_job(sys.argv[1:], sys.stdin.buffer, sys.stdout.buffer)
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1], file=sys.stderr)
"""
# A process that calls the sandbox; it prints how much its peak memory has grown.
PARENT = """
import re, sys
from chat.readers.process import sandbox
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
data = sys.stdin.buffer.read()
before = peak()
sandbox.run("picture", data, bounds=sandbox.FILES, side=2576, max_bytes=3_750_000)
print(peak() - before, file=sys.stderr)
"""


def mib(code: str, data: bytes, *arguments: str) -> tuple[int, bytes]:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        input=data,
        capture_output=True,
        check=True,
        cwd=sandbox._PROJECT_ROOT,
    )
    return int(done.stderr) // 1024, done.stdout


def picture(name: str, mode: str, kind: str = "", **options: Any) -> Callable[[], bytes]:
    pixels = MAX_PIXELS[kind or name]
    return lambda: media.picture(name, (5_000, pixels // 5_000), mode, **options)


def deep_grey(size: tuple[int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.new("I;16", size, 40_000).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "make",
    [
        picture("PNG", "RGBA"),
        picture("PNG", "LA"),
        picture("PNG", "P"),
        picture("GIF", "P"),
        picture("WEBP", "RGBA"),
        picture("JPEG", "RGB"),
        picture("JPEG", "CMYK"),
        picture("JPEG", "RGB", "progressive", progressive=True, subsampling=0),
        lambda: media.picture("JPEG", (8_160, 6_120)),  # the largest photo of a phone
        lambda: deep_grey((5_000, MAX_PIXELS["PNG"] // 5_000)),
    ],
    ids=("png", "png-grey", "png-palette", "gif", "webp", "jpeg", "cmyk", "progressive", "photo", "grey16"),
)
def test_memory_for_the_largest_pictures(make: Callable[[], bytes]) -> None:
    data = make()
    assert taken("picture", data, PICTURE) < MOST_MIB
    extra, _answer = mib(PARENT, data)
    assert extra < MOST_EXTRA_MIB


def full_sheet() -> bytes:
    row = '<row><c t="inlineStr"><is><t>some words here</t></is></c><c><v>5</v></c></row>'
    return inflated.rewritten(
        media.sheets(),
        "xl/worksheets/sheet1.xml",
        lambda text: re.sub(
            "<sheetData>.*</sheetData>", f"<sheetData>{row * 200_000}</sheetData>", text, flags=re.S
        ),
    )


@pytest.mark.parametrize(
    ("job", "make", "options"),
    [
        ("office", lambda: inflated.long_word(7_900), OFFICE),
        ("office", full_sheet, OFFICE),
        ("office", lambda: inflated.wide_slides(1, 600), OFFICE),
        ("text", lambda: ("부서,직급,성명\n영업부,대리,홍길동\n" * 360_000).encode("cp949"), {}),
        ("pdf_page", lambda: media.pdf("word " * 1_000_000), {"number": 1, "max_characters": 200_000}),
        ("pdf", lambda: media.pdf(*["word " * 7_000] * 600), {"max_pages": 600}),
    ],
    ids=("word", "sheet", "slides", "text", "page", "pdf"),
)
def test_memory_for_the_longest_documents(
    job: str, make: Callable[[], bytes], options: dict[str, Any]
) -> None:
    assert taken(job, make(), options) < MOST_MIB


def taken(job: str, data: bytes, options: dict[str, Any]) -> int:
    bounds = sandbox.FILES
    task = {"job": job, "options": options, "seconds": 60, "memory_bytes": bounds.memory_bytes}
    found, answer = mib(CHILD, data, json.dumps({**task, "answer_bytes": sandbox.MAX_ANSWER_BYTES}))
    assert b'"value"' in answer.partition(b"\n")[0], answer[:200]
    return found
