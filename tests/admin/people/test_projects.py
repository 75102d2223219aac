"""Projects in the admin: what each role sees, handing over, archiving, and what the history says of both."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.test import Client
from django.urls import reverse

from chat.admin.people.roles import ROLES
from chat.models import Project, ProjectDocument, ProjectMember, User
from chat.operations.projects.documents import add_text
from tests import factories
from tests.admin.world import PRIVATE, World

SUBMITTED, HTMX = {"_form_submitted": "True"}, {"HX-Request": "true"}


def address(action: str) -> str:
    return reverse(f"admin:chat_project_{action}", args=[Project.objects.get().pk])


def hand_over(client: Client, email: str) -> Any:
    return client.post(address("hand_over"), {**SUBMITTED, "email": email}, headers=HTMX)


def give(user: User, role: str) -> None:
    user.user_permissions.set(Permission.objects.filter(codename__in=ROLES[role].rights))


@pytest.fixture(autouse=True)
def document(world: World) -> ProjectDocument:
    project = world.rows["chat_project"]
    return add_text(user=world.person, project_id=project.pk, name=f"{PRIVATE}.txt", text="Private")


def page(client: Client, world: World, view: str = "changelist", query: str = "") -> str:
    response = client.get(world.url("chat_project", view) + query)
    assert response.status_code == 200
    return response.content.decode()


def test_the_list_says_whose_how_large_and_how_used(world: World, root: Client) -> None:
    factories.conversation(world.person, project=world.rows["chat_project"], deleted_at="2026-01-01T00:00Z")
    (row,) = root.get(world.url("chat_project")).context["cl"].result_list
    assert (row.member_count, row.document_count, row.conversation_count) == (1, 1, 1)
    assert row.last_used_at == world.rows["chat_conversation"].last_message_at
    shown = page(root, world)
    assert "person@example.test" in shown
    assert "+00:00" not in shown + page(root, world, "change"), "times are the reader's"
    assert f"The name of {PRIVATE}" in shown


def test_counts_are_each_right_and_unused_projects_come_first(world: World, root: Client) -> None:
    project = world.rows["chat_project"]
    add_text(user=world.person, project_id=project.pk, name="second.txt", text="More")
    ProjectMember.objects.create(project=project, person=world.root)
    unused = Project.objects.create(owner=world.person, name="Unused")
    # The column by which a list is sorted has a number of its own.
    used_by = root.get(world.url("chat_project")).context["cl"].list_display.index("last_used")
    for sign, expected in (("", [unused, project]), ("-", [project, unused])):
        rows = root.get(world.url("chat_project"), {"o": f"{sign}{used_by}"}).context["cl"].result_list
        assert list(rows) == expected
    row = next(row for row in rows if row == project)
    assert (row.member_count, row.document_count, row.conversation_count) == (2, 2, 1)


def test_a_page_leads_to_people_documents_and_conversations(
    world: World, root: Client, document: ProjectDocument
) -> None:
    shown = page(root, world, "change")
    assert f"The instructions of {PRIVATE}" in shown
    assert f"The memory of {PRIVATE}" in shown
    assert f"{PRIVATE}.txt" in shown
    for row in (world.staff, document.attachment):
        assert reverse(f"admin:chat_{row._meta.model_name}_change", args=[row.pk]) in shown
    link = f"?project__id__exact={world.rows['chat_project'].pk}"
    assert link in shown
    factories.conversation(world.person)
    found = root.get(world.url("chat_conversation") + link).context["cl"].result_list
    assert list(found) == [world.rows["chat_conversation"]]


def test_an_empty_text_is_a_dash_and_no_empty_box(world: World, root: Client) -> None:
    Project.objects.update(memory="", instructions="Write short answers.")
    shown = page(root, world, "change")
    assert shown.count("<pre") == 1
    assert re.search(r"<pre[^>]*>Write short answers\.</pre>", shown)


@pytest.mark.parametrize("role", ROLES)
def test_what_each_role_sees_and_does(world: World, staff: Client, role: str) -> None:
    give(world.staff, role)
    seen = staff.get(world.url("chat_project", "change"))
    assert seen.status_code == (200 if role in ("viewer", "people") else 403)
    assert PRIVATE not in seen.content.decode()
    assert ("/hand-over/" in seen.content.decode()) is (role == "people")
    if role == "viewer":
        selected = {"_selected_action": [str(world.rows["chat_project"].pk)]}
        staff.post(world.url("chat_project"), {"action": "archive_selected", **selected})
        assert not Project.objects.get().archived
        Project.objects.update(archived=True)
        staff.post(world.url("chat_project"), {"action": "unarchive_selected", **selected})
        assert Project.objects.get().archived
        Project.objects.update(archived=False)
    changes = hand_over(staff, world.staff.email), staff.post(address("archive"))
    assert {answer.status_code for answer in changes} == ({200, 302} if role == "people" else {403})
    project = Project.objects.get()
    assert (project.owner == world.staff, project.archived) == (
        (True, True) if role == "people" else (False, False)
    )


def test_it_is_handed_over_and_the_history_says_so(world: World, root: Client, caplog: Any) -> None:
    caplog.set_level("INFO")
    assert hand_over(root, " ROOT@example.test ").status_code == 200
    assert Project.objects.get().owner == world.root
    assert any("project_handed_over" in record.getMessage() for record in caplog.records)
    assert "now belongs to root@example.test" in page(root, world)
    shown = page(root, world, "history")
    assert "Handed over from person@example.test to root@example.test." in shown
    assert PRIVATE not in str(list(world.root.logentry_set.values()))


@pytest.mark.parametrize(
    ("language", "subject", "words"),
    [("en", "A project is yours now", "which belonged to person@"), ("ko", "프로젝트의 소유자", "소유권을")],
)
def test_the_new_owner_is_told_by_mail(
    world: World, root: Client, language: str, subject: str, words: str
) -> None:
    owner = factories.person("outsider", language=language)
    hand_over(root, owner.email)
    (letter,) = mail.outbox
    assert letter.to == [owner.email]
    assert subject in letter.subject
    assert words in letter.body
    assert f"“The name of {PRIVATE}”" in letter.body
    assert letter.body.count("person@example.test") == 2, "an earlier owner who is here edits on"
    project = world.rows["chat_project"]
    assert f"http://testserver{reverse('project', args=[project.pk])}\n" in letter.body
    client = Client()
    client.force_login(owner)
    assert client.get(reverse("project", args=[project.pk])).status_code == 200


def test_an_owner_who_left_is_not_said_to_edit(world: World, root: Client, outsider: User) -> None:
    User.objects.filter(pk=world.person.pk).update(is_active=False)
    hand_over(root, outsider.email)
    assert "can still edit" not in mail.outbox[0].body


def test_staff_who_take_a_project_themselves_get_no_mail(world: World, root: Client) -> None:
    hand_over(root, world.root.email)
    hand_over(root, "person@example.test x")
    assert mail.outbox == []


def test_a_refused_change_of_owner_says_why(world: World, root: Client, staff: Client) -> None:
    for email, words in (("nobody@example.test", "No active person"), ("person@example.test", "already")):
        hand_over(root, email)
        assert words in page(root, world)
    assert "Enter a valid email" in hand_over(root, "x").content.decode()
    give(world.staff, "people")
    hand_over(staff, "root@example.test")
    assert "Only a superuser" in page(staff, world)
    assert Project.objects.get().owner == world.person


def test_it_is_archived_and_taken_back(world: World, root: Client) -> None:
    shown = page(root, world, "change")
    assert address("archive") in shown
    assert address("unarchive") not in shown
    root.get(address("archive"))
    assert not Project.objects.get().archived, "a link alone changes nothing"
    root.post(address("archive"))
    assert Project.objects.get().archived
    assert address("unarchive") in page(root, world, "change")
    assert root.post(address("archive")).status_code == 403
    root.post(address("unarchive"))
    assert not Project.objects.get().archived
    shown = page(root, world, "history")
    assert shown.count("archived</td>") == 2


def test_selected_projects_are_archived(world: World, root: Client) -> None:
    Project.objects.create(owner=world.person, name="Other", archived=True)
    keys = [str(key) for key in Project.objects.values_list("pk", flat=True)]
    for action, words, archived in (
        ("archive_selected", "1 project was archived.", [True, True]),
        ("unarchive_selected", "2 projects were unarchived.", [False, False]),
    ):
        form = {"action": action, "_selected_action": keys}
        answer = root.post(world.url("chat_project"), form, follow=True)
        assert words in answer.content.decode()
        assert list(Project.objects.values_list("archived", flat=True)) == archived


def test_projects_are_found_by_people_and_filters(world: World, root: Client, staff: Client) -> None:
    project = world.rows["chat_project"]
    for query, found in (
        ("?q=person@", True), ("?q=staff@", True), ("?q=nobody@", False), (f"?q={project.pk}", True),
        (f"?q={PRIVATE}", True), ("?archived__exact=1", False), ("?owner_account=active", True),
        ("?owner_account=left", False),
    ):  # fmt: skip
        assert bool(root.get(world.url("chat_project") + query).context["cl"].result_list) is found, query
    # A search for a name would tell staff who may not read it.
    give(world.staff, "viewer")
    for query, found in (("?q=person@", True), (f"?q={PRIVATE}", False)):
        assert bool(staff.get(world.url("chat_project") + query).context["cl"].result_list) is found, query
    User.objects.filter(pk=world.person.pk).update(is_active=False)
    assert project in root.get(world.url("chat_project") + "?owner_account=left").context["cl"].result_list
