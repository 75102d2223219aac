"""Create, update and delete conversations, and choose their branch. No query grows with a conversation's length."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from chat import access
from chat.claude.encoding.text import clean_text
from chat.events import hints
from chat.models import (
    ApiCall,
    Attachment,
    Conversation,
    Message,
    SearchEntry,
    ToolCall,
    Turn,
    TurnEvent,
    User,
)
from chat.operations import rates
from chat.operations.conversations.path import newest_leaf_below
from chat.operations.conversations.selection import choose
from chat.operations.errors import OperationError, invalid, not_found
from chat.operations.files.uploads import delete_unlinked


def create_conversation(
    *, owner: User, title: str = "", assistant_id: object = None, model_id: object = None
) -> Conversation:
    """Create an empty conversation.

    Raises:
        OperationError: not_found (assistant or model), too_long (title), too_many_requests.
    """
    rates.count(rates.CONVERSATIONS, owner.pk)
    conversation = Conversation(owner=owner)
    _apply(conversation, owner, {"title": title or None, "assistant_id": assistant_id, "model_id": model_id})
    conversation.save()
    return conversation


def update_conversation(*, user: User, conversation_id: object, **changes: Any) -> Conversation:
    """Change the given fields: title, pinned, archived, assistant_id, model_id; a model alone removes the assistant.

    Raises:
        OperationError: not_found, invalid.
    """
    with transaction.atomic():
        conversation = _own(user, conversation_id)
        _apply(conversation, user, changes)
        conversation.save()
        hints.publish(conversations=[str(conversation.id)])
    return conversation


def delete_conversation(*, user: User, conversation_id: object) -> None:
    """Delete a conversation with its messages, and the files that no other one has; ledger rows stay.

    Raises:
        OperationError: not_found, busy (an answer is being written).
    """
    with transaction.atomic():
        conversation = _own(user, conversation_id)
        if Turn.objects.active().filter(conversation=conversation).exists():
            raise OperationError(
                "busy", _("An answer is being written. Stop it, then delete the conversation."), status=409
            )
        _delete_rows(conversation)
        hints.publish(conversations=[str(conversation.id)])


def choose_leaf(*, user: User, message_id: object) -> Conversation:
    """Choose the branch of a message: the newest leaf below it becomes the active one.

    Raises:
        OperationError: not_found, busy.
    """
    message = access.find_message(user, message_id)
    if message is None:
        raise not_found()
    with transaction.atomic():
        conversation = _own(user, message.conversation_id)
        if Turn.objects.active().filter(conversation=conversation).exists():
            raise OperationError(
                "busy", _("An answer is being written. Wait until it is finished."), status=409
            )
        conversation.active_leaf_id = newest_leaf_below(message)
        conversation.save()
        hints.publish(conversations=[str(conversation.id)])
    return conversation


def _apply(conversation: Conversation, user: User, changes: dict[str, Any]) -> None:
    if (title := changes.get("title")) is not None:
        title = " ".join(clean_text(str(title)).split())
        if not title or len(title) > 200:
            raise invalid(_("The title must have 1 to 200 characters."))
        conversation.title, conversation.title_status = title, Conversation.TitleStatus.DONE
    for name in ("pinned", "archived"):
        if changes.get(name) is not None:
            setattr(conversation, name, bool(changes[name]))
    choose(conversation, user, changes.get("assistant_id"), changes.get("model_id"))


def _own(user: User, conversation_id: object) -> Conversation:
    found = (
        access.conversations(user).select_for_update(of=("self",)).filter(id=access.as_id(conversation_id))
    )
    conversation = found.first()
    if conversation is None:
        raise not_found()
    return conversation


def _delete_rows(conversation: Conversation) -> None:
    """Delete a conversation in as many statements for a thousand messages as for one.

    A queryset's own `delete` would load the rows and process them in batches. All references to these rows are known
    here, and the database checks them at commit.
    """
    own = {"conversation": conversation}
    ApiCall.objects.filter(**own).update(conversation=None, turn=None, message=None)
    Conversation.objects.filter(id=conversation.id).update(active_leaf=None)
    TurnEvent.objects.filter(turn__conversation=conversation).delete()
    ToolCall.objects.filter(turn__conversation=conversation).delete()
    links = Attachment.messages.through.objects.filter(message__conversation=conversation)
    files = list(links.values_list("attachment_id", flat=True).distinct())
    entries = SearchEntry.objects.filter(**own)
    for rows in (links, entries, Turn.objects.filter(**own), Message.objects.filter(**own)):
        rows._raw_delete(rows.db)
    conversation.delete()
    delete_unlinked(conversation.owner, files)
