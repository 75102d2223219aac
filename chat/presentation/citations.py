"""The addresses of citations, and the marks for them in an answer's Markdown.

A mark is a sign, a number and an address. The sign is a noncharacter of Unicode, which is taken out of what a model
writes: a model can't write a link that looks like a citation. static/chat/models/text/citations.js does the same while
an answer arrives.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

LONGEST_QUOTE = 300
SIGN = "\ufdd0"
_WEB = re.compile(r"https?://")
_OWN = re.compile(r"(/attachments/[0-9a-f-]{36}\?(?:page=\d+|start=\d+&end=\d+))#cited")
_UNSAFE = re.compile(r"[()\s\"'<>\\]")
Block = dict[str, Any]


def address_of(message_id: object, citation: Block) -> str:
    """Return the address of a citation's source; "" if it has none."""
    place: dict[str, Any]
    match citation.get("type"):
        case "char_location":
            place = {"start": citation.get("start_char_index"), "end": citation.get("end_char_index")}
        case "page_location":
            quoted = str(citation.get("cited_text") or "")[:LONGEST_QUOTE]
            place = {"page": citation.get("start_page_number"), "quote": quoted}
        case "content_block_location":
            place = {}
        case "search_result_location":
            return _own_address(message_id, citation)
        case "web_search_result_location":
            url = str(citation.get("url") or "")
            return _UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", url) if _WEB.match(url) else ""
        case _:
            return ""
    asked = {
        "document": citation.get("document_index"),
        "title": citation.get("document_title") or "",
        **place,
    }
    query = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in asked.items())
    return f"/cited/{message_id}?{query}"


def _own_address(message_id: object, citation: Block) -> str:
    """Return the address that Parley's own tool gave a passage; no other source may lead anywhere."""
    found = _OWN.fullmatch(str(citation.get("source") or ""))
    if found is None:
        return ""
    quoted = quote(str(citation.get("cited_text") or "")[:LONGEST_QUOTE], safe="")
    of_page = f"&quote={quoted}" if "?page=" in found[1] else ""
    return f"{found[1]}&message={message_id}{of_page}#cited"


class Marks:
    """Numbers sources in the order in which an answer cites them.

    The messages of one turn share their `numbers` by address: they are one answer on the page.
    """

    def __init__(self, message_id: object, numbers: dict[str, int] | None = None) -> None:
        self._message_id = message_id
        self._numbers = {} if numbers is None else numbers

    def after(self, text: str, citations: Iterable[Any]) -> str:
        """Return a model's text with its marks, placed before trailing whitespace."""
        addresses = (address_of(self._message_id, one) for one in citations if isinstance(one, dict))
        marks = "".join(
            f" {SIGN}[{self._number(address)}]({address})" for address in dict.fromkeys(addresses) if address
        )
        text = without_signs(text)
        kept = text.rstrip()
        return kept + marks + text[len(kept) :]

    def _number(self, address: str) -> int:
        return self._numbers.setdefault(address, len(self._numbers) + 1)


def without_signs(text: str) -> str:
    """Return a model's text without the sign that only marks of citations have."""
    return text.replace(SIGN, "\ufffd")


def join_texts(blocks: Sequence[Block], marks: Marks, *, live: bool = False) -> list[Block]:
    """Return the blocks with neighbouring text blocks joined and their citations marked.

    Elements are as templates show them: {"index", "type", "value", "open"?, "citations"?}. While an answer is
    written (`live`) all neighbours are one text, and a block that is still open gets its marks at its end.
    """
    result: list[Block] = []
    for block in blocks:
        if block["type"] != "text":
            result.append(block)
            continue
        citations = block.get("citations") or []
        shown = without_signs(block["value"]) if block.get("open") else marks.after(block["value"], citations)
        last = result[-1] if result and result[-1]["type"] == "text" else None
        text = {**block, "value": shown, "cited": bool(citations)}
        if last is not None and (live or citations or last["cited"]):
            result[-1] = {**text, "value": last["value"] + shown}
        else:
            result.append(text)
    return result
