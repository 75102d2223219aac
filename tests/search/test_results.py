"""Search: what a person finds in titles and texts, in which order, and never what others wrote."""

import datetime as dt
import unicodedata

import pytest
from django.utils import timezone

from chat import access
from chat.models import Conversation, Message, User
from chat.search.results import SearchCursor, search
from tests import factories

pytestmark = pytest.mark.django_db


def found(user: User, words: str) -> list[str]:
    return [hit.message.text if hit.message else str(hit.conversation) for hit in search(user, words).hits]


def test_titles_come_before_messages_and_newest_first(insider: User) -> None:
    now = timezone.now()
    for number in range(3):
        chat = factories.conversation(insider, f"garden text {number}", title=f"Garden {number}")
        Conversation.objects.filter(pk=chat.pk).update(last_message_at=now - dt.timedelta(days=number))
        chat.messages.update(created_at=now - dt.timedelta(days=number))
    assert found(insider, "garden") == [
        *("Garden 0", "Garden 1", "Garden 2"),
        *("garden text 0", "garden text 1", "garden text 2"),
    ]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("정원", "오늘 정원에 물을 주었다"),
        ("물을", "오늘 정원에 물을 주었다"),
        ("시청", "서울시청 앞 광장"),
        ("울시", "서울시청 앞 광장"),
        ("광장 서울", "서울시청 앞 광장"),
        ("핵심은", "**핵심**은 캐시다"),
        ("**핵심**은", "핵심은 캐시다"),
        ("kubectl로", "`kubectl`로 배포한다"),
        ('"핵심 개념은"', "핵심 **개념**은 둘이다"),
        ("old prices", "~~old~~ **prices**"),
        ("python", "```python\nprint(1)\n```"),
        ("東京", "昨日東京タワーに行った"),
        ("タワー", "昨日東京タワーに行った"),
        ("권리", "그 존엄과 권리에 있어 동등하다"),
        ("gard", "My Gardening plan"),
        ("GRUSSE", "Viele Grüße aus Köln"),
        ("koln", "Viele Grüße aus Köln"),
        ("c++", "I write C++ and Rust"),
        ("foo_bar", "call foo_bar(1)"),
        ('"the old house"', "in the old\nhouse by the sea"),
        ("🎉", "done 🎉"),
        (unicodedata.normalize("NFD", "정원"), "오늘 정원에"),
        ("정원", unicodedata.normalize("NFD", "오늘 정원에")),
        ("API를", "API를 호출"),
        ("50%", "50% off_sale"),
        ("x" * 90, "x" * 90),
    ],
)
def test_words_are_found(words: str, text: str, insider: User) -> None:
    factories.conversation(insider, text, "something else")
    assert found(insider, words) == [text]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("なか", "かな"),
        ("청서", "서울시청"),
        ("c++", "the c language"),
        ('"old the"', "the old house"),
        ("den", "garden"),
        ("garden sea", "only a garden"),
        ("정", "정원"),
        ("foo-bar", "foo bar"),
        ("  ", "anything"),
    ],
)
def test_others_are_not_found(words: str, text: str, insider: User) -> None:
    factories.conversation(insider, text)
    assert found(insider, words) == []


def test_one_syllable_finds_titles_only(insider: User) -> None:
    factories.conversation(insider, "집에 간다", title="우리 집 이야기")
    results = search(insider, "집")
    assert results.titles_only
    assert [(hit.message, str(hit.conversation)) for hit in results.hits] == [(None, "우리 집 이야기")]
    assert not search(insider, "집에").titles_only


def test_others_never_find_anything(insider: User, outsider: User) -> None:
    factories.conversation(insider, "secret garden", title="secret plans")
    assert len(found(insider, "secret")) == 2
    assert found(outsider, "secret") == []
    assert found(outsider, f"owner{insider.pk.hex}") == []
    own = access.conversations(insider)
    assert search(outsider, "secret garden", within=own).hits == []


def test_search_can_be_narrowed_down(insider: User) -> None:
    here, there = (factories.conversation(insider, f"garden {name}") for name in ("here", "there"))
    within = access.conversations(insider).exclude(pk=here.pk)
    assert [hit.conversation for hit in search(insider, "garden", within=within).hits] == [there]


def test_archived_conversations_are_found_and_deleted_are_not(insider: User) -> None:
    chat = factories.conversation(insider, "garden", archived=True)
    assert search(insider, "garden").hits[0].conversation.archived
    chat.delete()
    assert found(insider, "garden") == []


def test_hidden_texts_are_not_found(insider: User) -> None:
    chat = factories.conversation(insider, "visible")
    root = chat.messages.get()
    thinking = {"type": "thinking", "thinking": "hidden thought", "signature": "s"}
    factories.message(chat, root, "answer", role="assistant", content=[thinking])
    factories.message(chat, root, "hidden summary", kind="summary")
    results = {"type": "tool_result", "tool_use_id": "t", "content": "hidden result"}
    factories.message(chat, root, "hidden result", kind="results", content=[results])
    assert found(insider, "hidden") == []
    assert found(insider, "answer") == ["answer"]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 20])
def test_pages_neither_skip_nor_repeat(limit: int, insider: User) -> None:
    for number in range(3):
        factories.conversation(insider, f"word {number}", "word again", title=f"word {number}")
    pages: list[list[object]] = []
    cursor = None
    while True:
        page = search(insider, "word", cursor=cursor, limit=limit)
        pages.append([(hit.conversation.id, hit.message and hit.message.id) for hit in page.hits])
        cursor = page.next
        if cursor is None:
            break
    assert [hit for page in pages for hit in page] == [
        (hit.conversation.id, hit.message and hit.message.id)
        for hit in search(insider, "word", limit=100).hits
    ]
    assert len({hit for page in pages for hit in page}) == 9
    assert all(len(page) == limit for page in pages[:-1])
    assert pages[-1]


def test_new_messages_do_not_shift_pages(insider: User) -> None:
    chat = factories.conversation(insider, *(f"word {number}" for number in range(6)))
    first = search(insider, "word", limit=3)
    factories.message(chat, Message.objects.get(text="word 5"), "word new")
    second = search(insider, "word", cursor=first.next, limit=3)
    assert [hit.excerpt.text for hit in second.hits] == ["word 2", "word 1", "word 0"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "eA",
        "-",
        SearchCursor(before=-1).encode(),
        "InMi",
        "eyJhIjoxfQ",
        "W10",
        "WzEsMl0",
        "dHJ1ZQ",
        "é",
    ],
)
def test_foreign_cursors_are_refused(text: str, insider: User) -> None:
    with pytest.raises(ValueError, match="cursor"):
        search(insider, "word", cursor=text)


def test_cursors_need_a_time_zone(insider: User) -> None:
    naive = SearchCursor(title=(dt.datetime(2026, 1, 1), insider.pk))  # noqa: DTZ001
    with pytest.raises(ValueError, match="cursor"):
        SearchCursor.decode(naive.encode())


def test_backlog_is_told(insider: User, monkeypatch: pytest.MonkeyPatch) -> None:
    factories.conversation(insider, *"abc")
    assert search(insider, "word").complete
    monkeypatch.setattr("chat.search.index.PORTION", 2)
    factories.conversation(insider, *"abc")
    assert not search(insider, "word").complete
