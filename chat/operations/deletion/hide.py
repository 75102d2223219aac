"""Delete conversations so that their owner can undo it for a while, and restore them.

A deleted conversation is gone everywhere at once (`living` in `chat.models.transcript.conversations`), its files no
longer count as stored, and its answers stop. `remove` deletes the rows later.
"""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from chat import access
from chat.events import hints
from chat.models import Conversation, Turn, User
from chat.models.ids import ConversationId
from chat.models.transcript.conversations import ConversationQuerySet
from chat.operations.deletion.remove import remove_conversation
from chat.operations.errors import not_found
from chat.operations.files.quota import recount
from chat.operations.turns.stop import request_stop


def delete_conversations(*, user: User, conversation_ids: Iterable[object]) -> list[ConversationId]:
    """Delete conversations and stop their answers; return those that can be restored.

    The number of queries depends on the answers that are being written alone. A temporary conversation goes for good.

    Raises:
        OperationError: not_found (none of them).
    """
    changes = {"deleted_at": timezone.now()}
    found = _change(user, access.reachable_conversations(user), conversation_ids, changes)
    # Behind the commit: a turn's own writes lock the turn first and then its conversation.
    active = Turn.objects.active().filter(conversation_id__in=[row.id for row in found])
    for turn_id in active.order_by("id").values_list("id", flat=True):
        request_stop(turn_id)
    for row in found:
        if row.is_temporary:
            remove_conversation(row.id)
    return [row.id for row in found if not row.is_temporary]


def restore_conversations(*, user: User, conversation_ids: Iterable[object]) -> list[ConversationId]:
    """Bring deleted conversations back as they were, apart from answers that were being written; return their ids.

    Raises:
        OperationError: not_found (none of them can be restored any more).
    """
    found = _change(user, access.deleted_conversations(user), conversation_ids, {"deleted_at": None})
    return [row.id for row in found]


def _change(
    user: User, rows: ConversationQuerySet, conversation_ids: Iterable[object], changes: dict[str, Any]
) -> list[Conversation]:
    with transaction.atomic():
        wanted = rows.filter(id__in=[access.as_id(one) for one in conversation_ids])
        found = list(wanted.order_by("id").select_for_update(of=("self",)).only("id", "expires_at"))
        if not found:
            raise not_found()
        ids = [row.id for row in found]
        Conversation.objects.filter(id__in=ids).update(updated_at=timezone.now(), **changes)
        recount([user.pk])
        hints.publish(conversations=[str(identifier) for identifier in ids])
    return found
