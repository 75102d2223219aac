"""Projects: who sees and changes them, what they hold, and what becomes of their conversations and files."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from chat import access
from chat.models import Assistant, Attachment, Conversation, LanguageModel, Project, ProjectMember, User
from chat.operations.conversations.edit import create_conversation, update_conversation
from chat.operations.files.uploads import clear_unused_files, store_upload
from chat.operations.projects import documents, edit, sharing
from tests import factories
from tests.support import media
from tests.support.refusals import refusal_code

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(insider: User) -> Project:
    return edit.create_project(owner=insider, name="Bridge", instructions="Answer in metres.")


def add(project: Project, name: str = "height.txt", text: str = "The bridge is 91 m high.") -> Any:
    return documents.add_text(user=project.owner, project_id=project.id, name=name, text=text)


def share(project: Project, user: User, role: str = "view") -> ProjectMember:
    return sharing.share_with_person(
        user=project.owner, project_id=project.id, email=user.email.upper(), role=role
    )


def test_only_its_owner_sees_a_new_project(project: Project, insider: User, outsider: User) -> None:
    assert list(access.projects(insider)) == [project]
    assert list(access.projects(outsider)) == []
    for operation in (edit.update_project, edit.delete_project):
        assert refusal_code(operation, user=outsider, project_id=project.id) == "not_found"


def test_a_person_who_was_switched_off_sees_nothing(project: Project, insider: User) -> None:
    document = add(project)
    insider.is_active = False
    assert list(access.projects(insider)) == []
    assert not access.may_edit_project(insider, project)
    assert access.find_readable_file(insider, document.attachment_id) is None


def test_a_share_to_view_lets_use_it_but_not_change_it(project: Project, outsider: User) -> None:
    document = add(project)
    share(project, outsider)
    assert access.find_project(outsider, project.id) == project
    assert access.find_readable_file(outsider, document.attachment_id) == document.attachment
    assert access.find_attachment(outsider, document.attachment_id) is None  # nothing to send elsewhere
    where = {"user": outsider, "project_id": project.id}
    assert refusal_code(edit.update_project, **where, memory="x") == "forbidden"
    assert refusal_code(edit.delete_project, **where) == "forbidden"
    assert refusal_code(documents.add_text, **where, name="a", text="b") == "forbidden"
    assert refusal_code(documents.remove_document, **where, document_id=document.id) == "forbidden"
    assert refusal_code(sharing.share_with_person, **where, email="a@b.c", role="view") == "forbidden"


def test_an_editor_changes_content_but_not_shares(project: Project, insider: User, outsider: User) -> None:
    share(project, outsider, "edit")
    where = {"user": outsider, "project_id": project.id}
    assert edit.update_project(**where, memory="  In use.\r\n").memory == "In use."
    added = documents.add_text(**where, name="Notes", text="Mine")
    assert added.attachment.owner == insider  # it stays when the editor goes
    assert added.attachment.name == "Notes.txt"
    documents.remove_document(**where, document_id=added.id)
    assert refusal_code(edit.update_project, **where, archived=True) == "forbidden"
    assert refusal_code(edit.delete_project, **where) == "forbidden"


def test_a_group_shares_with_its_members_as_they_are_now(
    project: Project, insider: User, outsider: User
) -> None:
    group, other = Group.objects.create(name="bridges"), Group.objects.create(name="tunnels")
    insider.groups.add(group)
    outsider.groups.add(group)
    where = {"user": insider, "project_id": project.id, "role": "edit"}
    assert sharing.own_groups(insider) == [group]
    sharing.share_with_group(**where, group_id=group.pk)
    assert access.project_roles(outsider, access.projects(outsider)) == {project.pk: "edit"}
    for wrong in (other.pk, "x", 10**12):
        assert refusal_code(sharing.share_with_group, **where, group_id=wrong) == "not_found"
    outsider.groups.remove(group)
    assert list(access.projects(outsider)) == []


def test_roles_of_several_projects(project: Project, insider: User, outsider: User) -> None:
    seen = edit.create_project(owner=outsider, name="Tunnel")
    sharing.share_with_person(user=outsider, project_id=seen.id, email=insider.email, role="view")
    roles = access.project_roles(insider, access.projects(insider))
    assert roles == {project.pk: "owner", seen.pk: "view"}


def test_a_share_is_changed_and_ended(project: Project, insider: User, outsider: User) -> None:
    member = share(project, outsider)
    assert share(project, outsider, "edit").pk == member.pk
    assert access.may_edit_project(outsider, project)
    where = {"project_id": project.id}
    for wrong in ("x", 0, 10**12):
        assert refusal_code(sharing.stop_sharing, user=insider, **where, member_id=wrong) == "not_found"
    sharing.stop_sharing(user=outsider, **where, member_id=member.pk)  # they leave it
    assert list(access.projects(outsider)) == []
    again = share(project, outsider)
    sharing.stop_sharing(user=insider, **where, member_id=again.pk)
    assert list(access.projects(outsider)) == []


def test_what_a_share_refuses(project: Project, insider: User, outsider: User) -> None:
    where = {"user": insider, "project_id": project.id}
    assert refusal_code(sharing.share_with_person, **where, email="x@y.z", role="view") == "no_person"
    assert refusal_code(sharing.share_with_person, **where, email=insider.email, role="view") == "invalid"
    assert refusal_code(sharing.share_with_person, **where, email=outsider.email, role="own") == "invalid"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": "  "}, "invalid"),
        ({"name": "x" * 81}, "invalid"),
        ({"instructions": "x" * 100_001}, "invalid"),
        ({"assistant_id": "no-assistant"}, "not_found"),
    ],
)
def test_what_its_fields_refuse(project: Project, insider: User, fields: Any, code: str) -> None:
    assert refusal_code(edit.update_project, user=insider, project_id=project.id, **fields) == code


def test_its_default_assistant_answers_where_it_is_offered(
    project: Project, insider: User, outsider: User
) -> None:
    assistant = Assistant.objects.create(name="Guide")
    changed = edit.update_project(user=insider, project_id=project.id, assistant_id=str(assistant.id))
    assert edit.update_project(user=insider, project_id=project.id, assistant_id=assistant.id) == changed
    assert create_conversation(owner=insider, project_id=project.id).assistant == assistant
    factories.restrict(assistant, Group.objects.create(name="few"))
    share(project, outsider)
    assert create_conversation(owner=outsider, project_id=str(project.id)).assistant is None
    assert edit.update_project(user=insider, project_id=project.id, assistant_id=None).assistant is None


def test_chats_move_in_and_out(project: Project, insider: User, outsider: User) -> None:
    chat = create_conversation(owner=insider)
    where = {"user": insider, "conversation_id": chat.id}
    assert update_conversation(**where, project_id=str(project.id)).project == project
    assert update_conversation(**where, title="Renamed").project == project
    assert update_conversation(**where, project_id=None).project is None
    theirs = create_conversation(owner=outsider)
    wrong = {"user": outsider, "conversation_id": theirs.id, "project_id": project.id}
    assert refusal_code(update_conversation, **wrong) == "not_found"
    assert refusal_code(create_conversation, owner=outsider, project_id=project.id) == "not_found"


def test_chats_of_a_shared_project_stay_private(project: Project, insider: User, outsider: User) -> None:
    share(project, outsider)
    theirs = create_conversation(owner=outsider, project_id=project.id)
    assert access.find_conversation(insider, theirs.id) is None
    assert list(access.conversations(outsider).filter(project=project)) == [theirs]


def test_a_deleted_project_leaves_chats_and_sent_files(project: Project, insider: User) -> None:
    chat, alone, sent = (
        create_conversation(owner=insider, project_id=project.id),
        add(project),
        add(project, "b"),
    )
    message = factories.message(chat, None, "See")
    message.attachments.add(sent.attachment)
    edit.delete_project(user=insider, project_id=project.id)
    assert Conversation.objects.get(id=chat.id).project is None
    assert list(Attachment.objects.all()) == [sent.attachment]
    assert not Attachment.objects.filter(id=alone.attachment_id).exists()


def test_documents_keep_their_order_and_their_sum(project: Project, insider: User) -> None:
    first, second = add(project, "b.txt", "x" * 30), add(project, "a.txt", "y" * 3)
    where = {"user": insider, "project_id": project.id}
    paper = documents.add_file(**where, name="c.pdf", data=media.pdf("One", "Two"))
    assert list(project.documents.in_order()) == [first, second, paper]
    assert (first.tokens, second.tokens, paper.tokens) == (10, 1, 6_000)
    assert add(project, "b.txt", "x" * 30) == first
    documents.remove_document(**where, document_id=first.id)
    project.refresh_from_db()
    assert project.document_tokens == 6_001
    assert refusal_code(documents.remove_document, **where, document_id=first.id) == "not_found"
    assert str(second) == "a.txt"


def test_files_of_a_project_are_not_cleared_away(project: Project, insider: User) -> None:
    document = add(project)
    store_upload(owner=insider, name="draft.txt", data=b"unsent")
    Attachment.objects.update(created_at=timezone.now() - dt.timedelta(days=3))
    clear_unused_files()
    assert list(Attachment.objects.all()) == [document.attachment]


def test_what_is_no_document(project: Project, insider: User, monkeypatch: pytest.MonkeyPatch) -> None:
    where = {"user": insider, "project_id": project.id}
    assert refusal_code(documents.add_file, **where, name="a.png", data=media.picture()) == "no_document"
    assert not Attachment.objects.exists()
    for wrong in ("  ", None, 7):
        assert refusal_code(documents.add_text, **where, name="a", text=wrong) == "invalid"
    assert refusal_code(documents.add_text, user=insider, project_id="x", name="a", text="b") == "not_found"
    monkeypatch.setattr(documents, "MOST_DOCUMENTS", 1)
    assert add(project, "").attachment.name == "Text.txt"
    assert refusal_code(documents.add_text, **where, name="a", text="b") == "too_many_documents"


def test_how_rows_are_written(project: Project, insider: User, outsider: User, model: LanguageModel) -> None:
    assert str(project) == "Bridge"
    assert str(share(project, outsider)) == f"{outsider}: can use it"
