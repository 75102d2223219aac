"""Parts of pages that are kept once they are rendered."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import set_script_prefix
from django.utils import translation

from chat.claude.encoding.exact_numbers import WrittenNumber
from chat.models import Conversation
from chat.models.fields import uuid7
from chat.presentation import fragments
from chat.presentation.fragments import LONGEST, fragment

ROW = "chat/sidebar/_conversation.html"


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    fragments._kept.cache_clear()
    yield
    set_script_prefix("/")


def row(**more: Any) -> dict[str, Any]:
    return {"id": uuid7(), "title": "Bridges", "state": None, "pinned": False, "archived": False, **more}


def renders() -> int:
    return fragments._kept.cache_info().misses


def test_the_same_values_are_rendered_once() -> None:
    values = row()
    assert fragment(ROW, values) == fragment(ROW, {**values, "id": str(values["id"])})
    assert renders() == 1


def test_each_value_counts() -> None:
    values = row()
    shown = {
        fragment(ROW, {**values, **change})
        for change in ({}, {"title": "<Bridges>"}, {"pinned": True}, {"state": "waiting"}, {"current": True})
    }
    assert len(shown) == renders() == 5
    assert any("&lt;Bridges&gt;" in html for html in shown)


def test_each_language_and_each_place_below_an_address_count() -> None:
    values = row()
    shown = [fragment(ROW, values)]
    with translation.override("ko"):
        shown.append(fragment(ROW, values))
    set_script_prefix("/parley/")
    shown.append(fragment(ROW, values))
    assert [f'href="/c/{values["id"]}"' in html for html in shown] == [True, True, False]
    assert f'href="/parley/c/{values["id"]}"' in shown[2]
    assert len(set(shown)) == 3


def test_what_is_long_is_not_kept() -> None:
    values = row(title="a" * LONGEST)
    assert values["title"] in fragment(ROW, values)
    assert renders() == 0


# orjson writes none of the first four.
@pytest.mark.parametrize(
    "value", [WrittenNumber("0.10"), 2**70, "\ud800 alone", json.loads("[" * 400 + "]" * 400), "같은 말"]
)
def test_values_are_shown_as_they_came(value: object) -> None:
    values = row(title=value)
    assert fragment(ROW, values) == fragment(ROW, values)
    assert f">{value}</span>" in fragment(ROW, values)
    assert renders() == 1


def test_rows_of_the_database_are_no_values() -> None:
    with pytest.raises(TypeError, match="by a Conversation"):
        fragment(ROW, row(conversation=Conversation()))
