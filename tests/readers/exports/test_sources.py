"""Parts of exports that are rarer than those in tests/world/exports: each is taken, shown or counted."""

import json
from typing import Any

import pytest

from chat.readers.exports.conversation import ExportedConversation
from chat.readers.exports.detect import LeftOut, read_element
from chat.readers.exports.values import fenced, seconds

CANVAS = "canmore.create_textdoc"


def read(value: dict[str, Any]) -> ExportedConversation:
    found = read_element(json.dumps(value).encode())
    assert isinstance(found, ExportedConversation), found
    return found


def counts(found: ExportedConversation) -> dict[str, int]:
    return {" ".join(key): count for key, count in found.left_out.items() if count}


def chatgpt(*messages: dict[str, Any]) -> ExportedConversation:
    asked = {"author": {"role": "user"}, "content": {"content_type": "text", "parts": ["Q"]}}
    nodes = [asked, *messages]
    mapping = {
        str(at): {"parent": str(at - 1) if at else None, "message": message}
        for at, message in enumerate(nodes)
    }
    return read({"id": "c", "mapping": mapping, "current_node": str(len(nodes) - 1)})


def said(
    content: dict[str, Any], *, recipient: str = "all", role: str = "assistant", **more: Any
) -> dict[str, Any]:
    return {"author": {"role": role, **more}, "recipient": recipient, "content": content}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"content_type": "code", "language": "python", "text": "1 + 1"}, "```python\n1 + 1\n```"),
        ({"content_type": "code", "language": "unknown", "text": "x"}, "```\nx\n```"),
        (
            {"content_type": "holograph", "parts": ["Seen", {"text": "and heard"}, {"x": 1}]},
            "Seen\nand heard",
        ),
        ({"content_type": "holograph", "text": "Seen"}, "Seen"),
    ],
)
def test_texts_of_chatgpt(content: dict[str, Any], text: str) -> None:
    found = chatgpt(said(content))
    assert found.nodes[-1].blocks == [{"type": "text", "text": text}]
    assert counts(found) == ({"content unknown": 1} if content["content_type"] == "holograph" else {})


def test_empty_code_of_chatgpt_is_no_message() -> None:
    assert len(chatgpt(said({"content_type": "code"})).nodes) == 1


@pytest.mark.parametrize(
    ("message", "name", "result"),
    [
        (said({"content_type": "tether_quote", "url": "https://e.org", "text": "Quoted"}), "Quote", "Quoted"),
        (said({"content_type": "execution_output", "text": "4"}), "Output", "4"),
        (said({"content_type": "system_error", "text": "No"}, role="tool", name="browser"), "browser", "No"),
        (said({"content_type": "tether_browsing_display", "result": "Found"}, role="tool"), "tool", "Found"),
        (said({"content_type": "text", "parts": ["call"]}, recipient="bio"), "bio", ""),
        (said({"content_type": "code", "text": "{broken"}, recipient=CANVAS), CANVAS, ""),
        (said({"content_type": "code", "text": "[" * 9000}, recipient=CANVAS), CANVAS, ""),
    ],
)  # fmt: skip
def test_tools_of_chatgpt(message: dict[str, Any], name: str, result: str) -> None:
    (block,) = chatgpt(message).nodes[-1].blocks
    assert (block["type"], block["name"], block["result"]) == ("imported_tool_use", name, result)
    assert block["is_error"] is (name == "browser")


def test_a_document_of_the_canvas_is_text() -> None:
    document = json.dumps({"name": "Sum", "type": "code/python", "content": "1 + 1"})
    found = chatgpt(said({"content_type": "code", "text": document}, recipient=CANVAS))
    assert found.nodes[-1].blocks == [{"type": "text", "text": "**Sum**\n\n```python\n1 + 1\n```"}]


