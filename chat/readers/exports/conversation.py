"""The common form of exported conversations, and how a tree of nodes becomes messages that Parley can store.

Content blocks have three types: {"type": "text"}, {"type": "thinking"} without a signature, and {"type":
"imported_tool_use", "name", "input", "result", "is_error"}. The last two are only shown: a request never has them.
{"type": "file", "name", "text" or "pointer"} stands for a file until it is stored.
"""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

Block = dict[str, Any]
USER, ASSISTANT = "user", "assistant"
# A conversation of Parley begins with a person's message.
BEGINS_WITH_AN_ANSWER = "(This conversation begins with an answer.)"
BEFORE = "before:"


@dataclasses.dataclass(slots=True)
class Node:
    """One node of an exported tree. A hidden one (`role` "" or without blocks) only links others."""

    id: str
    parent: str | None
    role: str
    blocks: list[Block]
    at: float | None = None
    model: str = ""


@dataclasses.dataclass(slots=True)
class ExportedConversation:
    """A conversation as it is stored: `nodes` are visible messages, parents before their children.

    Times are seconds since 1970. `left_out` counts what can't be taken, by kind and reason.
    """

    source: str
    external_id: str
    title: str
    created_at: float | None
    nodes: list[Node]
    leaf: str | None
    archived: bool = False
    pinned: bool = False
    left_out: Counter[tuple[str, str]] = dataclasses.field(default_factory=Counter)


def text_blocks(value: object) -> list[Block]:
    """Return a text block, or nothing for what is no text or blank."""
    return [{"type": "text", "text": value}] if isinstance(value, str) and value.strip() else []


def thinking_blocks(value: object) -> list[Block]:
    return [{"type": "thinking", "thinking": value}] if isinstance(value, str) and value.strip() else []


def tool_block(name: object, given: object = None, result: str = "", *, failed: bool = False) -> Block:
    """Return the block of a tool call, which is only shown."""
    return {
        "type": "imported_tool_use",
        "name": str(name or "tool")[:200],
        "input": {} if given is None else given,
        "result": result,
        "is_error": failed,
    }


def arrange(
    nodes: Sequence[Node], leaf: object, left_out: Counter[tuple[str, str]]
) -> tuple[list[Node], str | None]:
    """Return the visible nodes, parents first, and the id of the leaf to show.

    Children of a hidden node move to its nearest visible ancestor. A message whose parent is unknown becomes a first
    one. What only leads to itself is left out. Without a known leaf it is the newest message that nothing follows.
    """
    known = {node.id: node for node in nodes}
    above: dict[str, str | None] = {}
    kept: list[Node] = []
    for node in nodes:
        if known[node.id] is not node:
            left_out["message", "twice"] += 1
            continue
        parent = _visible_parent(node, known, above)
        if parent is _LOOP:
            left_out["message", "loop"] += _is_visible(node)
        elif _is_visible(node):
            kept.append(dataclasses.replace(node, parent=parent))
    ordered = _parents_first(kept)
    shown = {node.id for node in ordered}
    chosen = str(leaf) if leaf is not None else ""
    if chosen not in shown and chosen in known:
        chosen = str(_visible_parent(known[chosen], known, above))
    return _beginning_with_a_person(ordered), chosen if chosen in shown else _newest(ordered, known)


_LOOP = "\0loop"


def _is_visible(node: Node) -> bool:
    return node.role in (USER, ASSISTANT) and bool(node.blocks)


def _visible_parent(node: Node, known: dict[str, Node], above: dict[str, str | None]) -> str | None:
    """Return the nearest visible ancestor, None without one, `_LOOP` if the way up has no end; `above` remembers it."""
    way: list[str] = []
    seen: set[str] = set()
    found: str | None = None
    at: Node | None = node
    while at is not None:
        if at.id in above:
            found = above[at.id]
            if found is not _LOOP and _is_visible(at):
                found = at.id
            break
        if at.id in seen:
            found = _LOOP
            break
        seen.add(at.id)
        way.append(at.id)
        at = known.get(at.parent) if at.parent is not None else None
    # `found` is what stands above the last node of the way; each node below takes the nearest visible one.
    for identifier in reversed(way):
        above[identifier] = found
        if found is not _LOOP and _is_visible(known[identifier]):
            found = identifier
    return above[node.id]


def _parents_first(nodes: Iterable[Node]) -> list[Node]:
    below: dict[str | None, list[Node]] = {}
    for node in nodes:
        below.setdefault(node.parent, []).append(node)
    ordered: list[Node] = []
    level = below.get(None, [])
    while level:
        ordered += level
        level = [child for node in level for child in below.get(node.id, [])]
    return ordered


def _newest(ordered: Sequence[Node], known: Iterable[str]) -> str | None:
    """Return the leaf that was written last; of several at one moment the last one in the export."""
    parents = {node.parent for node in ordered}
    places = {identifier: place for place, identifier in enumerate(known)}
    leaves = [(node.at or 0.0, places[node.id], node.id) for node in ordered if node.id not in parents]
    return max(leaves)[2] if leaves else None


def _beginning_with_a_person(ordered: Sequence[Node]) -> list[Node]:
    """Put a message before each answer that has none above it."""
    result: list[Node] = []
    for node in ordered:
        if node.parent is None and node.role == ASSISTANT:
            before = BEFORE + node.id
            result.append(Node(before, None, USER, text_blocks(BEGINS_WITH_AN_ANSWER), node.at))
            node = dataclasses.replace(node, parent=before)
        result.append(node)
    return result
