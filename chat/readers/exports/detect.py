"""Which service wrote an element of an export, by its members: names of files differ between versions."""

import dataclasses
from typing import Any

from chat.readers.exports.chatgpt import is_chatgpt, read_chatgpt
from chat.readers.exports.claude import is_claude, read_claude
from chat.readers.exports.claude_projects import (
    ExportedMemory,
    ExportedProject,
    is_memory,
    is_project,
    read_memory,
    read_project,
)
from chat.readers.exports.conversation import ExportedConversation
from chat.readers.exports.elements import parse_element
from chat.readers.exports.librechat import is_librechat, read_librechat
from chat.readers.exports.open_webui import is_open_webui, read_open_webui
from chat.readers.exports.parley import is_parley, read_parley

# In this order: each next test is weaker.
SOURCES = (
    (is_parley, read_parley),
    (is_claude, read_claude),
    (is_chatgpt, read_chatgpt),
    (is_open_webui, read_open_webui),
    (is_librechat, read_librechat),
)


@dataclasses.dataclass(frozen=True, slots=True)
class LeftOut:
    """An element that is not taken: what it is, and why."""

    kind: str
    reason: str


def read_element(element: bytes) -> ExportedConversation | ExportedProject | ExportedMemory | LeftOut:
    """Return the conversation, project or memory that an element of an export holds, or what it is instead."""
    try:
        value = parse_element(element)
        if is_parley(value):
            value = parse_element(element, exact=True)  # tools' inputs keep their digits
    except ValueError:
        return LeftOut("conversation", "unreadable")
    for is_its_own, read in SOURCES:
        if is_its_own(value):
            try:
                found = read(value)
            except (TypeError, ValueError, KeyError, AttributeError, RecursionError):
                return LeftOut("conversation", "unreadable")  # a form that no version had so far
            if not found.external_id:
                return LeftOut("conversation", "without_id")
            return found if found.nodes else LeftOut("conversation", "empty")
    if is_memory(value):
        return read_memory(value)
    if is_project(value):
        if value.get("is_starter_project") is True:
            return LeftOut("project", "example")
        project = read_project(value)
        return project if project.external_id else LeftOut("project", "without_id")
    return LeftOut(*_other(value))


def _other(value: dict[str, Any]) -> tuple[str, str]:
    if "mapping" in value or "chat" in value or ("create_time" in value and "title" in value):
        return "conversation", "empty"
    return "entry", "not_a_conversation"
