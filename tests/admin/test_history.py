"""Pages of changes: in words, in the reader's language, without Python's own values."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import reverse
from django.utils import translation

from chat.admin.history import entry_in_words, in_words
from chat.models import Assistant
from chat.operations.catalogue.learned_limits import LEARNED
from chat.operations.catalogue.seed import SWITCHED_OFF
from tests.admin.test_access import READ_ONLY
from tests.admin.world import World


def history(client: Client, world: World, name: str) -> str:
    page = client.get(world.url(name, "history")).content.decode()
    return page[page.index('id="change-history"') :]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Added", "Changed", "– → high", "yes → no", "Parley itself"]),
        ("ko", ["추가", "변경", "– → 높음", "예 → 아니요", "Parley(자동)"]),
    ],
)  # fmt: skip
def test_changes_are_told_in_words(world: World, root: Client, language: str, words: list[str]) -> None:
    root.cookies["django_language"] = language
    assistant: Assistant = world.rows["chat_assistant"]
    assistant.effort, assistant.enabled, assistant.model = "high", False, None
    assistant.save()
    page = history(root, world, "chat_assistant")
    for text in words:
        assert text in page
    assert "Claude Test → –" in page
    for stray in ("None", "True", "False"):
        assert f"{stray} " not in page
        assert f" {stray}" not in page
    assert ("Created" in page) is False


@pytest.mark.parametrize("reason", [SWITCHED_OFF, LEARNED])
def test_reasons_are_translated(world: World, root: Client, reason: str) -> None:
    row = world.rows["chat_languagemodel"]
    row._change_reason = reason
    row.save()
    assert reason in history(root, world, "chat_languagemodel")
    root.cookies["django_language"] = "ko"
    assert reason not in history(root, world, "chat_languagemodel")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "–"),
        ("", "–"),
        ([], "–"),
        ({}, "–"),
        (False, "no"),
        (True, "yes"),
        (0, "0"),
        (Decimal("3.1500"), "3.15"),
        (Decimal("100"), "100"),
        ({"a": ["ü"]}, '{"a": ["ü"]}'),
        (dt.datetime(2026, 3, 1, 22, 5, 12, tzinfo=dt.UTC), "Mar 1, 2026, 22:05:12"),
    ],
)
def test_values_are_told_in_words(value: Any, words: str) -> None:
    assert in_words(value) == words


@pytest.mark.parametrize(
    ("message", "english", "korean"),
    [
        ([{"added": {}}], "Added.", "추가했습니다."),
        ([{"changed": {"fields": ["First name", "Groups"]}}], "Changed: First name, Groups.", "변경: 이름, 그룹."),
        (
            [{"added": {"name": "tool", "object": "x"}}],
            "Added: Tool “x”.",
            "추가: 도구 “x”.",
        ),
        (
            [
                {"changed": {"name": "tool", "object": "x", "fields": ["order"]}},
                {"deleted": {"name": "tool", "object": "y"}},
            ],
            "Changed: Order of Tool “x”. Deleted: Tool “y”.",
            "변경: 도구 “x”의 순서. 삭제: 도구 “y”.",
        ),
        ("revoked", "revoked", "폐기됨"),
        ("", "Change", "변경"),
    ],
)  # fmt: skip
def test_the_admins_log_is_told_in_words(message: Any, english: str, korean: str) -> None:
    entry = LogEntry(
        action_flag=CHANGE, change_message=message if isinstance(message, str) else json.dumps(message)
    )
    assert entry_in_words(entry) == english
    with translation.override("ko"):
        assert entry_in_words(entry) == korean


def test_a_page_of_log_entries_uses_these_words(world: World, root: Client) -> None:
    key = world.rows["chat_apikey"]
    LogEntry.objects.create(
        user=world.root,
        content_type=ContentType.objects.get_for_model(key),
        object_id=str(key.pk),
        object_repr=str(key),
        action_flag=CHANGE,
        change_message="revoked",
    )
    root.cookies["django_language"] = "ko"
    page = history(root, world, "chat_apikey")
    assert "폐기됨" in page
    assert "revoked" not in page


# Of projects it is kept what staff did: they hand them over.
@pytest.mark.parametrize("name", [name for name in READ_ONLY if name != "chat_project"])
def test_what_never_changes_links_no_history(world: World, root: Client, name: str) -> None:
    assert world.url(name, "history") not in root.get(world.url(name, "change")).content.decode()
    assert world.url("chat_user", "history") in root.get(world.url("chat_user", "change")).content.decode()


def test_an_earlier_version_says_when_it_was(world: World, root: Client) -> None:
    assistant = world.rows["chat_assistant"]
    assistant.save()
    version = assistant.history.latest()
    page = root.get(reverse("admin:chat_assistant_simple_history", args=[assistant.pk, version.pk]))
    assert "This is an earlier version, of " in page.content.decode()
    assert str(version.history_date.year) in page.content.decode()
