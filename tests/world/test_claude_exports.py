"""Claude's exports as people got them: one file a project, a memory that is no list, a list of addresses.

The forms are those of reports to other projects; all texts are invented:
- https://github.com/ukogan/claude-migration-assistant/issues/4: a list of addresses instead of a ZIP, projects in files
  of their own, the memory as one object;
- https://github.com/Superkikim/nexus-ai-chat-importer/issues/22 and
  https://github.com/anthropics/claude-code/issues/40411: conversations don't name their project;
- https://github.com/basicmachines-co/basic-memory/pull/8: projects in a list.
"""

import json
from typing import Any

import pytest
from django.core.files.base import ContentFile

from chat.models import Import, MemoryEntry, Project, User
from chat.operations.errors import OperationError
from chat.operations.imports import run
from chat.operations.imports.begin import begin_import
from tests.operations.imports.uploads import upload
from tests.support.exports import claude_chat, zipped

pytestmark = pytest.mark.django_db

PROJECT: dict[str, Any] = {
    "uuid": "0198a2b4-1111-7000-8000-000000000001",
    "name": "Trip",
    "description": "",
    "is_private": False,
    "is_starter_project": False,
    "prompt_template": "",
    "created_at": "2026-05-04T08:00:00.000000+00:00",
    "updated_at": "2026-05-04T08:00:00.000000+00:00",
    "creator": {"uuid": "u", "full_name": ""},
    "docs": [{"uuid": "d", "filename": "route.md", "content": "Day 1", "created_at": "2026-05-04T08:00:00Z"}],
}
MEMORY = {
    "conversations_memory": "Travels by train.",
    "project_memories": {PROJECT["uuid"]: "Leaves in June."},
    "account_uuid": "u",
}
MANIFEST = {
    "export_id": "x",
    "data_files": [
        {"category": "conversations", "filename": "conversations-000.zip", "export_url": "https://claude.ai/export/1"},
        {"category": "projects", "filename": "projects-000.zip", "export_url": "https://claude.ai/export/2"},
    ],
}  # fmt: skip
FORMS: dict[str, dict[str, Any]] = {
    "a file for each project": {f"projects/{PROJECT['uuid']}.json": PROJECT, "memories.json": [MEMORY]},
    "projects in a list": {"projects.json": [PROJECT], "memories.json": [MEMORY]},
    "the memory as one object": {"projects.json": [PROJECT], "memories.json": MEMORY},
    "memories by account": {"projects.json": [PROJECT], "memories/u.json": MEMORY},
    "beside conversations": {
        "conversations.json": [claude_chat("a", "Hello", "Hi")],
        "memories.json": [MEMORY],
        "projects.json": [PROJECT, {**PROJECT, "uuid": "s", "is_starter_project": True}],
        "users.json": [{"uuid": "u"}],
    },
}


@pytest.fixture(autouse=True)
def _jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "wake_for_import", lambda _import_id: None)


def imported(owner: User, members: dict[str, Any]) -> Import:
    made = upload(owner, zipped({name: json.dumps(value) for name, value in members.items()}))
    run.run_import(str(made.id))
    made.refresh_from_db()
    return made


@pytest.mark.parametrize("members", FORMS.values(), ids=FORMS)
def test_projects_and_memories_are_taken(members: dict[str, Any], insider: User) -> None:
    made = imported(insider, members)
    assert made.status == "done"
    assert [made.taken[name] for name in ("projects", "files", "memories")] == [1, 1, 2]
    project = Project.objects.get()
    assert (project.name, project.memory) == ("Trip", "Leaves in June.")
    assert project.documents.get().attachment.text == "Day 1"
    assert MemoryEntry.objects.get().text == "Travels by train."


def test_parts_may_come_in_any_order(insider: User) -> None:
    early = imported(insider, {"memories.json": MEMORY})
    assert [(one["kind"], one["code"]) for one in early.left_out] == [("memory", "without_project")]
    imported(insider, {f"projects/{PROJECT['uuid']}.json": PROJECT})
    imported(insider, {"memories.json": MEMORY})
    assert Project.objects.get().memory == "Leaves in June."
    assert MemoryEntry.objects.count() == 1


@pytest.mark.parametrize("indent", [None, 2])
def test_a_list_of_addresses_is_refused_with_advice(indent: int | None, insider: User) -> None:
    file = ContentFile(json.dumps(MANIFEST, indent=indent).encode())
    with pytest.raises(OperationError) as caught:
        begin_import(owner=insider, name="manifest-9d86.json", file=file)
    assert caught.value.code == "manifest"
    assert "download the ZIP files" in caught.value.message


@pytest.mark.parametrize("missing", ["prompt_template", "docs", "description", "name"])
def test_members_without_a_value(missing: str, insider: User) -> None:
    made = imported(insider, {"projects.json": [{**PROJECT, missing: None}]})
    assert (made.status, made.taken["projects"]) == ("done", 1)
