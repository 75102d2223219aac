"""Search in the API: hits with their places, pages, and no text of other people."""

import pytest

from chat.models import Conversation, Project
from tests import factories
from tests.api.people import BASE, Person

URL = f"{BASE}/search"


def test_hits_have_their_places(insider: Person) -> None:
    chat = factories.conversation(insider.user, "오늘 정원에", title="정원 이야기")
    body = insider.client().get(URL, {"q": "정원"}).json()
    by_title, by_text = body["data"]
    assert (body["next"], body["complete"]) == (None, True)
    assert by_title == {
        "conversation": str(chat.id),
        "message": None,
        "title": "정원 이야기",
        "archived": False,
        "role": None,
        "snippet": "정원 이야기",
        "highlights": [[0, 2]],
        "at": by_title["at"],
    }
    assert (by_text["message"], by_text["role"]) == (str(chat.active_leaf_id), "user")
    assert [by_text["snippet"][start:end] for start, end in by_text["highlights"]] == ["정원"]


def test_a_project_narrows_the_search_down(insider: Person) -> None:
    project = Project.objects.create(owner=insider.user, name="Bridge")
    inside = factories.conversation(insider.user, "garden", title="Inside", project=project)
    factories.conversation(insider.user, "garden", title="Outside")
    for named, found in ((str(project.id), [str(inside.id)]), ("elsewhere", [])):
        body = insider.client().get(URL, {"q": "garden", "project": named}).json()
        assert [hit["conversation"] for hit in body["data"]] == found


def test_pages_follow_each_other(insider: Person) -> None:
    factories.conversation(insider.user, *(f"word {number}" for number in range(5)))
    client, found, cursor = insider.client(), [], {}
    while True:
        body = client.get(URL, {"q": "word", "limit": 2, **cursor}).json()
        found += [hit["snippet"] for hit in body["data"]]
        if body["next"] is None:
            break
        cursor = {"cursor": body["next"]}
    assert found == [f"word {number}" for number in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    "query", [{}, {"q": ""}, {"q": "x" * 201}, {"q": "a", "limit": 0}, {"q": "a", "cursor": "b"}]
)
def test_wrong_queries_are_refused(query: dict, insider: Person) -> None:
    refused = insider.client().get(URL, query)
    assert (refused.status_code, refused["Content-Type"]) == (422, "application/problem+json")


def test_others_find_nothing(insider: Person, outsider: Person, chat: Conversation) -> None:
    assert len(insider.client().get(URL, {"q": "high"}).json()["data"]) == 2
    assert outsider.client().get(URL, {"q": "high"}).json()["data"] == []
