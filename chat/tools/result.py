"""The input and output of a tool: the context of a call, its result, and a failure whose message the model may read.

Results are part of a transcript that is sent again and again, so a block that the API would refuse must not
get in. Only text, pictures (`pictures` checks them) and a function's search results pass; everything else becomes
text.
"""

import base64
import binascii
import dataclasses
import uuid
from collections.abc import Iterable
from typing import Any

from chat.claude.content.blocks import Block
from chat.claude.encoding.exact_numbers import exact_json
from chat.claude.encoding.text import clean_json, clean_text
from chat.readers.pictures.sizes import picture_format

NO_OUTPUT = "The tool gave no output."


@dataclasses.dataclass(frozen=True, slots=True)
class ToolContext:
    """The person and conversation of a call. `time_zone` is an IANA name, `language` a code such as "ko"."""

    user_id: uuid.UUID
    conversation_id: uuid.UUID | None = None
    assistant_id: uuid.UUID | None = None
    language: str = "en"
    time_zone: str = "UTC"


@dataclasses.dataclass(frozen=True, slots=True)
class ToolResult:
    """The content of a tool_result: text, image and search_result blocks, never empty."""

    content: list[Block]
    is_error: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class SearchResult:
    """A passage that a function found, which models cite. `source` is an address of Parley's own.

    Only functions give these: a block of a server's that looks like one stays text.
    """

    source: str
    title: str
    text: str

    def block(self) -> Block:
        """Return the block of the Messages API."""
        return {
            "type": "search_result",
            "source": self.source,
            "title": self.title,
            "content": [text_block(clean_text(self.text))],
            "citations": {"enabled": True},
        }


class ToolFailed(Exception):
    """A tool could not do its work. The message is for the model and may be shown to the person.

    All other exceptions of a tool are reported as "failed" only, because their messages could reveal
    internals.
    """


def text_block(words: str) -> Block:
    """Return a text block of the Messages API."""
    return {"type": "text", "text": words}


def failed_result(words: str) -> ToolResult:
    """Return an error result with a message for the model."""
    return ToolResult([text_block(words)], is_error=True)


def make_result(value: Any, *, limit_bytes: int, is_error: bool = False) -> ToolResult:
    """Return the result for a tool's return value: text, a list of blocks, or any JSON value.

    Raises:
        ToolFailed: it is longer than `limit_bytes` as JSON, or not JSON.
    """
    try:
        content = [block for item in _items(value) for block in _as_blocks(item)]
        size = len(exact_json(content).encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise ToolFailed("The tool's answer could not be read.") from error
    if size > limit_bytes:
        raise ToolFailed(f"The tool's answer is longer than the {limit_bytes} bytes it may have.")
    return ToolResult(content or [text_block(NO_OUTPUT)], is_error)


def _items(value: Any) -> Iterable[Any]:
    if isinstance(value, list) and value and all(_is_block(item) for item in value):
        return value
    if isinstance(value, list) and any(isinstance(item, SearchResult) for item in value):
        return value
    return [] if value is None else [value]


def _is_block(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("type"), str)


def _as_blocks(item: Any) -> list[Block]:
    """Return one item as blocks that the API accepts; [] for blank text."""
    if isinstance(item, SearchResult):
        return [item.block()]
    if isinstance(item, dict) and item.get("type") == "text" and isinstance(item.get("text"), str):
        item = item["text"]
    elif kind := _picture_kind(item):
        kept = {"type": "base64", "media_type": kind, "data": item["source"]["data"]}
        return [{"type": "image", "source": kept}]
    elif isinstance(item, dict) and item.get("type") == "image":
        item = "[a picture that could not be read]"
    text = clean_text(item) if isinstance(item, str) else exact_json(clean_json(item))
    return [text_block(text)] if text.strip() else []


def _picture_kind(item: Any) -> str:
    """Return the media type found in a picture's bytes; "" if it is not a picture."""
    source = item.get("source") if isinstance(item, dict) and item.get("type") == "image" else None
    if not isinstance(source, dict) or source.get("type") != "base64":
        return ""
    try:
        name = picture_format(base64.b64decode(source["data"], validate=True))
    except (KeyError, TypeError, ValueError, binascii.Error):
        return ""
    return f"image/{name.lower()}" if name else ""
