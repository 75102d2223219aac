"""Imports of projects and memories: what is written, and that a second run changes nothing."""

import json
from typing import Any

import pytest

from chat.models import Attachment, Import, MemoryEntry, Project, ProjectDocument, User, Workspace
from chat.models.accounts.memory import LONGEST_ENTRY
from chat.models.projects import LONGEST_TEXT
from chat.operations.imports import projects, run
from chat.readers.exports.elements import split_elements
from tests.operations.imports.uploads import upload
from tests.support.exports import zipped

pytestmark = pytest.mark.django_db

GARDEN: dict[str, Any] = {
    "uuid": "6a1f",
    "name": " The\ngarden ",
    "description": "What grows " + "where " * 100,
    "is_private": True,
    "prompt_template": "Answer as a gardener.\r\nBriefly.",
    "docs": [
        {"uuid": "d1", "filename": "plants.md", "content": "# Plants\n\nBasil"},
        {"uuid": "d2", "filename": "", "content": "Soil"},
        {"uuid": "d3", "filename": "plan.pdf", "content": ""},
        {"uuid": "d4", "filename": "plants.md", "content": "# Plants\n\nBasil"},
    ],
}
MEMORY = {
    "conversations_memory": "**Work**\n\nKeeps bees.\n# Home\n\n  Has a dog.\tIt is old.  ",
    "project_memories": {"6a1f": "Prefers herbs.", "other": "Of another project", "empty": " ", "odd": 1},
    "account_uuid": "a",
}


def imported(owner: User, **members: Any) -> Import:
    names = {f"{name}.json": json.dumps(value) for name, value in members.items()}
    made = upload(owner, zipped(names))
    run.run_import(str(made.id))
    made.refresh_from_db()
    assert made.status == "done"
    return made


def left_out(made: Import) -> dict[str, int]:
    return {f"{one['kind']} {one['code']}": one["count"] for one in made.left_out}


def rows() -> list[Any]:
    """Everything that an import may change."""
    models = (Project, ProjectDocument, Attachment, MemoryEntry)
    return [list(model.objects.order_by("pk").values()) for model in models]


def test_a_project_comes_with_its_documents_and_memory(insider: User) -> None:
    # In the order of their names, the memory would come before the project that it is of.
    made = imported(insider, projects=[GARDEN], memories=MEMORY)
    assert made.taken == {"projects": 1, "files": 2, "memories": 3}
    assert left_out(made) == {"file not_in_export": 1, "memory without_project": 1}
    project = Project.objects.get()
    assert (project.owner, project.name, project.archived) == (insider, "The garden", False)
    assert (len(project.description), project.description[:11]) == (300, "What grows ")
    assert (project.instructions, project.memory) == ("Answer as a gardener.\nBriefly.", "Prefers herbs.")
    documents = list(project.documents.in_order().select_related("attachment"))
    assert [(one.attachment.name, one.attachment.text) for one in documents] == [
        ("plants.md", "# Plants\n\nBasil"),
        ("Document.txt", "Soil"),
    ]
    assert project.document_tokens == sum(one.tokens for one in documents) > 0
    assert [entry.text for entry in MemoryEntry.objects.order_by("created_at")] == [
        "Keeps bees.",
        "Has a dog. It is old.",
    ]
    before = rows()
    second = imported(insider, projects=[GARDEN], memories=MEMORY)
    assert (second.taken, left_out(second)) == ({"known_projects": 1}, {"memory without_project": 1})
    assert rows() == before


def test_what_people_changed_in_a_project_stays(insider: User, outsider: User) -> None:
    imported(insider, projects=[GARDEN])
    Project.objects.update(name="Ours", memory="Own notes")
    project = Project.objects.get()
    project.documents.all().delete()
    made = imported(insider, projects=[{**GARDEN, "name": "Newer"}], memories=MEMORY)
    assert (made.taken, left_out(made)) == (
        {"known_projects": 1, "memories": 2},
        {"memory without_project": 1},
    )
    project.refresh_from_db()
    assert (project.name, project.memory, project.documents.count()) == ("Ours", "Own notes", 0)
    # The same export of another person is a project of their own.
    imported(outsider, projects=[GARDEN])
    assert Project.objects.filter(owner=outsider).count() == 1


def test_documents_that_do_not_fit_are_counted(insider: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projects, "MOST_DOCUMENTS", 2)
    Workspace.objects.create(daily_upload_mb=1)
    texts = ["x" * 1_100_000, "one", "two", "three"]
    docs = [{"filename": f"{place}.txt", "content": text} for place, text in enumerate(texts)]
    made = imported(insider, projects=[{"uuid": "p", "docs": docs}])
    assert left_out(made) == {"file too_many": 1, "file upload_limit": 1}
    project = Project.objects.get()
    assert (project.name, project.documents.count()) == (projects.UNNAMED, 2)


def test_instructions_that_are_too_long_become_a_document(insider: User) -> None:
    text = "Be brief. " * (LONGEST_TEXT // 10 + 1)
    imported(insider, projects=[{"uuid": "p", "name": "P", "prompt_template": text}])
    project = Project.objects.get()
    assert project.instructions == ""
    attachment = project.documents.get().attachment
    assert (attachment.name, attachment.text) == ("Instructions.txt", text.strip())


def test_a_long_memory_is_cut_between_sentences(insider: User) -> None:
    sentences = [f"{'Word ' * 40}number {number}." for number in range(5)]
    long = "x" * (LONGEST_ENTRY + 10)
    imported(insider, memories={"conversations_memory": " ".join([*sentences, long])})
    entries = [entry.text for entry in MemoryEntry.objects.order_by("created_at")]
    assert " ".join(entries) == " ".join([*sentences, "x" * LONGEST_ENTRY, "x" * 10])
    assert max(map(len, entries)) == LONGEST_ENTRY
    assert all(entry.endswith(".") for entry in entries[:3])


def test_a_workspace_without_memory_takes_none(insider: User) -> None:
    Workspace.objects.create(offers_memory=False)
    made = imported(insider, projects=[GARDEN], memories=MEMORY)
    assert left_out(made)["memory not_offered"] == 1
    assert not MemoryEntry.objects.exists()
    assert Project.objects.get().memory == "Prefers herbs."


def test_what_does_not_fit_into_a_memory_is_counted(insider: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.models.accounts.memory.MOST_ENTRIES", 1)
    monkeypatch.setattr(projects, "LONGEST_TEXT", 5)
    made = imported(insider, projects=[{"uuid": "6a1f", "docs": []}], memories=MEMORY)
    assert (made.taken, MemoryEntry.objects.count()) == ({"projects": 1, "memories": 1}, 1)
    assert left_out(made) == {"memory memory_full": 1, "memory too_long": 1, "memory without_project": 1}


def test_what_is_too_large_is_counted_as_what_its_file_holds(
    insider: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "split_elements", lambda chunks: split_elements(chunks, most_bytes=50))
    members = {
        "conversations.json": [{"chat_messages": "x" * 60}],
        "projects/6a1f.json": GARDEN,
        "memories/me.json": MEMORY,
    }
    made = upload(insider, zipped({name: json.dumps(value) for name, value in members.items()}))
    run.run_import(str(made.id))
    made.refresh_from_db()
    assert left_out(made) == {
        "conversation too_large": 1,
        "memory too_large": 1,
        "project too_large": 1,
    }
