"""Who may see or do what. Denial hides existence: a foreign row is simply not there."""

import uuid

from django.db.models import QuerySet

from chat.models import Assistant, Attachment, Conversation, LanguageModel, Message, Turn, User
from chat.models.attachments import AttachmentQuerySet
from chat.models.conversations import ConversationQuerySet

NO_ROW = uuid.UUID(int=0)


def as_id(value: object) -> uuid.UUID:
    """Return the identifier if it is spelt in its one canonical form; for anything else one that no row has."""
    try:
        identifier = uuid.UUID(str(value))
    except ValueError:
        return NO_ROW
    return identifier if str(identifier) == str(value) else NO_ROW


def conversations(user: User) -> ConversationQuerySet:
    return Conversation.objects.of(user)


def find_conversation(user: User, conversation_id: object) -> Conversation | None:
    """Return the conversation if this person may see it."""
    if not user.is_active:
        return None
    return (
        conversations(user)
        .filter(id=as_id(conversation_id))
        .select_related("model__connection", "assistant")
        .first()
    )


def find_turn(user: User, turn_id: object) -> Turn | None:
    """Return the turn if this person may see its conversation."""
    if not user.is_active:
        return None
    return (
        Turn.objects.filter(id=as_id(turn_id), conversation__owner=user)
        .select_related("conversation")
        .first()
    )


def find_message(user: User, message_id: object) -> Message | None:
    """Return the message if this person may see its conversation."""
    if not user.is_active:
        return None
    return (
        Message.objects.filter(id=as_id(message_id), conversation__owner=user).select_related("turn").first()
    )


def attachments(user: User) -> AttachmentQuerySet:
    """Files that this person may see and send: their own."""
    if not user.is_active:
        return Attachment.objects.none()
    return Attachment.objects.of(user).select_related("original", "sent", "thumbnail")


def find_attachment(user: User, attachment_id: object) -> Attachment | None:
    return attachments(user).filter(id=as_id(attachment_id)).first()


def models(user: User) -> QuerySet[LanguageModel]:
    """Models this person may choose, best first."""
    if not user.is_active:
        return LanguageModel.objects.none()
    return LanguageModel.objects.usable().select_related("connection").by_preference()


def assistants(user: User) -> QuerySet[Assistant]:
    """Assistants offered to this person, in staff's order."""
    if not user.is_active:
        return Assistant.objects.none()
    return Assistant.objects.offered_to(user).select_related("model__connection", "prompt").by_preference()