def test_pictures_that_a_tool_of_chatgpt_made_are_counted() -> None:
    picture = {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_00"}
    found = chatgpt(
        said({"content_type": "multimodal_text", "parts": [picture]}, role="tool", name="dalle"),
        said({"content_type": "text", "parts": [" "]}, recipient="dalle"),
    )
    assert (len(found.nodes), counts(found)) == (1, {"file made_by_tool": 1})


def test_a_parent_that_only_lists_of_children_name() -> None:
    asked = {"author": {"role": "user"}, "content": {"content_type": "text", "parts": ["Q"]}}
    found = read(
        {
            "mapping": {
                "a": {"message": asked, "children": ["b"]},
                "b": {"message": said({"content_type": "text", "parts": ["A"]})},
            }
        }
    )
    assert [node.parent for node in found.nodes] == [None, "a"]
    assert (found.external_id, found.leaf) == ("a", "b")


def test_files_and_voices_of_claude() -> None:
    message = {
        "uuid": "m", "sender": "human", "parent_message_uuid": "",
        "content": [{"type": "voice_note", "text": "Spoken"}, {"type": "tool_result", "content": "Alone"}],
        "attachments": [{"file_name": "a.pdf", "extracted_content": ""}],
        "files": [{"file_name": "a.pdf"}, {"file_name": "b.png"}],
    }  # fmt: skip
    found = read({"uuid": "k", "chat_messages": [message], "is_starred": True})
    files, (spoken, result) = found.nodes[0].blocks[:2], found.nodes[0].blocks[2:]
    assert [file["name"] for file in files] == ["a.pdf", "b.png"]
    assert (spoken["text"], result["name"], result["result"]) == ("Spoken", "tool", "Alone")
    assert (counts(found), found.pinned) == ({"file not_in_export": 2}, True)


def test_a_message_twice_and_a_hidden_leaf() -> None:
    messages = [
        {"uuid": "m", "sender": "human", "text": "Q"},
        {"uuid": "m", "sender": "human", "text": "Q", "parent_message_uuid": ""},
        {"uuid": "n", "sender": "assistant", "text": "", "parent_message_uuid": "m"},
        {
            "uuid": "o",
            "sender": "human",
            "text": "Later",
            "parent_message_uuid": "m",
            "created_at": "2026-01-01",
        },
    ]
    found = read({"uuid": "k", "chat_messages": messages, "current_leaf_message_uuid": "n"})
    assert (found.leaf, counts(found)) == ("m", {"message twice": 1})


def test_rare_parts_of_librechat() -> None:
    parts = [
        {"type": "tool_call", "tool_call": {"name": "f", "args": "{broken"}},
        {"type": "error", "error": "Too long"},
        {"type": "image_file"},
        {"type": "agent_update"},
    ]
    messages = [
        {"messageId": "a", "isCreatedByUser": True, "text": "Q", "files": [{"filename": "a.txt"}]},
        {"messageId": "b", "parentMessageId": "a", "content": parts},
    ]
    found = read({"conversationId": "l", "messages": messages})
    assert found.nodes[0].blocks[0] == {"type": "file", "name": "a.txt"}
    call, error = found.nodes[1].blocks
    assert (call["input"], error["text"]) == ({"input": "{broken"}, "Too long")
    assert counts(found) == {"content unknown": 1, "file not_in_export": 2}


def test_rare_parts_of_open_webui() -> None:
    content = (
        '<details type="code_interpreter" done="true" output="&quot;4&quot;">\n'
        "<summary>Analysed</summary>\n2+2\n</details>\n"
        '<details type="tool_calls" name="f" arguments="broken" result="{&quot;a&quot;: 1}"></details>\n'
        'Text <details type="reasoning" done="false">never ends'
    )
    messages = [
        {"role": "user", "content": "Q", "files": [{"name": "a.txt"}]},
        {"role": "assistant", "content": content},
        {"role": "system", "content": "hidden"},
    ]
    found = read({"chat": {"id": "o", "title": "T", "timestamp": 1735689600000, "messages": messages}})
    code, call, rest = found.nodes[1].blocks
    assert (code["input"], code["result"]) == ({"code": "2+2"}, '"4"')
    assert (call["input"], call["result"]) == ("broken", '{"a": 1}')
    assert rest["text"].startswith("Text <details")
    assert (found.external_id, found.title, found.created_at) == ("o", "T", 1735689600.0)
    assert counts(found) == {"file not_in_export": 1}


def test_rare_parts_of_parley() -> None:
    content = [
        {"type": "thinking", "thinking": "Hm", "signature": "s"},
        {"type": "redacted_thinking", "data": "x"},
        {"type": "imported_tool_use", "name": "old", "input": {}, "result": "R", "is_error": True},
        {"type": "server_tool_use", "id": "w", "name": "web_search", "input": {}},
        {"type": "web_search_tool_result", "tool_use_id": "w", "content": "Text"},
        {"type": "container_upload", "file_id": "f"},
        {"type": "image", "source": {"type": "url", "url": "https://e.org/x.png"}},
    ]
    messages = [
        {"id": "a", "role": "user", "kind": "chat", "content": [{"type": "text", "text": "Q"}]},
        {
            "id": "s",
            "parent": "a",
            "role": "user",
            "kind": "summary",
            "content": [{"type": "text", "text": "S"}],
        },
        {"id": "b", "parent": "s", "role": "assistant", "content": content},
    ]
    found = read({"format": "parley-conversation", "conversation": {"id": "c"}, "messages": messages})
    assert [node.parent for node in found.nodes] == [None, "a"]
    thought, old, search, image = found.nodes[1].blocks
    assert thought == {"type": "thinking", "thinking": "Hm"}
    assert (old["result"], old["is_error"], search["result"]) == ("R", True, "Text")
    assert image == {"type": "file", "name": "file", "pointer": ""}
    assert counts(found) == {"content encrypted": 1, "content unknown": 1}


@pytest.mark.parametrize(
    "value",
    [
        b'{"chat_messages": [}',
        b'{"mapping": {"a": {"message": {"author": {"role": "user"}, "content": {"content_type": []}}}}}',
        b"[]",
    ],
)
def test_what_no_version_wrote_is_left_out(value: bytes) -> None:
    found = read_element(value)
    assert isinstance(found, LeftOut)
    assert found.kind == "conversation"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1735689600, 1735689600.0),
        (1735689600.5, 1735689600.5),
        (1735689600500, 1735689600.5),
        ("2025-01-01T00:00:00Z", 1735689600.0),
        ("2025-01-01T09:00:00+09:00", 1735689600.0),
        ("2025-01-01", 1735689600.0),
        *((odd, None) for odd in ("", "yesterday", None, True, float("nan"), -1, 0, 1e30, [], {})),
    ],
)
def test_times(value: object, expected: float | None) -> None:
    assert seconds(value) == expected


def test_a_fence_is_longer_than_those_inside() -> None:
    assert fenced("a", "py") == "```py\na\n```"
    assert fenced("````", "") == "`````\n````\n`````"
