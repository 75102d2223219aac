"""Conversations that nobody can bring back any more."""

from django.utils import timezone

from chat.models import Attachment, Conversation
from chat.models.transcript.conversations import UNDO_FOR
from chat.operations.deletion.remove import remove_conversation


def delete_for_good(chat: Conversation) -> None:
    """Delete a conversation, and let the time pass in which that could be undone. Its files were uploaded before."""
    deleted_at = timezone.now() - 2 * UNDO_FOR
    links = Attachment.messages.through.objects.filter(message__conversation=chat)
    Attachment.objects.filter(id__in=links.values("attachment")).update(created_at=deleted_at - UNDO_FOR)
    Conversation.objects.filter(id=chat.id).update(deleted_at=deleted_at)
    assert remove_conversation(chat.id)
