"""Memory entries and instructions: limits, changes, and only one's own."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from chat.models import MemoryEntry, User
from chat.models.accounts.memory import LONGEST_ENTRY, MOST_CHARACTERS, MOST_ENTRIES
from chat.models.accounts.people import LONGEST_INSTRUCTIONS
from chat.operations.accounts import memory
from chat.operations.errors import OperationError
from tests import factories
from tests.support.refusals import refusal_code

pytestmark = pytest.mark.django_db


def test_an_entry_is_one_clean_line(insider: User) -> None:
    entry = memory.add_memory_entry(user=insider, text="  Likes\n tea\u2028and\0 cake \ud800")
    assert entry.text.splitlines() == [entry.text]
    assert entry.text.startswith("Likes tea and")
    assert memory.notes_of(insider) == [entry.text]


def test_the_same_text_is_one_entry(insider: User) -> None:
    first = memory.add_memory_entry(user=insider, text="Likes tea")
    assert memory.add_memory_entry(user=insider, text=" Likes  tea ") == first
    other = memory.add_memory_entry(user=insider, text="Has a dog")
    assert memory.change_memory_entry(user=insider, entry_id=str(other.pk), text="Likes tea") == first
    assert memory.notes_of(insider) == ["Likes tea"]


@pytest.mark.parametrize("text", ["", " \n ", "x" * (LONGEST_ENTRY + 1)])
def test_what_is_no_entry_is_refused(insider: User, text: str) -> None:
    entry = memory.add_memory_entry(user=insider, text="Likes tea")
    assert refusal_code(memory.add_memory_entry, user=insider, text=text) == "invalid"
    assert (
        refusal_code(memory.change_memory_entry, user=insider, entry_id=str(entry.pk), text=text) == "invalid"
    )
    assert memory.notes_of(insider) == ["Likes tea"]


def test_memory_has_room_for_so_many_characters(insider: User) -> None:
    for number in range(MOST_CHARACTERS // LONGEST_ENTRY):
        memory.add_memory_entry(user=insider, text=f"{number:03}".ljust(LONGEST_ENTRY, "x"))
    with pytest.raises(OperationError, match="invalid"):
        memory.add_memory_entry(user=insider, text="y")
    last = MemoryEntry.objects.latest("created_at", "id")
    changed = memory.change_memory_entry(user=insider, entry_id=str(last.pk), text="z" * LONGEST_ENTRY)
    assert changed.pk == last.pk, "a change may be as long as what it replaces"


def test_memory_has_room_for_so_many_entries(insider: User) -> None:
    MemoryEntry.objects.bulk_create(
        MemoryEntry(user=insider, text=str(number)) for number in range(MOST_ENTRIES)
    )
    assert refusal_code(memory.add_memory_entry, user=insider, text="one more") == "invalid"


@pytest.mark.django_db(transaction=True)
def test_entries_at_once_stay_within_the_limit(any_database: str, at_once: Callable[..., list[Any]]) -> None:
    user = factories.person("insider")
    MemoryEntry.objects.bulk_create(
        MemoryEntry(user=user, text=str(number)) for number in range(MOST_ENTRIES - 1)
    )
    texts = iter(range(1000, 1020))
    ended = at_once(lambda: MemoryEntry.objects.keep(user=user, text=str(next(texts))), 8)
    assert sum(isinstance(one, ValidationError) for one in ended) == 7
    assert MemoryEntry.objects.filter(user=user).count() == MOST_ENTRIES


def test_entries_are_deleted_one_by_one_or_all(insider: User, outsider: User) -> None:
    kept = memory.add_memory_entry(user=outsider, text="Of the outsider")
    entries = [memory.add_memory_entry(user=insider, text=text) for text in ("a", "b", "c")]
    memory.forget(user=insider, entry_id=str(entries[0].pk))
    assert memory.notes_of(insider) == ["b", "c"]
    memory.forget_everything(user=insider)
    assert list(MemoryEntry.objects.all()) == [kept]


def test_an_entry_of_another_person_is_not_found(insider: User, outsider: User) -> None:
    entry = memory.add_memory_entry(user=insider, text="Likes tea")
    for entry_id in (str(entry.pk), "x", None):
        assert refusal_code(memory.forget, user=outsider, entry_id=entry_id) == "not_found"
        change = {"user": outsider, "entry_id": entry_id, "text": "Mine"}
        assert refusal_code(memory.change_memory_entry, **change) == "not_found"
    assert memory.notes_of(insider) == ["Likes tea"]


def test_instructions_have_a_limit(insider: User) -> None:
    memory.save_instructions(user=insider, text="x" * LONGEST_INSTRUCTIONS)
    long = "y" * (LONGEST_INSTRUCTIONS + 1)
    assert refusal_code(memory.save_instructions, user=insider, text=long) == "invalid"
    insider.refresh_from_db()
    assert insider.instructions == "x" * LONGEST_INSTRUCTIONS
