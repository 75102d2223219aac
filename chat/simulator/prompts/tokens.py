"""The simulator's token counter: plain arithmetic over characters, so that tests can compute its results.

ASCII characters cost one token per `chars_per_token` (3, or 4 on models before 4.7), rounded up; every other
character costs one token. Images follow the documented 28-pixel grid. PDF pages, counted in the page tree,
cost a fixed amount.
"""

import base64
import binascii
import collections
import hashlib
import io
import struct
from typing import Any

import orjson

from chat.simulator.models import Model

MESSAGE_TOKENS = 4
PAGE_TOKENS = 2_000
MAX_COUNTED = 64
# The pages of the last PDFs, by digest: the same one comes with each request of a conversation.
_counted: collections.OrderedDict[bytes, int] = collections.OrderedDict()


def count(text: str, chars_per_token: int) -> int:
    """Return the tokens of a text."""
    plain = len(text.encode("ascii", "ignore"))
    return -(-plain // chars_per_token) + len(text) - plain


def cut(text: str, budget: int, chars_per_token: int) -> str:
    """Return the longest beginning of `text` that costs at most `budget` tokens."""
    if count(text, chars_per_token) <= budget:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if count(text[:middle], chars_per_token) <= budget:
            low = middle
        else:
            high = middle - 1
    return text[:low]


def json_tokens(value: Any, model: Model) -> int:
    """Return the tokens of a value written as compact JSON."""
    return count(orjson.dumps(value).decode(), model.chars_per_token)


def block_tokens(block: dict[str, Any], model: Model) -> int:
    """Return the tokens of one content block, nested content included (thinking is counted elsewhere)."""
    match block.get("type"):
        case "text":
            return count(block["text"], model.chars_per_token)
        case "image":
            return _image_tokens(block.get("source", {}), model)
        case "document":
            return _document_tokens(block, model)
        case "tool_result":
            return 8 + content_tokens(block.get("content", ""), model)
        case _:
            return json_tokens({k: v for k, v in block.items() if k != "cache_control"}, model)


def content_tokens(content: Any, model: Model) -> int:
    """Return the tokens of a string or of a list of content blocks."""
    if isinstance(content, str):
        return count(content, model.chars_per_token)
    return sum(block_tokens(block, model) for block in content or ())


def _document_tokens(block: dict[str, Any], model: Model) -> int:
    source = block.get("source", {})
    titles = f"{block.get('title') or ''}{block.get('context') or ''}"
    head = count(titles, model.chars_per_token)
    match source.get("type"):
        case "text":
            return head + count(str(source.get("data", "")), model.chars_per_token)
        case "content":
            return head + content_tokens(source.get("content", ""), model)
        case "base64":
            return head + PAGE_TOKENS * pdf_pages(_decoded(source.get("data", ""), None))
        case _:
            return head + PAGE_TOKENS


def pdf_pages(data: bytes) -> int:
    """Return the number of pages of a PDF; an unreadable one counts as one page."""
    digest = hashlib.sha256(data).digest()
    if digest not in _counted:
        _counted[digest] = _read_pages(data)
    _counted.move_to_end(digest)
    while len(_counted) > MAX_COUNTED:
        _counted.popitem(last=False)
    return _counted[digest]


def _read_pages(data: bytes) -> int:
    from pypdf import PdfReader

    try:
        return max(1, len(PdfReader(io.BytesIO(data)).pages))
    except Exception:  # a reader of broken files raises almost anything
        return 1


def _image_tokens(source: dict[str, Any], model: Model) -> int:
    size = _png_size(_decoded(source.get("data", ""), 64)) if source.get("type") == "base64" else None
    if size is None:
        return model.max_image_tokens
    width, height = size
    return max(1, min(model.max_image_tokens, -(-width // 28) * -(-height // 28)))


def _decoded(data: Any, limit: int | None) -> bytes:
    try:
        return base64.b64decode(str(data)[:limit])
    except (binascii.Error, ValueError):
        return b""


def _png_size(head: bytes) -> tuple[int, int] | None:
    if head[:8] != b"\x89PNG\r\n\x1a\n" or len(head) < 24:
        return None
    width, height = struct.unpack(">II", head[16:24])
    return width, height
