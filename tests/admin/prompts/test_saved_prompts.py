"""Saved prompts in the admin: staff's own and shared ones, never what a person keeps private."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from chat.models import SavedPrompt
from tests.admin.world import PRIVATE, World, form_errors

ADD = "/admin/chat/savedprompt/add/"


def save(client: Client, address: str = ADD, **fields: Any) -> Any:
    return client.post(address, {"command": "letter", "description": "", "text": "Write", **fields})


def test_staff_offer_a_prompt_to_everyone_or_to_groups(world: World, root: Client) -> None:
    group = world.rows["auth_group"]
    assert save(root, command="All", for_everyone="on", groups=[group.pk]).status_code == 302
    made = SavedPrompt.objects.get(command="all")
    assert (made.owner, made.for_everyone, made.groups.count()) == (None, True, 0)
    assert save(root, command="some", groups=[group.pk]).status_code == 302
    assert "Choose at least one group" in form_errors(save(root, command="none"))
    assert "There is a prompt with this command." in form_errors(save(root, command="ALL", for_everyone="on"))
    assert "Use letters" in form_errors(save(root, command="a b", for_everyone="on"))


def test_private_prompts_are_not_shown(world: World, root: Client) -> None:
    hidden = SavedPrompt.objects.create(owner=world.person, command="diary", text=PRIVATE)
    page = root.get(reverse("admin:chat_savedprompt_changelist")).content.decode()
    assert "diary" not in page
    assert "Administrators" in page
    address = reverse("admin:chat_savedprompt_change", args=[hidden.pk])
    assert root.get(address).status_code == 302
    assert PRIVATE not in root.get(address, follow=True).content.decode()


def test_a_shared_prompt_of_a_person_stays_theirs(world: World, root: Client) -> None:
    shared = SavedPrompt.objects.create(owner=world.person, command="guide", text="a")
    shared.groups.add(Group.objects.get())
    page = root.get(reverse("admin:chat_savedprompt_changelist")).content.decode()
    assert "person@example.test" in page
    assert "1 group" in page
    address = reverse("admin:chat_savedprompt_change", args=[shared.pk])
    refused = save(root, address, command="guide", for_everyone="on")
    assert "This prompt is a person’s." in form_errors(refused)
    assert save(root, address, command="guide", text="b", groups=[Group.objects.get().pk]).status_code == 302
    shared.refresh_from_db()
    assert (shared.owner, shared.text) == (world.person, "b")


@pytest.mark.parametrize("view", ["changelist", "change", "delete"])
def test_staff_without_rights_see_nothing(world: World, staff: Client, view: str) -> None:
    assert staff.get(world.url("chat_savedprompt", view)).status_code == 403
