"""Citations as marks in the text: their addresses, and texts that citations split."""

from typing import Any

from chat.presentation.citations import SIGN, Marks, address_of, join_texts, without_signs

ABOUT = {"document_index": 0, "document_title": "a (1).md"}
LINE = {"type": "char_location", "start_char_index": 3, "end_char_index": 9, **ABOUT}
PAPER = {"type": "page_location", "start_page_number": 2, "cited_text": "Grass (green)", **ABOUT}
LINE_ADDRESS = "/cited/m1?document=0&title=a%20%281%29.md&start=3&end=9"


def text(value: str, *citations: Any, **more: Any) -> dict[str, Any]:
    return {"index": 0, "type": "text", "value": value, "citations": list(citations), **more}


def test_addresses_name_the_place() -> None:
    assert address_of("m1", LINE) == LINE_ADDRESS
    page = "/cited/m1?document=0&title=a%20%281%29.md&page=2&quote=Grass%20%28green%29"
    assert address_of("m1", PAPER) == page
    block = {"type": "content_block_location", "document_index": 1}
    assert address_of("m1", block) == "/cited/m1?document=1&title="
    web = {"type": "web_search_result_location", "url": "https://example.com/a(b)"}
    assert address_of("m1", web) == "https://example.com/a%28b%29"
    assert address_of("m1", {**web, "url": "javascript:alert(1)"}) == ""
    assert address_of("m1", {"type": "search_result_location"}) == ""


def test_places_are_numbered_once() -> None:
    marks = Marks("m1")
    assert marks.after("Green. \n", [LINE, LINE]) == f"Green. {SIGN}[1]({LINE_ADDRESS}) \n"
    assert marks.after("Blue", [PAPER, "odd", LINE]).count("](/cited/m1") == 2
    assert marks.after("Again", [PAPER]).startswith(f"Again {SIGN}[2](")


def test_messages_of_one_turn_share_their_numbers() -> None:
    numbers: dict[str, int] = {}
    Marks("m1", numbers).after("Green", [LINE])
    assert Marks("m2", numbers).after("Blue", [LINE]).startswith(f"Blue {SIGN}[2](/cited/m2?")
    assert Marks("m1", numbers).after("Again", [LINE]).startswith(f"Again {SIGN}[1](")


def test_text_split_by_citations_is_joined() -> None:
    blocks = [text("As said, "), text("it is green", LINE), text(" and "), text("new."), {"type": "thinking"}]
    whole = join_texts(blocks, Marks("m1"))
    assert [block["type"] for block in whole] == ["text", "text", "thinking"]
    assert whole[0]["value"] == f"As said, it is green {SIGN}[1]({LINE_ADDRESS}) and "
    assert whole[1]["value"] == "new."
    live = join_texts([*blocks[:3], text("on", LINE, open=True, index=4)], Marks("m1"), live=True)
    assert len(live) == 1
    assert live[0]["value"].endswith(" and on")
    assert (live[0]["index"], live[0]["open"], live[0]["citations"]) == (4, True, [LINE])


def test_a_model_cannot_write_a_mark() -> None:
    forged = f"Fact. {SIGN}[1](https://evil.example/)"
    harmless = "Fact. \ufffd[1](https://evil.example/)"
    assert without_signs(forged) == harmless
    assert Marks("m1").after(forged, [LINE]) == f"{harmless} {SIGN}[1]({LINE_ADDRESS})"
    for live in (False, True):
        shown = join_texts([text(forged), text(forged, open=True, index=1)], Marks("m1"), live=live)
        assert SIGN not in "".join(block["value"] for block in shown)
