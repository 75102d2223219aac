"""Handing a project over: who may get it, what becomes of its files, its shares and its citations."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import Group

from chat import access
from chat.models import Attachment, FileUsage, Project, ProjectMember, User, Workspace
from chat.operations.files.uploads import store_upload
from chat.operations.projects import documents, edit, sharing
from chat.operations.projects.governance import archive_project, hand_over_project
from tests import factories
from tests.support.refusals import refusal_code

pytestmark = pytest.mark.django_db
TEXT = "The bridge is 91 m high."


@pytest.fixture
def root() -> User:
    return factories.person("root", is_superuser=True, is_staff=True)


@pytest.fixture
def project(insider: User) -> Project:
    return edit.create_project(owner=insider, name="Bridge", instructions="Answer in metres.")


def add(project: Project, name: str = "height.txt", text: str = TEXT) -> Any:
    return documents.add_text(user=project.owner, project_id=project.id, name=name, text=text)


def stored(person: User) -> int:
    return FileUsage.objects.get(user=person).total_bytes


def test_the_new_owner_has_all_and_the_earlier_one_edits(
    any_database: str, root: User, insider: User, outsider: User
) -> None:
    project = edit.create_project(owner=insider, name="Bridge")
    document = add(project)
    kept = document.attachment_id
    sharing.share_with_person(user=insider, project_id=project.id, email=outsider.email, role="view")
    _project, earlier = hand_over_project(by=root, project_id=project.id, email=outsider.email)
    assert earlier == insider
    project.refresh_from_db()
    assert project.owner == outsider
    (member,) = project.members.all()
    assert (member.person, member.role) == (insider, ProjectMember.Role.EDIT)
    file = Attachment.objects.get()
    assert (file.pk, file.owner) == (kept, outsider), "a citation of an earlier answer still leads to it"
    assert access.find_readable_file(insider, kept) == file
    assert (stored(insider), stored(outsider)) == (0, len(TEXT))


def test_an_owner_who_left_keeps_nothing(project: Project, root: User, insider: User, outsider: User) -> None:
    add(project)
    User.objects.filter(pk=insider.pk).update(is_active=False)
    hand_over_project(by=root, project_id=project.id, email=outsider.email)
    assert not project.members.exists()
    insider.delete()
    assert Project.objects.get().documents.count() == 1, "documents outlive the account"


@pytest.mark.parametrize("where", ["message", "project", "new owner"])
def test_a_file_that_is_used_elsewhere_is_copied(
    project: Project, root: User, insider: User, outsider: User, where: str
) -> None:
    document, other = add(project), add(project, "other.txt", "Else")
    file = document.attachment
    if where == "message":
        factories.message(factories.conversation(insider), None, "See").attachments.add(file)
    elif where == "project":
        add(edit.create_project(owner=insider, name="Tunnel"))
    else:
        store_upload(owner=outsider, name="height.txt", data=TEXT.encode())
    hand_over_project(by=root, project_id=project.id, email=outsider.email)
    document.refresh_from_db()
    other.refresh_from_db()
    assert document.attachment_id != file.pk
    assert (document.attachment.owner, document.attachment.text) == (outsider, TEXT)
    assert Attachment.objects.filter(pk=file.pk, owner=insider).exists() is (where != "new owner")
    assert other.attachment.owner == outsider
    assert stored(outsider) == len(TEXT) + len("Else")
    assert stored(insider) == (0 if where == "new owner" else len(TEXT))


def test_who_may_get_it(project: Project, root: User, insider: User, outsider: User) -> None:
    where = {"project_id": project.id}
    for email in ("nobody@example.test", None, ""):
        assert refusal_code(hand_over_project, by=root, **where, email=email) == "no_person"
    assert refusal_code(hand_over_project, by=root, **where, email=insider.email) == "invalid"
    wrong = {"by": root, "project_id": uuid.uuid4(), "email": outsider.email}
    assert refusal_code(hand_over_project, **wrong) == "not_found"
    User.objects.filter(pk=outsider.pk).update(is_active=False)
    assert refusal_code(hand_over_project, by=root, **where, email=outsider.email) == "no_person"


def test_staff_hand_it_only_to_people_who_see_it(project: Project, insider: User, outsider: User) -> None:
    staff = factories.person("staff", is_staff=True)
    handed = {"by": staff, "project_id": project.id, "email": outsider.email}
    assert refusal_code(hand_over_project, **handed) == "forbidden"
    group = Group.objects.create(name="bridges")
    insider.groups.add(group)
    outsider.groups.add(group)
    sharing.share_with_group(user=insider, project_id=project.id, group_id=group.pk, role="view")
    hand_over_project(**handed)
    assert Project.objects.get().owner == outsider
    assert project.members.filter(group=group).exists()


def test_files_without_room_are_refused(project: Project, root: User, insider: User, outsider: User) -> None:
    add(project, text="x" * 1_100_000)
    Workspace.objects.update_or_create(defaults={"stored_files_mb": 1})
    handed = {"by": root, "project_id": project.id, "email": outsider.email}
    assert refusal_code(hand_over_project, **handed) == "storage_full"
    assert Project.objects.get().owner == insider


def test_a_file_that_arrives_meanwhile_gets_the_new_owner(
    project: Project, root: User, insider: User, outsider: User
) -> None:
    late = store_upload(owner=insider, name="late.txt", data=b"late")
    hand_over_project(by=root, project_id=project.id, email=outsider.email)
    assert documents._link(insider, project, late).attachment.owner == outsider


def test_archiving(project: Project) -> None:
    assert archive_project(project_id=project.id, archived=True).archived
    assert not archive_project(project_id=project.id, archived=False).archived
    assert refusal_code(archive_project, project_id="x", archived=True) == "not_found"
