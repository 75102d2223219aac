from typing import Any

import anthropic
import pytest

from tests.simulator.asking import ask, said

OLD = {"extra_headers": {"anthropic-version": "2023-06-01"}}
USE = {"type": "tool_use", "id": "toolu_a", "name": "get_weather", "input": {}}
SECOND = USE | {"id": "toolu_b"}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_a", "content": "sunny"}
TEXT = {"type": "text", "text": "thanks"}


def assistant(*blocks: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def refused(client: anthropic.Anthropic, messages: list[Any], **changes: Any) -> str:
    with pytest.raises(anthropic.BadRequestError) as caught:
        ask(client, messages=messages, **changes)
    return str(caught.value)


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([], "at least one message"),
        ([assistant(TEXT)], "first message"),
        ([{"role": "system", "content": "x"}], "first message"),
        ([{"role": "robot", "content": "x"}], "role"),
        ([said("")], "non-empty content"),
        ([said(" \n")], "non-whitespace"),
        ([user({"type": "text", "text": ""})], "non-empty"),
        ([user({"type": "hologram"})], "does not match"),
        ([user(USE)], "does not match"),
        ([user({"text": "x"})], "type"),
        ([said("x") | {"id": 1}], "Extra inputs"),
        ([said("x"), assistant(), said("y")], "non-empty content"),
        ([said("x"), assistant(TEXT)], "prefill"),
        ([said("x"), assistant(USE), said("y")], "without `tool_result`"),
        ([said("x"), assistant(USE, SECOND), user(RESULT)], "toolu_b"),
        ([said("x"), assistant(USE), said("y"), assistant(TEXT), user(RESULT)], "without `tool_result`"),
        ([user(RESULT)], "unexpected `tool_use_id`"),
        ([said("x"), assistant(USE), user(RESULT, RESULT)], "single result"),
        ([said("x"), assistant(USE), user(TEXT, RESULT)], "must come before"),
        ([said("x"), assistant(USE, USE), user(RESULT)], "unique"),
        ([said("x"), assistant(USE), user(RESULT), assistant(USE), user(RESULT)], "unique"),
        ([said("x"), assistant(USE | {"input": []}), user(RESULT)], "dictionary"),
        ([said("x"), assistant(USE | {"id": "a b"}), user(RESULT)], "pattern"),
        ([said("x"), assistant(USE), user(RESULT | {"content": 5})], "tool_result.content"),
        ([said("x"), assistant({"type": "thinking", "thinking": "x"}), said("y")], "signature"),
        (
            [user({"type": "image", "source": {"type": "base64", "media_type": "image/bmp", "data": "x"}})],
            "media",
        ),
        ([user({"type": "image"})], "source"),
    ],
)
def test_conversations_that_break_a_rule(client: anthropic.Anthropic, messages: list[Any], words: str):
    assert words in refused(client, messages)


@pytest.mark.parametrize(
    "messages",
    [
        [said("x"), said("y")],
        [said("x"), assistant(TEXT), assistant(TEXT), said("y")],
        [said("x"), assistant(USE, SECOND), user(RESULT | {"tool_use_id": "toolu_b"}, RESULT, TEXT)],
        [said("x"), assistant(USE), user(RESULT | {"content": [TEXT], "is_error": True})],
        [said("x"), assistant(USE), user(RESULT | {"content": ""}), said("and now?")],
        [said("x"), {"role": "system", "content": "Be brief."}],
        [said("x"), {"role": "system", "content": "Be brief."}, assistant(TEXT), said("y")],
    ],
)
def test_conversations_that_are_accepted(client: anthropic.Anthropic, messages: list[Any]):
    assert ask(client, messages=messages).stop_reason == "end_turn"


def test_system_messages_follow_a_user_message(client: anthropic.Anthropic):
    system = {"role": "system", "content": "Be brief."}
    assert "must follow a user" in refused(client, [said("x"), assistant(TEXT), system, said("y")])
    assert "before an assistant" in refused(client, [said("x"), system, said("y")])
    assert "follow" in refused(client, [said("x"), assistant(USE), system, user(RESULT)])
    assert "not supported" in refused(client, [said("x"), system], model="claude-sonnet-5")


def test_prefill_works_on_older_models(client: anthropic.Anthropic):
    messages = [said("Finish this"), {"role": "assistant", "content": "It begins"}]
    assert ask(client, messages=messages, model="claude-opus-4-5").content[0].type == "text"
    messages[1]["content"] = "It begins "
    assert "trailing whitespace" in refused(client, messages, model="claude-opus-4-5")


def test_misplaced_documents_and_citations_are_refused(client: anthropic.Anthropic):
    document = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}}
    cited = TEXT | {"citations": [{"type": "char_location", "cited_text": "x"}]}
    found = {"type": "search_result", "source": "s", "title": "t", "content": [cited]}
    for messages in ([said("x"), assistant(document), said("y")], [user(cited)], [user(found)]):
        assert refused(client, messages)
        assert ask(client, messages=messages, **OLD).stop_reason == "end_turn"


def test_file_sources_are_not_found(client: anthropic.Anthropic):
    with pytest.raises(anthropic.NotFoundError):
        ask(client, messages=[user({"type": "image", "source": {"type": "file", "file_id": "file_1"}})])
