"""Pictures and documents in requests: what the API refuses, and answers with citations."""

import base64
from typing import Any

import anthropic
import pytest

from chat.simulator.checks import media as rules
from tests.simulator.asking import ask, body, said, scenario
from tests.support import media

OLDER = "claude-haiku-4-5-20251001"
JPEG, PNG, GIF = (media.picture(name, (70, 30)) for name in ("JPEG", "PNG", "GIF"))


def image(data: bytes, media_type: str = "image/png") -> dict[str, Any]:
    written = base64.b64encode(data).decode()
    return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": written}}


def paper(data: bytes, media_type: str = "application/pdf", **members: Any) -> dict[str, Any]:
    written = base64.b64encode(data).decode()
    source = {"type": "base64", "media_type": media_type, "data": written}
    return {"type": "document", "source": source, **members}


def text(data: str, *, cited: bool = True, media_type: str = "text/plain") -> dict[str, Any]:
    source = {"type": "text", "media_type": media_type, "data": data}
    return {"type": "document", "source": source, "title": "n.md", "citations": {"enabled": cited}}


def user(*blocks: dict[str, Any], words: str = "What is this?") -> dict[str, Any]:
    return {"role": "user", "content": [*blocks, {"type": "text", "text": words}]}


def in_result(*blocks: dict[str, Any]) -> list[dict[str, Any]]:
    call = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": list(blocks)}
    return [said("Look"), {"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]


def test_pictures_and_documents_are_taken(client: anthropic.Anthropic) -> None:
    blocks = [image(JPEG, "image/jpeg"), image(PNG), image(GIF, "image/gif")]
    blocks += [paper(media.pdf("One", "Two")), image(media.picture("WEBP"), "image/webp")]
    url = {"type": "url", "url": "https://example.com/a"}
    blocks += [{"type": "image", "source": url}, {"type": "document", "source": url}]
    assert ask(client, messages=[user(*blocks)]).usage.input_tokens > 4000
    assert ask(client, messages=in_result(image(PNG), {"type": "text", "text": "there"})).content


@pytest.mark.parametrize(
    ("messages", "changes", "words"),
    [
        ([user(image(b"hello"))], {}, "not image/png"),
        ([user(image(media.picture("PNG", (8001, 1))))], {}, "dimensions"),
        ([user(image(media.picture("JPEG", (1, 8001)), "image/jpeg"))], {}, "dimensions"),
        ([user(image(media.picture("GIF", (8001, 1)), "image/gif"))], {}, "dimensions"),
        ([user(*[image(PNG)] * 20, image(media.picture("PNG", (2001, 1))))], {}, "dimensions"),
        (in_result(image(b"hello")), {}, "not image/png"),
        ([user(*[image(PNG)] * 101)], {"model": OLDER}, "too many images"),
        ([user(paper(b"hello"))], {}, "not valid"),
        ([user(paper(media.pdf(), "text/html"))], {}, "application/pdf"),
        ([user(text("Hi", media_type="text/html"))], {}, "text/plain"),
        ([user(paper(media.packed_pdf(101)))], {"model": OLDER}, "100 PDF pages"),
        ([user(text("One"), text("Two", cited=False))], {}, "citations must be"),
        (
            [user(text("One"))],
            {"output_config": {"format": {"type": "json_schema", "schema": {"type": "string"}}}},
            "not supported with citations",
        ),
    ],
)
def test_unsupported_media_are_refused(
    client: anthropic.Anthropic, messages: list[Any], changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(anthropic.BadRequestError, match=words):
        ask(client, messages=messages, **changes)


def test_bytes_must_be_base64_and_not_too_many(
    client: anthropic.Anthropic, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = {"type": "base64", "media_type": "image/png", "data": "no base64!"}
    with pytest.raises(anthropic.BadRequestError, match="valid base64"):
        ask(client, messages=[user({"type": "image", "source": broken})])
    monkeypatch.setattr(rules, "MAX_PICTURE_BASE64", 10)
    with pytest.raises(anthropic.BadRequestError, match="10 MB"):
        ask(client, messages=[user(image(PNG))])


def test_citation_has_its_location(client: anthropic.Anthropic) -> None:
    messages = [user(text("  Grass is green. Sky is blue."), paper(media.pdf(), citations={"enabled": True}))]
    message = ask(client, messages=messages, **scenario("citations"))
    cited = [block.citations[0] for block in message.content if block.type == "text" and block.citations]
    assert [(one.type, one.document_index) for one in cited] == [("char_location", 0), ("page_location", 1)]
    first = cited[0]
    assert first.type == "char_location"
    assert (first.cited_text, first.start_char_index, first.end_char_index) == ("Grass is green.", 2, 17)
    assert first.document_title == "n.md"
    with client.messages.stream(**body(messages=messages), **scenario("citations")) as stream:
        told = [event for event in stream if event.type == "citation"]
        final = stream.get_final_message().content
    assert [block.model_dump(exclude={"parsed_output"}) for block in final] == [
        block.model_dump() for block in message.content
    ]
    assert len(told) == 2


def test_the_usual_answer_cites_what_was_just_sent(client: anthropic.Anthropic) -> None:
    message = ask(client, messages=[user(text("Grass is green."))])
    texts = [block for block in message.content if block.type == "text"]
    assert [bool(block.citations) for block in texts] == [False, True, False]
    assert texts[2].text.startswith("\n\n## ")
    plain = ask(client, messages=[user(text("Grass is green.", cited=False))])
    assert len(plain.content) == 1
