"""Finds what a person looks for in the titles and texts of their conversations.

Titles come first, then messages, each newest first. A page takes four queries at most, however many messages there are.
"""

import base64
import binascii
import dataclasses
import datetime as dt
import uuid
from typing import Any

import orjson
from django.db.models import F, Q

from chat import access
from chat.models import Conversation, Message, SearchEntry, User
from chat.models.transcript.conversations import ConversationQuerySet
from chat.search.index import catch_up
from chat.search_text.excerpt import Excerpt, excerpt, mark_hits
from chat.search_text.query import Query, read_query

PAGE = 20


@dataclasses.dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found with an excerpt of it, or a conversation by its title (`message` is None)."""

    conversation: Conversation
    message: Message | None
    excerpt: Excerpt
    at: dt.datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Results:
    """One page of hits. `titles_only` says that the query is too short for texts; `complete` that all are indexed."""

    hits: list[Hit]
    next: str | None
    needles: tuple[str, ...]
    titles_only: bool
    complete: bool


@dataclasses.dataclass(frozen=True, slots=True)
class SearchCursor:
    """Where the next page begins: behind a title, or behind a message (`before` is an entry's id)."""

    title: tuple[dt.datetime, uuid.UUID] | None = None
    before: int | None = None

    def encode(self) -> str:
        place: Any = self.before
        if self.title:
            place = [self.title[0].isoformat(), str(self.title[1])]
        return base64.urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> "SearchCursor":
        """Return the cursor of `encode`.

        Raises:
            ValueError: it is no such text.
        """
        try:
            place = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            if isinstance(place, list):
                at, identifier = place
                moment = dt.datetime.fromisoformat(at)
                if moment.tzinfo is None:
                    raise ValueError("no time zone")
                return cls(title=(moment, uuid.UUID(identifier)))
            if place is not None and not (type(place) is int and 0 <= place < 2**63):
                raise ValueError("no id of an entry")
            return cls(before=place)
        except (ValueError, TypeError, AttributeError, OverflowError, binascii.Error) as error:
            raise ValueError("not a cursor of search results") from error


def search(
    user: User,
    text: str,
    *,
    within: ConversationQuerySet | None = None,
    cursor: str | None = None,
    limit: int = PAGE,
) -> Results:
    """Return a page of what a person's text finds; only the newest messages are indexed first.

    `within` narrows the search down to some of the conversations that the person may see.

    Raises:
        ValueError: the cursor is not one of search results.
    """
    query = read_query(text)
    place = SearchCursor.decode(cursor) if cursor is not None else None
    if not query.needles:
        return Results([], None, (), titles_only=False, complete=True)
    conversations = access.conversations(user) if within is None else within
    complete = catch_up(user)
    hits: list[Hit] = []
    following: SearchCursor | None = None
    if place is None or place.title:
        hits, following = _titles(query, conversations, place, limit)
    if following is None and query.terms:
        before = place.before if place else None
        more, following = _messages(query, user, conversations, before, limit - len(hits))
        hits += more
    return Results(
        hits,
        following.encode() if following else None,
        query.needles,
        titles_only=not query.terms,
        complete=complete,
    )


def _titles(
    query: Query, conversations: ConversationQuerySet, place: SearchCursor | None, limit: int
) -> tuple[list[Hit], SearchCursor | None]:
    rows = conversations.titled(query.needles)
    if place and place.title:
        at, identifier = place.title
        rows = rows.filter(Q(last_message_at__lt=at) | Q(last_message_at=at, id__lt=identifier))
    found = list(rows.order_by("-last_message_at", "-id")[: limit + 1])
    page = found[:limit]
    hits = [Hit(row, None, mark_hits(str(row), query.needles), row.last_message_at) for row in page]
    following = SearchCursor(title=(page[-1].last_message_at, page[-1].id)) if len(found) > limit else None
    return hits, following


def _messages(
    query: Query, user: User, conversations: ConversationQuerySet, before: int | None, limit: int
) -> tuple[list[Hit], SearchCursor | None]:
    """Return up to `limit` messages; with a limit of 0 only whether there are any."""
    ids = SearchEntry.objects.find(query, owner=user.pk, within=conversations, before=before, limit=limit + 1)
    # Asked for once more, because rows may have gone meanwhile; access is decided by the conversations alone.
    rows = Message.objects.filter(search_entry__in=ids[:limit], conversation__in=conversations)
    columns = rows.select_related("conversation").defer("content", "stop_details", "thinking_seconds")
    page = columns.annotate(entry=F("search_entry__id")).order_by("-entry") if limit else ()
    hits = [Hit(row.conversation, row, excerpt(row.text, query.needles), row.created_at) for row in page]
    if len(ids) <= limit:
        return hits, None
    return hits, SearchCursor(before=ids[limit - 1] if limit else before)
