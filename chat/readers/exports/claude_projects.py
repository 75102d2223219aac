"""Claude's projects (`projects.json`, or a file each) and what it remembers (`memories.json`)."""

import dataclasses
from typing import Any

from chat.readers.exports.values import identifier, mapping, mappings, string


@dataclasses.dataclass(frozen=True, slots=True)
class ExportedProject:
    """A project. `documents` are names and texts; the text of a file that the export only names is empty."""

    external_id: str
    name: str
    description: str
    instructions: str
    documents: list[tuple[str, str]]


@dataclasses.dataclass(frozen=True, slots=True)
class ExportedMemory:
    """What the service remembers of the person as one text, and of each project by the project's id."""

    text: str
    projects: dict[str, str]


def is_project(value: dict[str, Any]) -> bool:
    return "prompt_template" in value or "docs" in value


def read_project(value: dict[str, Any]) -> ExportedProject:
    """Return a project of Claude's export."""
    documents = [
        (string(one.get("filename")) or "Document.txt", string(one.get("content")))
        for one in mappings(value.get("docs"))
    ]
    return ExportedProject(
        external_id=identifier(value.get("uuid")),
        name=string(value.get("name")),
        description=string(value.get("description")),
        instructions=string(value.get("prompt_template")),
        documents=documents,
    )


def is_memory(value: dict[str, Any]) -> bool:
    return "conversations_memory" in value or "project_memories" in value


def read_memory(value: dict[str, Any]) -> ExportedMemory:
    """Return what Claude's export says that it remembers."""
    projects = mapping(value.get("project_memories"))
    return ExportedMemory(
        text=string(value.get("conversations_memory")),
        projects={key: text for key, text in projects.items() if string(text).strip()},
    )
