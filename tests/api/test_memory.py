"""Memory over the JSON API."""

from typing import Any

from chat.models import MemoryEntry
from tests.api.people import BASE, Person

MEMORY = f"{BASE}/memory"


def send(person: Person, method: str, path: str = "", **body: Any) -> Any:
    return getattr(person.client(), method)(MEMORY + path, body, content_type="application/json")


def test_entries_are_kept_changed_and_deleted(insider: Person) -> None:
    made = send(insider, "post", text="Likes tea").json()
    assert (made["text"], made["conversation"]) == ("Likes tea", None)
    changed = send(insider, "patch", f"/{made['id']}", text="Likes coffee").json()
    listed = insider.client().get(MEMORY).json()
    assert listed == {"enabled": False, "data": [changed]}
    insider.user.uses_memory = True
    insider.user.save()
    assert insider.client().get(MEMORY).json()["enabled"] is True
    assert insider.client().delete(f"{MEMORY}/{made['id']}").status_code == 204
    send(insider, "post", text="a")
    assert insider.client().delete(MEMORY).status_code == 204
    assert not MemoryEntry.objects.exists()


def test_wrong_entries_are_refused(insider: Person, outsider: Person) -> None:
    for body in ({}, {"text": ""}, {"text": "x" * 501}, {"text": 5}, {"text": "a", "conversation": "b"}):
        assert send(insider, "post", **body).status_code == 422
    entry = MemoryEntry.objects.create(user=outsider.user, text="Of the outsider")
    assert send(insider, "patch", f"/{entry.pk}", text="Mine").status_code == 404
    assert insider.client().delete(f"{MEMORY}/{entry.pk}").status_code == 404
    insider.client().delete(MEMORY)
    assert MemoryEntry.objects.get() == entry
