"""Projects by the JSON API: their fields, documents and shares as clients see them."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.api.people import BASE, Person

pytestmark = pytest.mark.django_db
JSON = "application/json"


def post(person: Person, path: str, body: Any) -> Any:
    return person.client().post(f"{BASE}{path}", body, content_type=JSON)


@pytest.fixture
def project(insider: Person) -> str:
    return post(insider, "/projects", {"name": "Bridge", "instructions": "Metres."}).json()["id"]


def test_a_project_is_read_as_it_was_written(insider: Person, project: str) -> None:
    client, path = insider.client(), f"{BASE}/projects/{project}"
    changed = client.patch(path, {"memory": "In use.", "assistant": None}, content_type=JSON).json()
    assert (changed["name"], changed["instructions"], changed["memory"]) == ("Bridge", "Metres.", "In use.")
    assert (changed["role"], changed["owner"]) == ("owner", "insider@example.test")
    assert client.get(path).json() == changed
    (listed,) = client.get(f"{BASE}/projects").json()["data"]
    assert listed == {name: changed[name] for name in listed}
    client.patch(path, {"archived": True}, content_type=JSON)
    assert client.get(f"{BASE}/projects").json()["data"] == []
    assert len(client.get(f"{BASE}/projects?archived=true").json()["data"]) == 1


def test_documents_are_texts_and_files(insider: Person, project: str) -> None:
    path = f"/projects/{project}"
    text = post(insider, f"{path}/documents", {"name": "Height", "text": "91 m"}).json()
    file = SimpleUploadedFile("width.md", b"12 m")
    sent = insider.client().post(f"{BASE}{path}/files", {"file": file}).json()
    read = insider.client().get(f"{BASE}{path}").json()
    assert read["documents"] == [text, sent]
    assert (text["name"], sent["name"], sent["kind"], sent["size_bytes"]) == (
        "Height.txt",
        "width.md",
        "text",
        4,
    )
    assert read["document_tokens"] == text["tokens"] + sent["tokens"]


def test_only_its_owner_sees_the_shares(insider: Person, outsider: Person, project: str) -> None:
    group = Group.objects.create(name="bridges")
    insider.user.groups.add(group)
    path = f"/projects/{project}"
    person = post(insider, f"{path}/members", {"email": outsider.user.email, "role": "edit"}).json()
    team = post(insider, f"{path}/members", {"group": str(group.pk)}).json()
    assert (person["email"], person["role"]) == (outsider.user.email, "edit")
    assert (team["group"], team["role"]) == ("bridges", "view")
    assert insider.client().get(f"{BASE}{path}").json()["members"] == [team, person]
    theirs = outsider.client().get(f"{BASE}{path}").json()
    assert (theirs["role"], theirs["members"]) == ("edit", [])
    assert outsider.client().delete(f"{BASE}{path}").status_code == 403


def test_conversations_are_listed_by_project(insider: Person, outsider: Person, project: str) -> None:
    made = post(insider, "/conversations", {"title": "Deck", "project": project}).json()
    post(insider, "/conversations", {"title": "Other"})
    assert made["project"] == project
    address = f"{BASE}/conversations?project={project}"
    assert [one["title"] for one in insider.client().get(address).json()["data"]] == ["Deck"]
    assert outsider.client().get(address).json()["data"] == []
    path = f"{BASE}/conversations/{made['id']}"
    moved = insider.client().patch(path, {"project": None}, content_type=JSON).json()
    assert moved["project"] is None
    assert post(outsider, "/conversations", {"project": project}).status_code == 404


def test_a_draft_is_counted_in_its_project(insider: Person, project: str) -> None:
    answer = post(insider, "/count_tokens", {"text": "Hi", "project": project})
    assert answer.json()["code"] == "no_model"
