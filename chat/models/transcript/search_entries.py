"""The search index: one entry for each message with a text, and its tokens in the full-text index of the database.

SQLite keeps the tokens in an FTS5 table beside this one, PostgreSQL in a column with a GIN index; migration
`search_index` creates both. Without positions, because PostgreSQL keeps only 256 of them for a token and would miss
phrases in long messages: whether a text holds a phrase is decided by its folded text.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.db import connection, models, transaction

from chat.models.transcript.conversations import Conversation, ConversationQuerySet, Message
from chat.search_text.query import Query
from chat.search_text.tokens import index_tokens, owner_token

ID_BITS = 11
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)

_ADD_SQLITE = "INSERT INTO chat_searchentry_tokens (rowid, tokens) VALUES (%s, %s)"
_ADD_POSTGRESQL = """
INSERT INTO chat_searchentry (id, conversation_id, message_id, folded, tokens)
VALUES (%s, %s, %s, %s, array_to_tsvector(%s))
"""

# The rows come in the order of the full-text index, newest first, and the query ends with its last hit.
_FIND_SQLITE = """
SELECT e.id FROM chat_searchentry_tokens t CROSS JOIN chat_searchentry e ON e.id = t.rowid
WHERE t.chat_searchentry_tokens MATCH %s AND t.rowid < %s AND {verified} ORDER BY t.rowid DESC LIMIT %s
"""
# The planner can't know that reading tokens and texts is most of the work: ids first, texts of the newest ids then.
_FIND_POSTGRESQL = """
WITH found AS MATERIALIZED (SELECT id FROM chat_searchentry WHERE tokens @@ {match}::tsquery)
SELECT id FROM (SELECT id FROM found WHERE id < %s ORDER BY id DESC OFFSET 0) newest
WHERE (SELECT true FROM chat_searchentry e WHERE e.id = newest.id AND {verified}) LIMIT %s
"""


class SearchEntryQuerySet(models.QuerySet["SearchEntry"]):
    def add(self, entries: Sequence["SearchEntry"], owners: Sequence[object]) -> None:
        """Write new entries with their tokens; `owners` are the owners' ids, in the same order."""
        self._make_ids_unique(entries)
        rows = [
            (entry, [owner_token(owner), *index_tokens(entry.folded)])
            for entry, owner in zip(entries, owners, strict=True)
        ]
        # FTS5 writes what it has gathered whenever ids do not rise.
        rows.sort(key=lambda row: row[0].id)
        with transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                SearchEntry.objects.bulk_create(entries)
                cursor.executemany(_ADD_SQLITE, [(entry.id, " ".join(tokens)) for entry, tokens in rows])
            else:
                cursor.executemany(
                    _ADD_POSTGRESQL,
                    [
                        (entry.id, entry.conversation_id, entry.message_id, entry.folded, tokens)
                        for entry, tokens in rows
                    ],
                )

    def find(
        self, query: Query, *, owner: object, within: ConversationQuerySet, before: int | None, limit: int
    ) -> list[int]:
        """Return the ids of up to `limit` entries of these conversations that match, newest first (one query).

        `owner` is the id of the person whose conversations these are; `before` is the last id of an earlier page.
        """
        verified, values = _verified(query.needles, within)
        bound = before if before is not None else 2**63 - 1
        if connection.vendor == "sqlite":
            match = _fts5(query, owner)
            return _ids(_FIND_SQLITE.format(verified=verified), [match, bound, *values, limit])
        statement = _FIND_POSTGRESQL.format(match=_literal(_tsquery(query, owner)), verified=verified)
        with transaction.atomic():
            # A scan of the whole table would read every token; the planner does not know how long these are.
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL enable_seqscan = off")
            return _ids(statement, [bound, *values, limit])

    def _make_ids_unique(self, entries: Sequence["SearchEntry"]) -> None:
        """Raise ids that are taken: imported messages may have the same moment."""
        given: set[int] = set()
        left = list(entries)
        while left:
            taken = given.union(self.filter(id__in=[entry.id for entry in left]).values_list("id", flat=True))
            clashing = []
            for entry in left:
                if entry.id in taken:
                    # Steps of different lengths part many messages of one moment soon.
                    entry.id += 1 + entry.message_id.int % 512
                    clashing.append(entry)
                else:
                    taken.add(entry.id)
                    given.add(entry.id)
            left = clashing


class SearchEntry(models.Model):
    """What search knows about one message. Its id sorts by the message's time, so that it orders and pages results."""

    id = models.BigIntegerField(primary_key=True)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="search_entries")
    message = models.OneToOneField(Message, models.CASCADE, related_name="search_entry")
    folded = models.TextField()

    objects = SearchEntryQuerySet.as_manager()

    def __str__(self) -> str:
        return self.folded[:60]


def entry_id(at: dt.datetime, depth: int) -> int:
    """Return an id that sorts by a message's moment, in microseconds, and then by its depth."""
    return ((at - _EPOCH) // _MICROSECOND << ID_BITS) | (depth & (1 << ID_BITS) - 1)


def _verified(needles: Iterable[str], within: ConversationQuerySet) -> tuple[str, list[Any]]:
    """Return the condition that an entry really has these texts and is in one of these conversations."""
    position = "instr(e.folded, %s)" if connection.vendor == "sqlite" else "strpos(e.folded, %s)"
    texts: Collection[str] = list(needles)
    own = within.order_by().extra(where=["chat_conversation.id = e.conversation_id"]).values("id")
    access, values = own.query.sql_with_params()
    conditions = [*(f"{position} > 0" for _ in texts), f"EXISTS ({access})"]
    return " AND ".join(conditions), [*texts, *values]


def _ids(statement: str, values: list[Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [row[0] for row in cursor.fetchall()]


def _fts5(query: Query, owner: object) -> str:
    terms = [f'"{term.text}"{"*" if term.is_prefix else ""}' for term in query.terms]
    return " AND ".join([owner_token(owner), *terms])


def _tsquery(query: Query, owner: object) -> str:
    terms = [f"'{term.text}'{':*' if term.is_prefix else ''}" for term in query.terms]
    return " & ".join([owner_token(owner), *terms])


def _literal(value: str) -> str:
    """Return a value as part of a statement: a plan that is kept for any value would not know which terms are rare."""
    quoted: str = connection.ops.compose_sql("%s", [value])  # type: ignore[attr-defined]  # PostgreSQL's
    return quoted.replace("%", "%%")
