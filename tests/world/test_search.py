"""Searches that failed in other products, each with its source: scripts without spaces, signs, and limits."""

import json
from pathlib import Path
from typing import Any

import pytest

from chat.models import User
from chat.search.results import search
from chat.search_text.excerpt import mark_hits
from chat.search_text.query import read_query
from tests import factories

WORLD = Path(__file__).parent / "search"
ROWS = json.loads((WORLD / "found.json").read_text(encoding="utf-8"))
MARKED = json.loads((WORLD / "marked.json").read_text(encoding="utf-8"))


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


@pytest.mark.parametrize("row", MARKED["texts"], ids=lambda row: row["source"])
def test_marks_that_others_set_wrongly(row: dict[str, Any]) -> None:
    pieces = mark_hits(row["text"], row["needles"]).pieces()
    assert [piece for piece, is_hit in pieces if is_hit] == row["marked"]


@pytest.mark.parametrize("row", MARKED["texts"] + MARKED["answers"], ids=lambda row: row["source"])
def test_the_page_marks_what_the_server_looks_for(row: dict[str, Any]) -> None:
    # The tests of the browser side take the needles from the row.
    assert list(read_query(row["query"]).needles) == row["needles"]
