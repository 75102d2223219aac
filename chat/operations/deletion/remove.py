"""Delete for good: conversations whose deletion can't be undone any more, and temporary ones at their end."""

import structlog
from django.db import DatabaseError, transaction

from chat.events import hints
from chat.models import Attachment, Conversation, StoredFile, Turn
from chat.models.ids import ConversationId
from chat.operations.conversations.edit import delete_rows
from chat.operations.files.storage import delete_if_unused
from chat.operations.time_limit import in_time
from chat.operations.turns.stop import request_stop

log = structlog.get_logger(__name__)


def remove_due() -> int:
    """Delete all conversations that are due; return how many went. One that fails holds up no other."""
    due = list(Conversation.objects.due_for_removal().order_by("id").values_list("id", flat=True))
    removed = 0
    for conversation_id in in_time(due):
        try:
            removed += remove_conversation(conversation_id)
        except DatabaseError:
            log.exception("conversation_not_removed", conversation=str(conversation_id))
    return removed


def remove_conversation(conversation_id: ConversationId) -> bool:
    """Delete a conversation that is due, and the bytes of its files; return whether it went.

    While an answer is being written there, the answer is stopped, and the next run deletes.
    """
    active = Turn.objects.active().filter(conversation_id=conversation_id)
    for turn_id in active.order_by("id").values_list("id", flat=True):
        request_stop(turn_id)
    with transaction.atomic():
        due = Conversation.objects.due_for_removal().filter(id=conversation_id)
        conversation = due.select_for_update(of=("self",)).select_related("owner").first()
        if conversation is None or active.exists():
            return False
        files = _files_of(conversation)
        delete_rows(conversation)
        hints.publish(conversations=[str(conversation_id)])
    for stored in files:
        delete_if_unused(stored)
    return True


def _files_of(conversation: Conversation) -> list[StoredFile]:
    attached = Attachment.objects.filter(messages__conversation=conversation)
    digests = {
        digest for row in attached.values_list("original", "sent", "thumbnail") for digest in row if digest
    }
    return list(StoredFile.objects.filter(digest__in=digests))
