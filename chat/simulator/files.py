"""The files of the simulator's code execution: the Files API's metadata and content, for reading only."""

import struct
import zlib
from typing import Any

from chat.simulator.transport.wire import ApiError

MADE_AT = "2026-11-29T12:00:00Z"
WIDTH, HEIGHT = 240, 140
HEIGHTS = (40, 75, 55, 110, 90, 120)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _chart() -> bytes:
    """Return a PNG with six bars."""
    rows = []
    for y in range(HEIGHT):
        row = bytearray(b"\0")
        for x in range(WIDTH):
            bar, inside = divmod(x, WIDTH // len(HEIGHTS))
            high = inside > 8 and HEIGHT - y <= HEIGHTS[bar]
            row += b"\x0f\x6b\x5f" if high else b"\xff\xff\xff"
        rows.append(bytes(row))
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    body = _chunk(b"IDAT", zlib.compress(b"".join(rows), 9))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + body + _chunk(b"IEND", b"")


_HOSTILE = b"<script>window.hit = 1</script><svg onload='window.hit = 1'>"
# By id: name, media type, bytes. The hostile one says that it is a picture.
FILES = {
    "file_sim_chart": ("chart.png", "image/png", _chart()),
    "file_sim_table": ("numbers.csv", "text/csv", "월,매출\n1,40\n2,75\n".encode()),
    "file_sim_hostile": ("../../a\r\nX-Evil: 1.svg", "image/png", _HOSTILE),
}


def metadata(file_id: str) -> dict[str, Any]:
    """Return a file as the API describes it.

    Raises:
        ApiError: 404.
    """
    name, media_type, data = _find(file_id)
    return {
        "id": file_id,
        "type": "file",
        "filename": name,
        "mime_type": media_type,
        "size_bytes": len(data),
        "created_at": MADE_AT,
        "downloadable": True,
        "expires_at": None,
    }


def content(file_id: str) -> tuple[str, bytes]:
    """Return a file's media type and bytes.

    Raises:
        ApiError: 404.
    """
    _name, media_type, data = _find(file_id)
    return media_type, data


def _find(file_id: str) -> tuple[str, str, bytes]:
    if file_id not in FILES:
        raise ApiError(404, f"File not found: {file_id}")
    return FILES[file_id]
