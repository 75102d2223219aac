"""How many uploads, turns and conversations a person may begin in a minute, in this process and over several."""

import types
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache

from chat.models import User
from chat.operations import rates
from chat.operations.conversations.edit import create_conversation
from chat.operations.files.uploads import reuse_upload, store_upload
from tests.support.refusals import refusal, refusal_code


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[types.SimpleNamespace]:
    """A minute in which nothing has been counted, and which lasts until a test moves it; two of each are allowed."""
    now = types.SimpleNamespace(time=1_000_030.0)
    moved = types.SimpleNamespace(time=lambda: now.time, monotonic=lambda: now.time)
    monkeypatch.setattr(rates, "time", moved)
    monkeypatch.setattr(rates, "_shared", rates._SharedCounts())
    monkeypatch.setattr(
        settings, "RATES_PER_MINUTE", dict.fromkeys((rates.UPLOADS, rates.TURNS, rates.CONVERSATIONS), 2)
    )
    caches["rates"].clear()
    yield now
    caches["rates"].clear()


def test_a_minute_has_a_number_of_places(insider: User, outsider: User, clock: types.SimpleNamespace) -> None:
    for _ in range(2):
        rates.count(rates.TURNS, insider.pk)
    refused = refusal(rates.count, rates.TURNS, insider.pk)
    assert (refused.code, refused.status, refused.retry_after_seconds) == ("too_many_requests", 429, 51)
    rates.count(rates.UPLOADS, insider.pk)
    rates.count(rates.TURNS, outsider.pk)
    clock.time += 51
    rates.count(rates.TURNS, insider.pk)


def test_zero_means_no_limit(insider: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.RATES_PER_MINUTE, rates.TURNS, 0)
    for _ in range(5):
        rates.count(rates.TURNS, insider.pk)


def test_uploads_and_conversations_are_counted(insider: User) -> None:
    made = store_upload(owner=insider, name="a.txt", data=b"Hello")
    reuse_upload(owner=insider, name="b.txt", digest=made.original.digest)
    assert refusal_code(store_upload, owner=insider, name="c.txt", data=b"Bye") == "too_many_requests"
    assert refusal_code(reuse_upload, owner=insider, name="c.txt", digest="0" * 64) == "too_many_requests"
    for _ in range(2):
        create_conversation(owner=insider)
    assert refusal_code(create_conversation, owner=insider) == "too_many_requests"


def test_a_count_that_was_dropped_begins_anew(insider: User, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = rates._shared._cache
    monkeypatch.setattr(
        cache, "add", lambda *_: False
    )  # there a moment ago, and dropped before it is counted up
    rates.count(rates.TURNS, insider.pk)


class Broken:
    """A shared cache that is away; `asked` counts the calls that waited for it."""

    asked = 0

    def add(self, *_: Any) -> bool:
        self.asked += 1
        raise ConnectionError


def test_each_process_counts_alone_while_redis_is_away(
    insider: User, clock: types.SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Broken()
    monkeypatch.setattr(rates._shared, "_cache", broken)
    for _ in range(2):
        rates.count(rates.TURNS, insider.pk)
    assert refusal_code(rates.count, rates.TURNS, insider.pk) == "too_many_requests"
    assert broken.asked == 1, "a frozen cache is asked once, not for each request"
    clock.time += rates.PAUSE_SECONDS
    assert refusal_code(rates.count, rates.TURNS, insider.pk) == "too_many_requests"
    assert broken.asked == 2


@pytest.mark.services
def test_processes_share_counts(insider: User, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    processes = [rates._SharedCounts() for _ in range(2)]
    for one in processes:
        one._cache = RedisCache(redis_url, {})
        monkeypatch.setattr(rates, "_shared", one)
        rates.count(rates.TURNS, insider.pk)
    assert refusal_code(rates.count, rates.TURNS, insider.pk) == "too_many_requests"
