"""Results of MCP tools as blocks of the Messages API.

Text and pictures reach the model. Other files (PDFs, audio, unknown data) are named with their type and size, because a
model that can't read them would refuse each later request of the conversation. What a file is, its bytes decide; the
type that a server names only decides whether bytes are text.
"""

import base64
import codecs
import re
from collections.abc import Iterator
from typing import Any

from chat.claude.content.blocks import Block
from chat.claude.encoding.exact_numbers import exact_json
from chat.readers.pictures.sizes import picture_format
from chat.tools.result import text_block

_TEXT_TYPES = re.compile(
    r"text/.+|.+\+(?:json|xml|yaml)"
    r"|application/(?:json|xml|yaml|x-yaml|toml|javascript|sql|x-sh|x-ndjson|graphql)"
)
_CHARSET = re.compile(r"charset=[\"']?([A-Za-z0-9._-]+)")
# Other codecs of Python don't decode text, or take very long.
_CHARSETS = frozenset(
    {
        *(
            "ascii",
            "utf-8",
            "utf-16",
            "utf-16-le",
            "utf-16-be",
            "iso8859-1",
            "iso8859-15",
            "cp1251",
            "cp1252",
        ),
        *("euc_kr", "cp949", "shift_jis", "cp932", "euc_jp", "gb2312", "gbk", "gb18030", "big5"),
    }
)


def result_content(answer: Any) -> list[Block]:
    """Return the content of a tool's answer as text and image blocks.

    Structured content follows as JSON unless its values stand in the texts already, as the specification advises.

    Raises:
        ValueError, RecursionError: the structured content is no JSON that can be written.
    """
    content = [_block(item) for item in answer.content]
    structured = answer.structured_content
    if structured is not None:
        shown = "\n".join(block["text"] for block in content if block["type"] == "text")
        if not shown or any(value not in shown for value in _values(structured)):
            content.append(text_block(exact_json(structured)))
    return content


def _block(item: Any) -> Block:
    match item.type:
        case "text":
            return text_block(item.text)
        case "image":
            return _file("image", item.mime_type, item.data)
        case "audio":
            return _named("audio", item.mime_type, _decoded(item.data))
        case "resource" if hasattr(item.resource, "text"):
            return text_block(f"{item.resource.uri}\n{item.resource.text}")
        case "resource":
            return _file(str(item.resource.uri), item.resource.mime_type, item.resource.blob)
        case "resource_link":
            about = [item.mime_type, f"{item.size} bytes" if item.size is not None else None]
            known = ", ".join(part for part in about if part)
            return text_block(f"{item.name}: {item.uri}" + (f" ({known})" if known else ""))
    return text_block(f"[{item.type} that can't be shown]")


def _file(name: str, media_type: str | None, encoded: str) -> Block:
    """Return a file as a picture or as text if it is one; otherwise what it is."""
    data = _decoded(encoded)
    if data is not None and (kind := picture_format(data)):
        source = {"type": "base64", "media_type": f"image/{kind.lower()}"}
        return {"type": "image", "source": {**source, "data": base64.b64encode(data).decode()}}
    text = None if data is None else _text(data, media_type or "")
    return _named(name, media_type, data) if text is None else text_block(f"{name}\n{text}")


def _decoded(encoded: str) -> bytes | None:
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except ValueError:  # not base64, or not ASCII
        return None


def _text(data: bytes, media_type: str) -> str | None:
    """Return the text of a file whose type says that it is text; None if it is not text after all."""
    kind, _, parameters = media_type.lower().partition(";")
    if not _TEXT_TYPES.fullmatch(kind.strip()):
        return None
    named = _CHARSET.search(parameters)
    try:
        charset = codecs.lookup(named[1]).name if named else "utf-8"
        text = data.decode({"utf-8": "utf-8-sig"}.get(charset, charset)) if charset in _CHARSETS else "\0"
    except (LookupError, UnicodeDecodeError):
        return None
    return None if "\0" in text else text


def _named(name: str, media_type: str | None, data: bytes | None) -> Block:
    size = "its data is not base64" if data is None else f"{len(data)} bytes"
    return text_block(f"[{name}: {media_type or 'a file of unknown type'}, {size}; it can't be shown]")


def _values(value: Any) -> Iterator[str]:
    """Yield the texts and numbers in a JSON value as they stand in a text."""
    rest = [value]
    while rest:
        node = rest.pop()
        if isinstance(node, dict | list):
            rest.extend(node.values() if isinstance(node, dict) else node)
        elif node is not None and not isinstance(node, bool):
            yield node if isinstance(node, str) else exact_json(node)
