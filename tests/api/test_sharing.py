"""Exports and links of the API."""

import json

import pytest

from chat.models import Conversation, Share
from tests import factories
from tests.api.people import BASE, Person

pytestmark = pytest.mark.django_db


def test_an_export_is_a_download(insider: Person, chat: Conversation) -> None:
    client = insider.client()
    answer = client.get(f"{BASE}/conversations/{chat.id}/export?format=json")
    assert answer["Content-Type"] == "application/json"
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer["Cache-Control"]
    data = b"".join(answer)
    assert len(data) == int(answer["Content-Length"])
    assert [row["role"] for row in json.loads(data)["messages"]] == ["user", "assistant"]
    text = b"".join(client.get(f"{BASE}/conversations/{chat.id}/export?thinking=true")).decode()
    assert "Very high." in text
    assert client.get(f"{BASE}/conversations/{chat.id}/export?format=pdf").status_code == 422


def test_a_link_is_made_listed_renewed_and_revoked(insider: Person, chat: Conversation) -> None:
    client = insider.client()
    address = f"{BASE}/conversations/{chat.id}/shares"
    made = client.post(address, {"expires_in_days": 7, "files": True}, "application/json")
    assert made.status_code == 201
    share = made.json()
    assert share["url"].startswith("http://testserver/s/")
    assert (share["audience"], share["files"], share["leaf"]) == ("workspace", True, str(chat.active_leaf_id))
    assert [one["id"] for one in client.get(address).json()["data"]] == [share["id"]]
    later = factories.message(chat, chat.active_leaf, "More")
    Conversation.objects.update(active_leaf=later)
    renewed = client.post(f"{BASE}/shares/{share['id']}/renew", {}, "application/json").json()
    assert (renewed["leaf"], renewed["url"]) == (str(later.id), share["url"])
    assert client.delete(f"{BASE}/shares/{share['id']}").status_code == 204
    assert client.delete(f"{BASE}/shares/{share['id']}").status_code == 404
    assert client.get(address).json()["data"] == []


def test_a_link_without_a_body_has_the_defaults(insider: Person, chat: Conversation) -> None:
    made = insider.client().post(f"{BASE}/conversations/{chat.id}/shares", {}, "application/json")
    assert made.status_code == 201
    assert (made.json()["expires_at"], made.json()["files"]) == (None, False)


def test_the_audience_is_what_staff_allow(insider: Person, chat: Conversation) -> None:
    made = insider.client().post(
        f"{BASE}/conversations/{chat.id}/shares", {"audience": "anyone"}, "application/json"
    )
    assert (made.status_code, made.json()["code"]) == (403, "audience_not_allowed")
    assert not Share.objects.exists()


def test_a_link_whose_key_is_lost_has_no_address(insider: Person, chat: Conversation) -> None:
    insider.client().post(f"{BASE}/conversations/{chat.id}/shares", {}, "application/json")
    Share.objects.update(token=None)
    (found,) = insider.client().get(f"{BASE}/conversations/{chat.id}/shares").json()["data"]
    assert found["url"] == ""
