"""The line of an answer's thoughts and tool calls, and which blocks it stands for."""

import json
from pathlib import Path
from typing import Any

import pytest

from chat.models import ToolCall, ToolDefinition
from chat.presentation.blocks import call_block
from chat.presentation.steps import step_line, with_steps

# tests/js/models/step_line.test.js holds the page's own line to the same cases.
CASES = json.loads(Path(__file__).with_name("step_lines.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["line"] or "none")
def test_the_line_of_some_steps(case: dict[str, Any]) -> None:
    assert step_line(case["steps"]) == case["line"]


def test_a_call_has_the_title_and_status_of_its_row() -> None:
    tool = ToolDefinition(name="send_mail", title="Mail")
    call = ToolCall(name="send_mail", tool=tool, status="waiting")
    block = {"type": "tool_use", "name": "send_mail"}
    assert step_line([block | call_block(call)]) == "Mail: Waiting for your approval"
    gone = ToolCall(name="send_mail", status="done")
    assert step_line([block | call_block(gone)]) == "send_mail"


@pytest.mark.parametrize(
    ("block", "line"),
    [
        ({"type": "sources", "name": "Search results"}, ""),
        ({"type": "web_search_tool_result", "name": "web_search_tool_result"}, ""),
        ({"type": "other", "title": "Output", "name": "Output"}, ""),
        ({"type": "other", "title": "Output", "name": "Output", "failed": True}, "Output: Failed"),
        ({"type": "other", "name": "never_heard_of"}, "never_heard_of"),
        ({"type": "tool_use", "title": "Web search", "name": "web_search"}, "Web search"),
    ],
)
def test_results_belong_to_the_call_above_them(block: dict[str, Any], line: str) -> None:
    assert step_line([block]) == line


def test_neighbouring_steps_are_one_block() -> None:
    text, thought = {"type": "text", "value": "Hi"}, {"type": "thinking", "seconds": 2.0}
    call = {"type": "tool_use", "name": "Mail", "status": "waiting"}
    summary = {"type": "compaction", "value": "Before"}
    blocks = with_steps([thought, call, text, thought, summary, call])
    assert [block["type"] for block in blocks] == ["steps", "text", "steps", "compaction", "steps"]
    assert [len(block["steps"]) for block in blocks if block["type"] == "steps"] == [2, 1, 1]
    assert [block["open"] for block in blocks if block["type"] == "steps"] == [True, False, True]
    assert blocks[0]["line"] == "Thought for 2 s · Mail: Waiting for your approval"
    assert with_steps([]) == []
