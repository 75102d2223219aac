"""The page of instructions and memory."""

from typing import Any

import pytest
from django.test import Client

from chat.models import Conversation, MemoryEntry, User, Workspace
from tests import factories

MEMORY = "/settings/memory"


def do(client: Client, action: str, **fields: str) -> Any:
    return client.post(MEMORY, {"do": action, **fields})


def shown(client: Client) -> str:
    return client.get(MEMORY).content.decode()


def test_signed_out_people_sign_in_first(db: None, client: Client) -> None:
    for answer in (client.get(MEMORY), do(client, "add", text="x")):
        assert answer.headers["Location"].startswith("/accounts/login/")


def test_memory_is_off_until_the_person_switches_it_on(browser: Client, insider: User) -> None:
    assert "Memory is off." in shown(browser)
    assert do(browser, "switch", on="1").headers["Location"] == MEMORY
    insider.refresh_from_db()
    assert insider.uses_memory
    assert "Switch memory off" in shown(browser)
    do(browser, "switch", on="")
    insider.refresh_from_db()
    assert not insider.uses_memory


def test_entries_are_added_changed_and_deleted(browser: Client, insider: User, chat: Conversation) -> None:
    do(browser, "add", text="Likes <tea>")
    entry = MemoryEntry.objects.get()
    assert entry.conversation is None
    assert "Likes &lt;tea&gt;" in shown(browser)
    do(browser, "change", entry=str(entry.pk), text="Likes coffee")
    MemoryEntry.objects.update(conversation=chat)
    page = shown(browser)
    assert "Likes coffee" in page
    assert f'href="/c/{chat.pk}"' in page
    do(browser, "forget", entry=str(entry.pk))
    do(browser, "add", text="a")
    do(browser, "add", text="b")
    assert "Delete 2 entries" in shown(browser)
    do(browser, "forget_everything")
    assert "No entries yet." in shown(browser)


def test_what_is_refused_stays_in_its_field(browser: Client, insider: User) -> None:
    do(browser, "add", text="Likes tea")
    entry = str(MemoryEntry.objects.get().pk)
    long = "x" * 501
    for fields in ({"action": "add"}, {"action": "change", "entry": entry}):
        page = do(browser, text=long, **fields)
        assert page.status_code == 422
        assert f">{long}</textarea>" in page.content.decode()
        assert "(it has 501)" in page.content.decode()
    long = "x" * 2001
    page = do(browser, "instructions", text=long)
    assert page.status_code == 422
    assert f">{long}</textarea>" in page.content.decode()


def test_instructions_are_stored(browser: Client, insider: User) -> None:
    do(browser, "instructions", text="Be brief.")
    insider.refresh_from_db()
    assert insider.instructions == "Be brief."
    assert ">Be brief.</textarea>" in shown(browser)


def test_staff_may_switch_memory_off_for_all(browser: Client, insider: User) -> None:
    do(browser, "add", text="Likes tea")
    Workspace.objects.create(offers_memory=False)
    page = shown(browser)
    assert "Administrators have switched memory off." in page
    assert "Switch memory on" not in page
    assert "Likes tea" in page


def test_entries_of_another_person_are_not_found(browser: Client, outsider: User) -> None:
    entry = MemoryEntry.objects.create(user=outsider, text="Of the outsider")
    assert "Of the outsider" not in shown(browser)
    assert do(browser, "forget", entry=str(entry.pk)).status_code == 404
    assert do(browser, "change", entry=str(entry.pk), text="Mine").status_code == 404
    do(browser, "forget_everything")
    entry.refresh_from_db()
    assert entry.text == "Of the outsider"


@pytest.mark.parametrize("action", ["", "x"])
def test_what_no_button_says_is_not_found(browser: Client, action: str) -> None:
    assert do(browser, action).status_code == 404


def test_reading_takes_a_constant_number_of_queries(
    browser: Client, insider: User, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    browser.get(MEMORY)
    with django_assert_max_num_queries(8) as few:
        browser.get(MEMORY)
    for number in range(20):
        source = factories.conversation(insider, title=f"Talk {number}")
        MemoryEntry.objects.create(user=insider, text=str(number), conversation=source)
    with django_assert_num_queries(len(few)):
        browser.get(MEMORY)
