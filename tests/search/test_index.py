"""The index: messages enter it once they are whole, and leave it with their rows, on both databases."""

import datetime as dt
import importlib
import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat import tasks
from chat.models import Conversation, Message, SearchEntry, User
from chat.models.transcript.search_entries import entry_id
from chat.operations.conversations.titles import give_title
from chat.search import index
from chat.search.results import search
from tests import factories
from tests.support.deletion import delete_for_good

pytestmark = pytest.mark.django_db


def indexed() -> set[str]:
    return set(SearchEntry.objects.values_list("message__text", flat=True))


def tokens_left() -> int:
    """Return how many rows the full-text index has."""
    table = "chat_searchentry_tokens" if connection.vendor == "sqlite" else "chat_searchentry"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])


def test_whole_visible_messages_are_indexed(insider: User) -> None:
    chat = factories.conversation(insider, "Question", "Answer")
    leaf = Message.objects.get(text="Answer")
    factories.message(chat, leaf, "go on", kind="continue")
    factories.message(chat, leaf, "all so far", kind="summary")
    factories.message(chat, leaf, "being written", role="assistant", status="streaming")
    factories.message(chat, leaf, "a part", role="assistant", status="partial")
    factories.message(chat, leaf, " ", role="assistant")
    assert sum(index.index_portions()) == 4
    assert indexed() == {"Question", "Answer", "a part"}
    assert not Message.objects.awaiting_index().exists()
    assert sum(index.index_portions()) == 0


def test_portions_begin_with_the_newest(insider: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "PORTION", 2)
    chat = factories.conversation(insider)
    for number, text in enumerate("abcde", 1):
        factories.message(chat, None, text, id=uuid.UUID(int=number))
    portions = index.index_portions()
    assert next(portions) == 2
    assert indexed() == {"d", "e"}
    assert list(portions) == [2, 1]


