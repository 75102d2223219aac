"""Many conversations in one request: archived, deleted and restored, and nobody else's."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from chat.models import Conversation, User
from chat.web.conversations.many import MOST_SELECTED
from tests import factories

ADDRESS = "/sidebar/selected"


def change(browser: Client, action: str, *chats: Any) -> Any:
    return browser.post(ADDRESS, {"action": action, "ids": ",".join(str(chat.pk) for chat in chats)})


@pytest.fixture
def chats(insider: User) -> list[Conversation]:
    return [factories.conversation(insider, title=f"talk {number}") for number in range(3)]


@pytest.mark.parametrize(
    ("action", "back", "said"),
    [
        ("archive", "unarchive", "3 conversations archived"),
        ("delete", "restore", "3 conversations deleted"),
    ],
)
def test_all_of_it_is_undone(
    action: str, back: str, said: str, browser: Client, chats: list[Conversation]
) -> None:
    answer = change(browser, action, *chats).json()
    assert (set(answer["ids"]), answer["said"]) == ({str(chat.pk) for chat in chats}, said)
    assert "talk" not in browser.get("/sidebar").content.decode()
    undone = browser.post(ADDRESS, {"action": back, "ids": ",".join(answer["ids"])}).json()
    assert set(undone["ids"]) == set(answer["ids"])
    assert browser.get("/sidebar").content.decode().count("talk") >= 3


def test_one_is_told_in_the_singular(browser: Client, chats: list[Conversation]) -> None:
    assert change(browser, "delete", chats[0]).json()["said"] == "1 conversation deleted"
    assert change(browser, "restore", chats[0]).json()["said"] == "1 conversation restored"
    assert change(browser, "archive", chats[0]).json()["said"] == "1 conversation archived"
    assert change(browser, "archive", chats[0]).json() == {"ids": [], "said": "0 conversations archived"}
    assert change(browser, "unarchive", chats[0]).json()["said"] == "1 conversation unarchived"


def test_only_ones_own_change(
    chats: list[Conversation], browser: Client, signed_in: Callable[[str], Client]
) -> None:
    theirs = factories.conversation(factories.person("outsider"), title="theirs")
    for action in ("archive", "delete"):
        assert change(signed_in("outsider"), action, *chats).status_code == 404
        assert change(browser, action, chats[0], theirs).json()["ids"] == [str(chats[0].pk)]
        chats.pop(0)
    theirs.refresh_from_db()
    assert (theirs.archived, theirs.deleted_at) == (False, None)
    assert signed_in("outsider").post(f"/c/{chats[0].pk}/restore").status_code == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "empty", "ids": ""},
        {"ids": "x"},
        {"action": "delete", "ids": ",".join("x" * (MOST_SELECTED + 1))},
    ],
)
def test_other_requests_are_refused(fields: dict[str, str], browser: Client) -> None:
    answer = browser.post(ADDRESS, fields)
    assert (answer.status_code, answer["Content-Type"]) == (422, "text/plain; charset=utf-8")
    assert browser.get(ADDRESS).status_code == 405


def test_signing_in_comes_first(client: Client, chats: list[Conversation]) -> None:
    assert change(client, "delete", *chats).status_code == 302
    assert client.post(f"/c/{chats[0].pk}/restore").status_code == 302
    assert Conversation.objects.living().count() == 3
    guarded = Client(enforce_csrf_checks=True)
    guarded.force_login(chats[0].owner)
    assert change(guarded, "delete", *chats).status_code == 403


def test_queries_do_not_grow(browser: Client, insider: User) -> None:
    costs = set()
    change(
        browser, "delete", factories.conversation(insider)
    )  # notes the session, and what the person has stored
    for count in (2, 50):
        many = [factories.conversation(insider) for _ in range(count)]
        with CaptureQueriesContext(connection) as captured:
            assert len(change(browser, "delete", *many).json()["ids"]) == count
        costs.add(len(captured))
    assert len(costs) == 1
