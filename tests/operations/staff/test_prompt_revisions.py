"""Revisions of prompts are numbered and immutable, and an unchanged text makes none."""

import pytest
from django.core.exceptions import ValidationError

from chat.models import PromptRevision, SystemPrompt, User
from chat.operations.staff.prompt_revisions import revise_prompt

pytestmark = pytest.mark.django_db


@pytest.fixture
def prompt() -> SystemPrompt:
    return SystemPrompt.objects.create(name="Voice")


@pytest.fixture
def author() -> User:
    return User.objects.create_user("author@example.test", "a-long-password")


def test_each_change_is_a_revision(prompt: SystemPrompt, author: User) -> None:
    first = revise_prompt(prompt=prompt, blocks=[{"text": "Be brief."}], author=author, note="first")
    second = revise_prompt(prompt=prompt, blocks=[{"text": "Be kind.", "cache": "1h"}], author=author)
    assert first is not None
    assert second is not None
    assert (first.number, first.note, first.author) == (1, "first", author)
    assert prompt.current() == second
    assert PromptRevision.objects.get(number=1).blocks == [{"text": "Be brief.", "cache": "none"}]
    assert PromptRevision.objects.get(number=2).blocks == [{"text": "Be kind.", "cache": "1h"}]


def test_same_text_is_no_revision(prompt: SystemPrompt, author: User) -> None:
    revise_prompt(prompt=prompt, blocks=[{"text": "Be brief."}], author=author)
    assert (
        revise_prompt(prompt=prompt, blocks=[{"text": "Be brief.", "cache": "none"}], author=author) is None
    )
    assert prompt.revisions.count() == 1


def test_unstorable_characters_are_replaced(prompt: SystemPrompt, author: User) -> None:
    revision = revise_prompt(prompt=prompt, blocks=[{"text": "a\x00b"}], author=author)
    assert revision is not None
    revision.refresh_from_db()
    assert revision.blocks[0]["text"] == "a�b"


@pytest.mark.parametrize("blocks", [[], [{"text": " "}], [{"text": "x", "cache": "2h"}]])
def test_invalid_blocks_are_refused(prompt: SystemPrompt, author: User, blocks: list[dict[str, str]]) -> None:
    with pytest.raises(ValidationError):
        revise_prompt(prompt=prompt, blocks=blocks, author=author)
    assert not prompt.revisions.exists()
