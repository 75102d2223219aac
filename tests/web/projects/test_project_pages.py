"""The pages of projects: for their owner, for people who may edit or use them, and for nobody else."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from chat.models import Assistant, Conversation, Project, ProjectMember, User
from chat.operations.conversations.edit import update_conversation
from chat.operations.projects import documents, edit, sharing
from tests import factories

# The routes by name, with what a form sends there; None where nothing is sent.
ADDRESSES: dict[str, dict[str, str] | None] = {
    "projects": {"name": "Taken over"},
    "project": {"name": "Taken over"},
    "project_chats": None,
    "project_documents": None,
    "project_text": {"text": "Taken over"},
    "remove_project_document": {},
    "share_project": {"email": "outsider@example.test", "role": "edit"},
    "stop_sharing_project": {},
    "archive_project": {"on": "1"},
    "delete_project": {},
}
POSTS = [name for name, sent in ADDRESSES.items() if sent is not None]
GETS = [name for name in ADDRESSES if not name.startswith(("remove", "stop", "archive"))]
SECRET = "The bridge is 91 m high."


@pytest.fixture
def project(insider: User) -> Project:
    made = edit.create_project(owner=insider, name="Bridge", instructions=SECRET, description="The new one")
    documents.add_text(user=insider, project_id=made.id, name="height", text=SECRET)
    return made


def address(name: str, project: Project) -> str:
    arguments: list[Any] = [] if name == "projects" else [project.id]
    if name == "remove_project_document":
        arguments.append(project.documents.get().id)
    if name == "stop_sharing_project":
        arguments.append(project.members.values_list("pk", flat=True).first() or 1)
    return reverse(name, args=arguments)


def share(project: Project, user: User, role: str) -> ProjectMember:
    return sharing.share_with_person(user=project.owner, project_id=project.id, email=user.email, role=role)


@pytest.mark.parametrize("name", GETS)
def test_its_owner_reads(name: str, browser: Client, project: Project) -> None:
    answer = browser.get(address(name, project))
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("name", [name for name in GETS if name != "projects"])
def test_an_outsider_finds_no_page(name: str, signed_in: Callable[[str], Client], project: Project) -> None:
    answer = signed_in("outsider").get(address(name, project))
    assert answer.status_code == 404
    assert b"Bridge" not in answer.content


@pytest.mark.parametrize("name", [name for name in POSTS if name != "projects"])
def test_an_outsider_changes_nothing(name: str, signed_in: Callable[[str], Client], project: Project) -> None:
    before = Project.objects.values().get()
    answer = signed_in("outsider").post(address(name, project), ADDRESSES[name])
    assert answer.status_code == 404
    assert (Project.objects.values().get(), project.documents.count()) == (before, 1)


@pytest.mark.parametrize("name", ADDRESSES)
def test_nobody_without_a_session(name: str, client: Client, project: Project) -> None:
    send = client.get if name in GETS else client.post
    answer = send(address(name, project))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("name", ["project", "project_text", "remove_project_document", "archive_project"])
def test_who_may_use_it_reads_and_changes_nothing(
    name: str, signed_in: Callable[[str], Client], outsider: User, project: Project
) -> None:
    share(project, outsider, "view")
    browser = signed_in("outsider")
    page = browser.get(reverse("project", args=[project.id])).content.decode()
    assert SECRET in page
    assert "<textarea" not in page
    answer = browser.post(address(name, project), ADDRESSES[name])
    assert answer.status_code in (403, 422)
    assert "Ask its owner" in answer.content.decode()
    assert (Project.objects.get().name, project.documents.count()) == ("Bridge", 1)


@pytest.mark.parametrize("name", ["delete_project", "share_project"])
def test_an_editor_neither_shares_nor_deletes(
    name: str, signed_in: Callable[[str], Client], outsider: User, project: Project
) -> None:
    share(project, outsider, "edit")
    answer = signed_in("outsider").post(address(name, project), ADDRESSES[name])
    assert "Ask its owner" in answer.content.decode()
    assert Project.objects.count() == ProjectMember.objects.count() == 1


def test_creating_and_saving_it(browser: Client) -> None:
    refused = browser.post(reverse("projects"), {"name": " ", "description": "Kept"})
    assert refused.status_code == 422
    assert "Kept" in refused.content.decode()
    made = browser.post(reverse("projects"), {"name": "Bridge"})
    project = Project.objects.get()
    assert made["Location"] == reverse("project", args=[project.id])
    sent = {
        "name": "Bridge",
        "instructions": "Metres.",
        "memory": "In use.",
        "description": "",
        "assistant": "",
    }
    assert "Saved." in browser.post(made["Location"], sent).content.decode()
    lost = browser.post(made["Location"], {**sent, "name": "", "instructions": "Not lost."})
    assert lost.status_code == 422
    assert "Not lost." in lost.content.decode()
    project.refresh_from_db()
    assert (project.instructions, project.memory) == ("Metres.", "In use.")


def test_texts_become_documents_and_go_again(browser: Client, project: Project) -> None:
    refused = browser.post(reverse("project_text", args=[project.id]), {"name": "Kept", "text": " "})
    assert refused.status_code == 422
    assert "Kept" in refused.content.decode()
    added = browser.post(reverse("project_text", args=[project.id]), {"name": "Width", "text": "12 m"})
    assert added["HX-Retarget"] == "#project-documents"
    assert "Width.txt" in added.content.decode()
    document = project.documents.get(attachment__name="Width.txt")
    path = reverse("remove_project_document", args=[project.id, document.id])
    assert "Width.txt" not in browser.post(path).content.decode()
    assert browser.post(path).status_code == 404


def test_sharing_and_leaving(
    browser: Client, signed_in: Callable[[str], Client], insider: User, outsider: User, project: Project
) -> None:
    insider.groups.add(group := Group.objects.create(name="bridges"))
    path = reverse("share_project", args=[project.id])
    unknown = browser.post(path, {"email": "typo@example.test", "role": "view"})
    assert unknown.status_code == 422
    assert "typo@example.test" in unknown.content.decode()
    assert "bridges" in browser.post(path, {"group": group.pk, "role": "view"}).content.decode()
    assert outsider.email in browser.post(path, {"email": outsider.email}).content.decode()
    theirs = signed_in("outsider")
    assert "Bridge" in theirs.get(reverse("projects")).content.decode()
    assert "Leave the project" in theirs.get(reverse("project", args=[project.id])).content.decode()
    mine, other = project.members.get(person=outsider), project.members.get(group=group)
    end = reverse("stop_sharing_project", args=[project.id, other.pk])
    assert theirs.post(end).status_code == 404
    assert "bridges" not in browser.post(end).content.decode().split("share-group")[0]
    left = theirs.post(reverse("stop_sharing_project", args=[project.id, mine.pk]))
    assert left["Location"] == reverse("projects")
    assert "Bridge" not in theirs.get(reverse("projects")).content.decode()


def test_archiving_and_deleting(browser: Client, project: Project) -> None:
    path = reverse("archive_project", args=[project.id])
    assert browser.post(path, {"on": "1"})["Location"] == reverse("projects")
    shown = browser.get(reverse("projects")).content.decode()
    assert "The new one" not in shown
    assert "The new one" in browser.get(reverse("projects") + "?archived=1").content.decode()
    assert browser.post(path, {"on": "0"})["Location"] == reverse("project", args=[project.id])
    assert browser.post(reverse("delete_project", args=[project.id]))["Location"] == reverse("projects")
    assert not Project.objects.exists()


def test_its_own_conversations_are_listed_and_found(
    browser: Client, insider: User, outsider: User, project: Project
) -> None:
    share(project, outsider, "edit")
    for title, owner in (("Deck plans", insider), ("Pylons", insider), ("Theirs", outsider)):
        Conversation.objects.create(owner=owner, title=title, project=project)
    page = browser.get(reverse("project", args=[project.id])).content.decode()
    assert "Deck plans" in page
    assert "Theirs" not in page
    found = browser.get(reverse("project_chats", args=[project.id]) + "?q=pyl").content.decode()
    assert "Pylons" in found
    assert "Deck plans" not in found


def test_a_conversation_moves_from_its_menu(browser: Client, chat: Conversation, project: Project) -> None:
    path = reverse("move_conversation", args=[chat.id])
    assert "Bridge" in browser.get(path).content.decode()
    moved = browser.post(path, {"project": str(project.id)})
    assert "conversation-moved" in moved["HX-Trigger"]
    assert Conversation.objects.get(id=chat.id).project == project
    assert "Bridge" in browser.get(reverse("conversation", args=[chat.id])).content.decode()
    refused = browser.post(path, {"project": str(chat.id)})
    assert refused.status_code == 409
    browser.post(path, {"project": ""})
    assert Conversation.objects.get(id=chat.id).project is None


def test_a_conversation_begins_in_a_project(
    browser: Client, signed_in: Callable[[str], Client], project: Project
) -> None:
    guide = Assistant.objects.create(name="Guide", model=factories.language_model())
    edit.update_project(user=project.owner, project_id=project.id, assistant_id=guide.id)
    page = browser.get(f"/?project={project.id}").content.decode()
    assert f'"project": "{project.id}"' in page
    assert f'value="assistant:{guide.id}" selected' in page
    for wrong in (str(guide.id), "x", ""):
        assert browser.get(f"/?project={wrong}").status_code == 404
    assert signed_in("outsider").get(f"/?project={project.id}").status_code == 404


def test_a_lost_project_is_not_named(
    signed_in: Callable[[str], Client], outsider: User, project: Project
) -> None:
    member = share(project, outsider, "view")
    theirs = Conversation.objects.create(owner=outsider)
    update_conversation(user=outsider, conversation_id=theirs.id, project_id=project.id)
    sharing.stop_sharing(user=project.owner, project_id=project.id, member_id=member.pk)
    page = signed_in("outsider").get(reverse("conversation", args=[theirs.id])).content
    assert b"Bridge" not in page


def test_a_document_is_read_by_who_sees_the_project(
    browser: Client, signed_in: Callable[[str], Client], outsider: User, project: Project
) -> None:
    file = project.documents.get().attachment
    path = reverse("attachment", args=[file.id])
    theirs = signed_in("outsider")
    assert theirs.get(path).status_code == 404
    member = share(project, outsider, "view")
    page = theirs.get(path).content.decode()
    assert "91 m high" in page
    assert reverse("project", args=[project.id]) in page
    assert theirs.get(reverse("attachment_file", args=[file.id])).status_code == 200
    # The owner sent it in a conversation too; others get no link to that.
    chat = factories.conversation(project.owner)
    factories.message(chat, None, "See").attachments.add(file)
    assert str(chat.id) not in theirs.get(path).content.decode()
    assert str(chat.id) in browser.get(path).content.decode()
    sharing.stop_sharing(user=project.owner, project_id=project.id, member_id=member.pk)
    assert theirs.get(path).status_code == 404


def test_its_documents_are_measured_by_its_model(browser: Client, project: Project) -> None:
    model = factories.language_model(max_input_tokens=10)
    path = reverse("project_documents", args=[project.id])
    assert "it searches them" in browser.get(path).content.decode()
    wide = factories.language_model("claude-wide", max_input_tokens=100_000)
    guide = Assistant.objects.create(name="Guide", model=wide)
    edit.update_project(user=project.owner, project_id=project.id, assistant_id=guide.id)
    assert "reads them whole" in browser.get(path).content.decode()
    assert model.display_name not in browser.get(path).content.decode()
