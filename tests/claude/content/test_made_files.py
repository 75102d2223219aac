"""Which blocks name files that code execution made."""

from typing import Any

import pytest

from chat.claude.content.made_files import MOST_FILES, is_made_in, made_file_ids


def block(kind: str, content: Any) -> dict[str, Any]:
    return {"type": kind, "tool_use_id": "srvtoolu_1", "content": content}


def outputs(*ids: Any) -> dict[str, Any]:
    return {"type": "x", "content": [{"type": "code_execution_output", "file_id": name} for name in ids]}


@pytest.mark.parametrize(
    ("given", "ids"),
    [
        (block("code_execution_tool_result", outputs("file_1", "file_2", "file_1")), ["file_1", "file_2"]),
        (block("bash_code_execution_tool_result", outputs("file_1")), ["file_1"]),
        (block("text_editor_code_execution_tool_result", {"type": "x", "content": "text"}), []),
        (block("code_execution_tool_result", {"type": "x_error", "error_code": "unavailable"}), []),
        (block("code_execution_tool_result", outputs(5, None, "../x", "a" * 129, "")), []),
        (block("code_execution_tool_result", {"content": [None, "file_1", {}]}), []),
        (block("code_execution_tool_result", []), []),
        (block("web_search_tool_result", outputs("file_1")), []),
        (block("tool_result", outputs("file_1")), []),
        ({"type": "text", "text": "file_1"}, []),
        (None, []),
        ({}, []),
    ],
)
def test_only_outputs_of_code_execution_name_files(given: Any, ids: list[str]) -> None:
    assert made_file_ids(given) == ids
    assert is_made_in([given], "file_1") is ("file_1" in ids)


def test_a_result_can_name_so_many_files() -> None:
    many = block("code_execution_tool_result", outputs(*(f"file_{number}" for number in range(99))))
    assert len(made_file_ids(many)) == MOST_FILES


def test_content_that_is_no_list_names_nothing() -> None:
    assert not is_made_in("file_1", "file_1")
