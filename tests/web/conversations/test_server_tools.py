"""What the provider's own tools did, as the page shows it: by name, in words, with the pages they found."""

import html
from typing import Any

import pytest
from django.test import Client

from chat.models import Conversation
from chat.presentation.server_tools import found
from tests import factories


def used(name: str, **given: Any) -> dict[str, Any]:
    return {"type": "server_tool_use", "id": "srvtoolu_1", "name": name, "input": given}


def result(kind: str, content: Any) -> dict[str, Any]:
    return {"type": kind, "tool_use_id": "srvtoolu_1", "content": content}


RAN = {"type": "code_execution_result", "stdout": "45\n", "stderr": "", "return_code": 0, "content": []}
BROKE = {"type": "bash_code_execution_result", "stdout": "", "stderr": "no such file\n", "return_code": 2}
ENCRYPTED = {
    "type": "encrypted_code_execution_result",
    "encrypted_stdout": "EqgfCioIARgB",
    "stderr": "",
    "return_code": 0,
    "content": [],
}
EDITOR, EDITED = "text_editor_code_execution_tool_result", "text_editor_code_execution"
FETCHED = {
    "type": "web_fetch_result",
    "url": "https://go.dev/ref/mem",
    "content": {"type": "document", "title": "The Go Memory Model"},
}
REFUSED = {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"}


def shown(browser: Client, chat: Conversation, *content: dict[str, Any]) -> str:
    turn = factories.turn(chat, answer="x", parent=chat.active_leaf)
    turn.messages.filter(role="assistant").update(content=list(content))
    return html.unescape(browser.get(f"/c/{chat.id}").content.decode())


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (used("web_search", query="rust or go"), (">Web search<", ">rust or go<")),
        (used("web_fetch", url="https://go.dev"), (">Web page<", ">https://go.dev<")),
        (used("code_execution", code="print(45)"), (">Code<", ">print(45)<")),
        (used("text_editor_code_execution", command="view", path="/a"), (">File<", '"path": "/a"')),
        (used("tool_of_tomorrow", a=1), (">tool_of_tomorrow<", '"a": 1')),
        (result("code_execution_tool_result", RAN), (">Output<", ">45<")),
        (result("bash_code_execution_tool_result", BROKE), (">Output<", ">Failed<", ">no such file\n→ 2<")),
        (result("code_execution_tool_result", ENCRYPTED), (">Output<", "stored encrypted")),
        (
            result(EDITOR, {"type": f"{EDITED}_create_result", "is_file_update": False}),
            ("The file was created.",),
        ),
        (result(EDITOR, {"type": f"{EDITED}_create_result", "is_file_update": True}), ("was overwritten.",)),
        (result(EDITOR, {"type": f"{EDITED}_str_replace_result", "lines": ["-a", "+b"]}), (">-a\n+b<",)),
        (
            result(EDITOR, {"type": f"{EDITED}_view_result", "content": "a = 1"}),
            (">File content<", ">a = 1<"),
        ),
        (result("web_fetch_tool_result", FETCHED), (">Page content<", ">The Go Memory Model<", ">go.dev<")),
        (result("web_search_tool_result", REFUSED), (">Result<", ">Failed<", ">max_uses_exceeded<")),
        (result("result_of_tomorrow", {"b": 2}), (">result_of_tomorrow<", '"b": 2')),
    ],
)
def test_what_a_tool_of_the_provider_did_is_told(
    block: dict[str, Any], words: tuple[str, ...], browser: Client, chat: Conversation
) -> None:
    page = shown(browser, chat, block)
    assert [word for word in words if word not in page] == []


def test_only_addresses_of_the_web_are_links() -> None:
    pages = [{"url": url, "title": ""} for url in ("javascript:alert(1)", "https://go.dev/a", "http://")]
    assert found(result("web_search_tool_result", [*pages, None])) == {
        "type": "sources",
        "name": "Search results",
        "value": "",
        "sources": [{"title": "https://go.dev/a", "url": "https://go.dev/a", "host": "go.dev"}],
    }
