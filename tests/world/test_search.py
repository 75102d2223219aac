"""Searches that failed in other products, each with its source: scripts without spaces, signs, and limits."""

import json
from pathlib import Path
from typing import Any

import pytest

from chat.models import User
from chat.search.results import search
from tests import factories

ROWS = json.loads((Path(__file__).parent / "search" / "found.json").read_text(encoding="utf-8"))


@pytest.mark.django_db
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["source"].partition(":")[0])
def test_searches_of_others(row: dict[str, Any], insider: User) -> None:
    factories.conversation(insider, row["text"])
    hits = search(insider, row["query"]).hits
    assert bool(hits) == row["found"]
    assert all(hit.excerpt.hits for hit in hits)


@pytest.mark.django_db
def test_long_chinese_article_is_searched(insider: User) -> None:
    # miniflux 3556: "string is too long for tsvector" lost the article.
    words = "".join(chr(0x4E00 + (number * 37) % 20_000) for number in range(300_000))
    factories.conversation(insider, f"长篇文章 {words}")
    assert search(insider, "长篇文章").hits