def test_job_indexes_and_tells_of_a_backlog(insider: User, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    monkeypatch.setattr(tasks.log, "info", lambda _event, rows: told.append(rows))
    factories.conversation(insider, "one", "two")
    tasks.index_messages_task()
    assert (indexed(), told) == ({"one", "two"}, [])
    monkeypatch.setattr(tasks, "PORTION", 1)
    factories.conversation(insider, "three", "four")
    tasks.index_messages_task()
    assert told == [2]


def test_own_newest_messages_are_indexed_by_the_search(
    insider: User, outsider: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.conversation(insider, "mine")
    factories.conversation(outsider, "theirs")
    assert index.catch_up(insider)
    assert indexed() == {"mine"}
    monkeypatch.setattr(index, "PORTION", 1)
    assert not index.catch_up(insider)


def test_message_is_indexed_once(insider: User) -> None:
    factories.conversation(insider, "mine")
    ids = list(Message.objects.values_list("id", flat=True))
    assert [index.index_messages(ids), index.index_messages(ids), index.index_messages([])] == [1, 0, 0]
    assert tokens_left() == 1


def test_title_that_was_folded_with_its_marks_is_folded_anew(insider: User) -> None:
    chat = factories.conversation(insider, title="**핵심**은 무엇인가")
    plain = factories.conversation(insider, title="평범한 말")
    Conversation.objects.filter(pk=chat.pk).update(folded_title=chat.title)  # as an earlier Parley wrote it
    migration = importlib.import_module("chat.migrations.0021_search_titles_without_marks")
    migration.fold_anew(apps, SimpleNamespace(connection=connection))
    assert list(Conversation.objects.filter(folded_title=None)) == [chat]
    list(index.index_portions())
    assert list(Conversation.objects.order_by("id").values_list("folded_title", flat=True)) == [
        "핵심은 무엇인가",
        plain.folded_title,
    ]


def test_what_was_indexed_with_its_marks_is_indexed_anew(insider: User) -> None:
    chat = factories.conversation(insider, "**핵심**은 캐시다", "평범한 말")
    list(index.index_portions())
    marked, plain = SearchEntry.objects.order_by("message__depth")
    SearchEntry.objects.filter(pk=marked.pk).update(
        folded="**핵심**은 캐시다"
    )  # as an earlier Parley wrote it
    migration = importlib.import_module("chat.migrations.0020_search_without_marks")
    migration.index_anew(apps, SimpleNamespace(connection=connection))
    assert list(chat.messages.order_by("depth").values_list("indexed", flat=True)) == [False, True]
    assert SearchEntry.objects.count() == 2, "it is found by its other words meanwhile"
    list(index.index_portions())
    assert list(SearchEntry.objects.order_by("message__depth").values_list("folded", flat=True)) == [
        "핵심은 캐시다",
        plain.folded,
    ]


def test_titles_from_before_are_folded(insider: User) -> None:
    chat = factories.conversation(insider, title="Grüße")
    assert chat.folded_title == "grusse"
    Conversation.objects.update(folded_title=None)
    assert sum(index.index_portions()) == 1
    chat.refresh_from_db()
    assert chat.folded_title == "grusse"


def test_title_by_a_model_is_found(insider: User) -> None:
    chat = factories.conversation(insider, "x", title_status="claimed")
    give_title(str(chat.id), "Über Gärten")
    assert [hit.conversation for hit in search(insider, "garten").hits] == [chat]


def test_entries_go_with_their_conversation(insider: User) -> None:
    gone, kept = (factories.conversation(insider, f"{name} text") for name in ("gone", "kept"))
    list(index.index_portions())
    delete_for_good(gone)
    assert indexed() == {"kept text"}
    assert tokens_left() == 1
    kept.delete()  # as the admin does with a person
    assert (SearchEntry.objects.count(), tokens_left()) == (0, 0)


def test_same_moments_get_different_ids(insider: User) -> None:
    chat, at = factories.conversation(insider), timezone.now()
    for number in (1, 2, 3):
        factories.message(chat, None, "twin", id=uuid.UUID(int=number << 64))  # they move by the same step
    Message.objects.update(created_at=at)
    list(index.index_portions())
    first = entry_id(at, 0)
    assert sorted(SearchEntry.objects.values_list("id", flat=True)) == [first, first + 1, first + 2]


@pytest.mark.parametrize("year", [1970, 1990, 2026, 2039, 2100])
def test_ids_sort_by_time_and_depth_and_fit(year: int) -> None:
    at = dt.datetime(year, 1, 1, tzinfo=dt.UTC)
    next_moment = entry_id(at + dt.timedelta(microseconds=1), 0)
    assert 0 <= entry_id(at, 0) < entry_id(at, 1) < entry_id(at, 2047) < next_moment < 2**63


def test_long_texts_of_different_words_are_indexed(insider: User) -> None:
    words = "".join(
        chr(0x4E00 + number % 20_000) + chr(0xAC00 + number * 7 % 11_000) for number in range(200_000)
    )
    factories.conversation(insider, f"시작 beginning {words}")
    assert search(insider, "beginning").hits


def test_queries_do_not_grow_with_the_number_of_messages(insider: User) -> None:
    def queries(words: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            search(insider, words)
        return len([query for query in captured if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))])

    factories.conversation(insider, "word one", title="word")
    list(index.index_portions())
    few = queries("word")
    for number in range(30):
        factories.conversation(insider, f"word {number}", "word")
    list(index.index_portions())
    assert queries("word") == few
    assert few <= 5


@pytest.mark.skipif(connection.vendor != "sqlite", reason="triggers of SQLite")
def test_trigger_outlives_migrations() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name = 'chat_searchentry_gone'"
        )
        assert cursor.fetchone() == (1,)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer")
def test_rows_that_another_process_indexes_are_left_to_it(insider: User) -> None:
    from concurrent.futures import ThreadPoolExecutor

    factories.conversation(insider, "mine")

    def beside() -> Any:
        try:
            return list(index.index_portions())
        finally:
            connection.close()

    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        list(Message.objects.select_for_update())
        assert pool.submit(beside).result() == []
    assert list(index.index_portions()) == [1]
