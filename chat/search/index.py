"""Keeps the search index: messages enter it after they are whole, and leave it with their rows.

Nothing of this runs within a turn. A message says itself that it is not indexed yet, so what a crash, an import or a
version without search left behind is found like any new message: by a job every few seconds, and for a person's newest
messages by their own search.
"""

from collections.abc import Collection, Iterator

from django.db import transaction

from chat.models import Conversation, Message, SearchEntry, User
from chat.models.ids import MessageId
from chat.models.transcript.search_entries import entry_id
from chat.search_text.markup import fold_without_marks

# Rows of one transaction: SQLite has one writer, and turns write too.
PORTION = 200


def catch_up(user: User) -> bool:
    """Index the person's newest messages; return whether the whole index is up to date (1 query when it is)."""
    newest = Message.objects.awaiting_index().order_by("-id")
    found = list(newest.values_list("id", "conversation__owner_id")[:PORTION])
    index_messages([message_id for message_id, owner_id in found if owner_id == user.pk])
    return len(found) < PORTION


def index_portions() -> Iterator[int]:
    """Index what waits, newest first; yield the number of rows after each portion, until nothing waits."""
    newest = Message.objects.awaiting_index().order_by("-id").values_list("id", flat=True)
    while count := index_messages(list(newest[:PORTION])):
        yield count
    while count := _fold_titles():
        yield count


def index_messages(ids: Collection[MessageId]) -> int:
    """Index these messages, unless they are already or another process is doing it; return how many were."""
    if not ids:
        return 0
    with transaction.atomic():
        waiting = Message.objects.awaiting_index().filter(id__in=ids).select_related("conversation")
        columns = waiting.only("text", "depth", "created_at", "conversation", "conversation__owner")
        rows = list(columns.select_for_update(skip_locked=True, of=("self",)))
        texts = [row for row in rows if row.text.strip()]
        entries = [
            SearchEntry(
                id=entry_id(row.created_at, row.depth),
                conversation_id=row.conversation_id,
                message=row,
                folded=fold_without_marks(row.text),
            )
            for row in texts
        ]
        # One that an earlier version of Parley wrote is replaced.
        SearchEntry.objects.filter(message__in=[row.id for row in rows]).delete()
        SearchEntry.objects.add(entries, [row.conversation.owner_id for row in texts])
        Message.objects.filter(id__in=[row.id for row in rows]).update(indexed=True)
    return len(rows)


def _fold_titles() -> int:
    """Fold titles that were written before search was there."""
    unfolded = Conversation.objects.filter(folded_title=None).exclude(title="")
    with transaction.atomic():
        rows = list(unfolded.only("title").select_for_update(skip_locked=True)[:PORTION])
        for row in rows:
            row.folded_title = fold_without_marks(row.title)
        Conversation.objects.bulk_update(rows, ["folded_title"])
    return len(rows)
