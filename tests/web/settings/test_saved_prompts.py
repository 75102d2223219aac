"""The page of a person's saved prompts, and what the message field offers: own ones, groups' ones and staff's."""

import html
import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from chat import access
from chat.models import SavedPrompt, User
from tests import factories

PROMPTS = "/settings/prompts"
WORLD = json.loads((Path(__file__).parents[2] / "world" / "composer" / "prompts.json").read_text())


@pytest.fixture
def group(insider: User) -> Group:
    group = Group.objects.create(name="Editors")
    group.user_set.add(insider, factories.person("colleague"))
    return group


@pytest.fixture
def prompt(insider: User, group: Group) -> SavedPrompt:
    made = SavedPrompt.objects.create(owner=insider, command="summary", text="Shorten {{text}}")
    made.groups.add(group)
    return made


def save(client: Client, address: str = PROMPTS, **fields: Any) -> Any:
    return client.post(address, {"command": "letter", "description": "", "text": "Write a letter", **fields})


def offered(client: Client) -> str:
    return html.unescape(client.get("/prompts").content.decode())


def test_a_person_saves_and_shares_a_prompt(browser: Client, insider: User, group: Group) -> None:
    answer = save(browser, command="BRIEF", text="One\r\n{{two}}", groups=[group.pk])
    assert answer.headers["Location"] == PROMPTS
    made = SavedPrompt.objects.get()
    assert (made.owner, made.command, made.text) == (insider, "brief", "One\n{{two}}")
    assert list(made.groups.all()) == [group]
    assert "Type /brief to use it." in browser.get(PROMPTS).content.decode()


def test_texts_of_others_are_kept_and_shown_as_written(browser: Client, insider: User) -> None:
    for number, row in enumerate(WORLD):
        save(browser, command=f"p{number}", text=row["text"].replace("\n", "\r\n"))
        made = SavedPrompt.objects.get(command=f"p{number}")
        assert browser.get(f"/prompts/{made.pk}").json() == {"text": row["text"]}, row["about"]
        page = html.unescape(browser.get(reverse("prompt", args=[made.pk])).content.decode())
        assert row["text"] in page, row["about"]


def test_a_person_changes_and_deletes_their_own(browser: Client, prompt: SavedPrompt) -> None:
    address = reverse("prompt", args=[prompt.id])
    assert "Shorten {{text}}" in browser.get(address).content.decode()
    assert save(browser, address, command="summary", text="Shorter").status_code == 302
    prompt.refresh_from_db()
    assert (prompt.text, prompt.groups.count()) == ("Shorter", 0)
    assert browser.post(reverse("delete_prompt", args=[prompt.id])).headers["Location"] == PROMPTS
    assert not SavedPrompt.objects.exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"command": "two words"}, "Use letters, digits, _ or - (no spaces)."),
        ({"command": "Summary"}, "You have a prompt with this command."),
        ({"command": "x" * 41}, "at most 40"),
        ({"text": " "}, "This field is required."),
        ({"text": "x" * 50_001}, "at most 50000"),
    ],
)
def test_wrong_values_are_explained(
    browser: Client, prompt: SavedPrompt, fields: dict[str, str], words: str
) -> None:
    answer = save(browser, **fields)
    assert answer.status_code == 422
    assert words in html.unescape(answer.content.decode())
    assert SavedPrompt.objects.count() == 1


def test_a_prompt_is_shared_with_own_groups_only(browser: Client, prompt: SavedPrompt) -> None:
    foreign = Group.objects.create(name="Others")
    assert save(browser, groups=[foreign.pk]).status_code == 422
    assert SavedPrompt.objects.count() == 1


def test_who_is_in_no_group_shares_with_no_one(insider: User, browser: Client) -> None:
    assert "Share with your groups" not in browser.get(PROMPTS).content.decode()
    assert save(browser).status_code == 302


def test_the_field_offers_own_then_groups_then_staffs(
    browser: Client, group: Group, prompt: SavedPrompt, outsider: User
) -> None:
    from_colleague = SavedPrompt.objects.create(
        owner=factories.person("colleague"), command="beta", text="b", description="Of <b>"
    )
    from_colleague.groups.add(group)
    SavedPrompt.objects.create(command="alpha", text="a", for_everyone=True)
    SavedPrompt.objects.create(command="group-of-others", text="a")
    SavedPrompt.objects.create(owner=outsider, command="private", text="p")
    text = offered(browser)
    assert text.index("/summary") < text.index("/beta") < text.index("/alpha")
    assert "colleague@example.test" in text
    assert "Your administrators" in text
    assert "private" not in text
    assert "group-of-others" not in text
    page = browser.get(PROMPTS).content.decode()
    assert "Shared with you" in page
    assert "/beta" in page


def test_the_text_is_read_when_it_is_inserted(browser: Client, signed_in: Any, prompt: SavedPrompt) -> None:
    for client in (browser, signed_in("colleague")):
        assert client.get(reverse("prompt_text", args=[prompt.id])).json() == {"text": "Shorten {{text}}"}


@pytest.mark.parametrize(("name", "shared"), [("colleague", True), ("outsider", False)])
def test_others_change_nothing_and_outsiders_find_nothing(
    signed_in: Any, prompt: SavedPrompt, name: str, shared: bool
) -> None:
    client = signed_in(name)
    assert ("/summary" in offered(client)) is shared
    assert client.get(reverse("prompt_text", args=[prompt.id])).status_code == (200 if shared else 404)
    assert client.get(reverse("prompt", args=[prompt.id])).status_code == 404
    assert save(client, reverse("prompt", args=[prompt.id]), text="Taken").status_code == 404
    assert client.post(reverse("delete_prompt", args=[prompt.id])).status_code == 404
    prompt.refresh_from_db()
    assert prompt.text == "Shorten {{text}}"


def test_staffs_prompts_are_not_changed_here(browser: Client) -> None:
    made = SavedPrompt.objects.create(command="alpha", text="a", for_everyone=True)
    assert browser.get(reverse("prompt", args=[made.id])).status_code == 404


def test_signed_out_people_sign_in_first(client: Client, prompt: SavedPrompt) -> None:
    for address in (PROMPTS, "/prompts", reverse("prompt", args=[prompt.id])):
        assert client.get(address).headers["Location"].startswith("/accounts/login/")
    for address in (PROMPTS, reverse("prompt", args=[prompt.id]), reverse("delete_prompt", args=[prompt.id])):
        assert client.post(address).headers["Location"].startswith("/accounts/login/")
    assert SavedPrompt.objects.count() == 1


def test_a_deactivated_person_has_none(insider: User, prompt: SavedPrompt) -> None:
    insider.is_active = False
    assert access.find_saved_prompt(insider, prompt.id) is None
