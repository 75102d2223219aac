"""Saving a person's prompts: how many, and with whom they are shared."""

import pytest
from django.contrib.auth.models import Group

from chat.models import SavedPrompt, User
from chat.operations.accounts import saved_prompts
from chat.operations.accounts.saved_prompts import delete_prompt, save_prompt
from tests.support.refusals import refusal_code

pytestmark = pytest.mark.django_db


def draft(command: str) -> SavedPrompt:
    return SavedPrompt(command=command, text="Text")


def test_only_own_groups_count(insider: User) -> None:
    own, foreign = Group.objects.create(name="Own"), Group.objects.create(name="Foreign")
    insider.groups.add(own)
    made = save_prompt(prompt=draft("a"), owner=insider, groups=[own, foreign])
    assert list(made.groups.all()) == [own]


def test_a_command_is_a_persons_once(insider: User, outsider: User) -> None:
    made = save_prompt(prompt=draft("a"), owner=insider, groups=[])
    save_prompt(prompt=draft("a"), owner=outsider, groups=[])
    assert refusal_code(save_prompt, prompt=draft("a"), owner=insider, groups=[]) == "taken"
    save_prompt(prompt=made, owner=insider, groups=[])
    delete_prompt(prompt=made)
    save_prompt(prompt=draft("a"), owner=insider, groups=[])


def test_there_is_a_limit(insider: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_prompts, "MOST_PROMPTS", 1)
    made = save_prompt(prompt=draft("a"), owner=insider, groups=[])
    assert refusal_code(save_prompt, prompt=draft("b"), owner=insider, groups=[]) == "too_many"
    save_prompt(prompt=made, owner=insider, groups=[])
