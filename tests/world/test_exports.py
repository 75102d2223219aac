"""Exports of chat services in the forms in which they broke importers: what is read of each. A new case is a row.

The forms are those of reports to other projects; all texts are invented.
"""

import json
import pathlib
from typing import Any

import pytest

from chat.claude.content.blocks import plain_text
from chat.readers.exports.conversation import ExportedConversation
from chat.readers.exports.detect import LeftOut, read_element

CASES = json.loads(pathlib.Path(__file__).with_name("exports").joinpath("cases.json").read_text())


def path_of(found: ExportedConversation) -> list[list[str]]:
    nodes = {node.id: node for node in found.nodes}
    path, at = [], found.leaf
    while at is not None:
        path.append([nodes[at].role, plain_text(nodes[at].blocks)])
        at = nodes[at].parent
    return path[::-1]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_what_is_read(case: dict[str, Any]) -> None:
    found = read_element(json.dumps(case["element"]).encode())
    if isinstance(found, LeftOut):
        assert [found.kind, found.reason] == case.get("left_out")
        return
    assert isinstance(found, ExportedConversation)
    blocks = [block for node in found.nodes for block in node.blocks]
    assert path_of(found) == case["path"]
    assert len(found.nodes) == case["messages"]
    assert sum(block["type"] == "thinking" for block in blocks) == case.get("thinking", 0)
    assert [block["name"] for block in blocks if block["type"] == "imported_tool_use"] == case.get(
        "tools", []
    )
    assert [block["name"] for block in blocks if block["type"] == "file"] == case.get("files", [])
    assert {" ".join(key): n for key, n in found.left_out.items() if n} == case.get("counts", {})
    if "model" in case:
        assert [node.model for node in found.nodes if node.id == found.leaf] == [case["model"]]
    known = [None] + [node.id for node in found.nodes]
    # Parents stand before their children, and a conversation begins with a person.
    assert all(known.index(node.parent) <= place for place, node in enumerate(found.nodes))
    assert {node.role for node in found.nodes if node.parent is None} == {"user"}
