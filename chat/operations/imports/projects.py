"""Write a project of an export with its documents, and what the service remembered of the person and of projects.

A project's id follows from its owner and its id in the export. One that is there already stays as it is: its people
may have changed it since.
"""

import dataclasses
import re
import textwrap
import uuid
from collections import Counter
from collections.abc import Iterator

from django.core.exceptions import ValidationError

from chat.claude.encoding.text import clean_text
from chat.models import Attachment, MemoryEntry, Project, User, Workspace
from chat.models.accounts.memory import LONGEST_ENTRY
from chat.models.projects import LONGEST_TEXT
from chat.operations.errors import OperationError
from chat.operations.files.uploads import keep_text
from chat.operations.projects.documents import MOST_DOCUMENTS, add_stored_files
from chat.operations.projects.edit import LONGEST_DESCRIPTION, LONGEST_NAME
from chat.readers.exports.claude_projects import ExportedMemory, ExportedProject

UNNAMED = "Claude"
INSTRUCTIONS = "Instructions.txt"
_HEADING = re.compile(r"#{1,6} .*|\*\*[^*]+\*\*:?")
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+")


@dataclasses.dataclass(slots=True)
class PreparedProject:
    """A project that is not stored yet (None: it is known), its stored documents, and what was left out."""

    project: Project | None
    documents: list[Attachment] = dataclasses.field(default_factory=list)
    left_out: Counter[tuple[str, str]] = dataclasses.field(default_factory=Counter)


def project_id(owner: User, external_id: str) -> uuid.UUID:
    """Return the id of an imported project, which is the same at each import."""
    return uuid.uuid5(owner.pk, f"claude:{external_id}")


def prepare_project(owner: User, exported: ExportedProject) -> PreparedProject:
    """Store the documents of a project that is not known, outside of a transaction."""
    identifier = project_id(owner, exported.external_id)
    if Project.objects.filter(id=identifier).exists():
        return PreparedProject(None)
    instructions, documents = _text(exported.instructions), exported.documents
    if len(instructions) > LONGEST_TEXT:
        documents, instructions = [(INSTRUCTIONS, instructions), *documents], ""
    prepared = PreparedProject(
        Project(
            id=identifier,
            owner=owner,
            name=_line(exported.name)[:LONGEST_NAME] or UNNAMED,
            description=_line(exported.description)[:LONGEST_DESCRIPTION],
            instructions=instructions,
        )
    )
    found: dict[Attachment, None] = {}
    for name, text in documents:
        if len(found) >= MOST_DOCUMENTS:
            prepared.left_out["file", "too_many"] += 1
        elif not text.strip():
            prepared.left_out["file", "not_in_export"] += 1
        else:
            try:
                found[keep_text(owner=owner, name=name, text=text)] = None
            except OperationError as error:
                prepared.left_out["file", error.code] += 1
    prepared.documents = list(found)
    return prepared


def write_project(prepared: PreparedProject) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """Write a project that is not known in the caller's transaction; return what was taken and left out."""
    if prepared.project is None:
        return Counter(known_projects=1), Counter()
    prepared.project.save(force_insert=True)
    add_stored_files(prepared.project, prepared.documents)
    return Counter(projects=1, files=len(prepared.documents)), prepared.left_out


def write_memory(owner: User, exported: ExportedMemory) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """Write what is new to the person's memory and to those of projects; return what was taken and left out.

    A project that has a memory keeps it.
    """
    taken: Counter[str] = Counter()
    left_out: Counter[tuple[str, str]] = Counter()
    entries = list(_entries(exported.text))
    if entries and not Workspace.current().offers_memory:
        left_out["memory", "not_offered"] += 1
        entries = []
    for entry in entries:
        if MemoryEntry.objects.filter(user=owner, text=entry).exists():
            continue
        try:
            MemoryEntry.objects.keep(user=owner, text=entry)
        except ValidationError:
            left_out["memory", "memory_full"] += 1
        else:
            taken["memories"] += 1
    for external_id, text in exported.projects.items():
        rows = Project.objects.filter(id=project_id(owner, external_id), owner=owner)
        if not rows.exists():
            left_out["memory", "without_project"] += 1
        elif len(memory := _text(text)) > LONGEST_TEXT:
            left_out["memory", "too_long"] += 1
        else:
            taken["memories"] += rows.filter(memory="").update(memory=memory)
    return taken, left_out


def _entries(text: str) -> Iterator[str]:
    """Yield a text as entries of a memory: its lines without headings, long ones in pieces of whole sentences."""
    for line in map(_line, text.splitlines()):
        if _HEADING.fullmatch(line):
            continue
        piece = ""
        for sentence in _SENTENCE_END.split(line):
            for part in textwrap.wrap(sentence, LONGEST_ENTRY):
                if piece and len(piece) + 1 + len(part) > LONGEST_ENTRY:
                    yield piece
                    piece = ""
                piece = f"{piece} {part}".strip()
        if piece:
            yield piece


def _line(text: str) -> str:
    return " ".join(clean_text(text).split())


def _text(text: str) -> str:
    return clean_text(text).replace("\r\n", "\n").strip()
