"""Results of server tools as text, for platforms without these tools."""

from typing import Any

import pytest

from chat.claude.request.server_tool_text import missing_tools_as_text
from chat.claude.request.transcript import PathMessage, loop_can_continue, to_messages

URL = "https://example.com/a"
THOUGHT = {"type": "thinking", "thinking": "x", "signature": "s"}
HIT = {"type": "web_search_result", "url": URL, "title": "A page", "encrypted_content": "secret"}
CITED = {"type": "web_search_result_location", "url": URL, "title": "A page", "encrypted_index": "secret"}


def said(text: str, **fields: Any) -> dict[str, Any]:
    return {"type": "text", "text": text, **fields}


def call(name: str, **given: Any) -> dict[str, Any]:
    return {"type": "server_tool_use", "id": "srvtoolu_1", "name": name, "input": given}


def result(name: str, content: Any) -> dict[str, Any]:
    return {"type": f"{name}_tool_result", "tool_use_id": "srvtoolu_1", "content": content}


def all_of_them(tool: str) -> bool:
    return bool(tool)


def told(*content: dict[str, Any]) -> list[dict[str, Any]]:
    [message] = missing_tools_as_text([PathMessage("assistant", list(content))], all_of_them)
    return message.content


@pytest.mark.parametrize(
    ("asked", "brought", "lines"),
    [
        (
            call("web_search", query="bridges"),
            result("web_search", [HIT, HIT]),
            ['{"query":"bridges"}', *[f"A page — {URL}"] * 2],
        ),
        (
            call("web_fetch", url=URL),
            result(
                "web_fetch",
                {
                    "type": "web_fetch_result",
                    "url": URL,
                    "content": {
                        "type": "document",
                        "title": "A page",
                        "source": {"type": "text", "media_type": "text/plain", "data": "It is high."},
                    },
                },
            ),
            [f'{{"url":"{URL}"}}', URL, "A page", "It is high."],
        ),
        (
            call("web_fetch", url=URL),
            result("web_fetch", {"content": {"source": {"type": "base64", "data": "JVBERi0="}}}),
            [f'{{"url":"{URL}"}}'],
        ),
        (
            call("bash_code_execution", command="ls"),
            result("bash_code_execution", {"stdout": "a\nb", "stderr": "", "return_code": 0}),
            ['{"command":"ls"}', "a", "b"],
        ),
        (
            call("text_editor_code_execution"),
            result("text_editor_code_execution", {"lines": ["-a", "+b"]}),
            ["-a", "+b"],
        ),
        (
            call("web_search", query="x"),
            result("web_search", {"type": "web_search_tool_result_error", "error_code": "unavailable"}),
            ['{"query":"x"}', "unavailable"],
        ),
    ],
)
def test_readable_results_become_text_in_place(
    asked: dict[str, Any], brought: dict[str, Any], lines: list[str]
) -> None:
    name = asked["name"]
    [before, text, after] = told(said("Let me see."), asked, brought, said("So."))[:3]
    assert (before, after) == (said("Let me see."), said("So."))
    assert text["text"].split("\n") == [f"<{name}_result>", *lines, f"</{name}_result>"]
    assert "secret" not in str(text)


def test_unpaired_calls_and_results_become_text() -> None:
    assert told(call("web_search", query="x")) == []
    assert told(result("web_search", [HIT])) == [
        said(f"<web_search_result>\nA page — {URL}\n</web_search_result>")
    ]


def test_supported_tools_are_unchanged() -> None:
    search = [call("web_search", query="x"), result("web_search", [HIT])]
    code = [
        {**call("code_execution", code="1"), "id": "srvtoolu_2"},
        {**result("code_execution", {"stdout": "1"}), "tool_use_id": "srvtoolu_2"},
    ]
    path = [PathMessage("user", [said("?")]), PathMessage("assistant", [*search, *code])]
    assert missing_tools_as_text(path, lambda _tool: False) == path
    content = missing_tools_as_text(path, lambda tool: tool == "code_execution")[1].content
    assert content[:2] == search
    assert [block["type"] for block in content[2:]] == ["text"]
    mcp = [{"type": "mcp_tool_use", "id": "m", "name": "a"}, {"type": "mcp_tool_result", "tool_use_id": "m"}]
    assert told(*mcp, said("So.")) == [*mcp, said("So.")], "those have rules of their own"


def test_citations_of_removed_results_are_removed() -> None:
    page = {"type": "char_location", "document_index": 0}
    assert told(said("High.", citations=[CITED])) == [said("High.")]
    assert told(said("High.", citations=[page])) == [said("High.", citations=[page])]


def test_thinking_beside_removed_results_is_left_out() -> None:
    question = PathMessage("user", [said("How high?")])
    answer = PathMessage(
        "assistant", [THOUGHT, call("web_search"), result("web_search", [HIT]), said("High.")], frame="f"
    )
    path = [question, answer, PathMessage("user", [said("Why?")])]
    kinds = [block["type"] for block in to_messages(path, "f")[1]["content"]]
    assert kinds == ["thinking", "server_tool_use", "web_search_tool_result", "text"]
    elsewhere = missing_tools_as_text(path, all_of_them)
    assert [block["type"] for block in to_messages(elsewhere, "f")[1]["content"]] == ["text", "text"]


def test_loop_with_thinking_beside_them_cannot_continue() -> None:
    asked = {"type": "tool_use", "id": "toolu_1", "name": "t", "input": {}}
    search = [call("web_search"), result("web_search", [HIT]), asked]
    done = PathMessage("user", [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "x"}])

    def path(*content: dict[str, Any]) -> list[PathMessage]:
        return [PathMessage("user", [said("?")]), PathMessage("assistant", [*content], frame="f"), done]

    assert loop_can_continue(path(THOUGHT, *search), "f")
    assert not loop_can_continue(missing_tools_as_text(path(THOUGHT, *search), all_of_them), "f")
    assert loop_can_continue(missing_tools_as_text(path(*search), all_of_them), "f")
