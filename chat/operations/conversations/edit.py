"""Create, update and archive conversations, choose their branch, and delete their rows.

No query grows with a conversation's length.
"""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from chat import access
from chat.claude.encoding.text import clean_text
from chat.events import hints
from chat.models import (
    ApiCall,
    Attachment,
    Conversation,
    Feedback,
    Message,
    SearchEntry,
    ToolCall,
    Turn,
    TurnEvent,
    User,
)
from chat.models.ids import ConversationId
from chat.operations import rates
from chat.operations.conversations.path import newest_leaf_below
from chat.operations.conversations.selection import choose, enter_project
from chat.operations.conversations.temporary import begun_conversation
from chat.operations.errors import OperationError, invalid, not_found
from chat.operations.files.uploads import delete_unlinked


def create_conversation(
    *,
    owner: User,
    title: str = "",
    assistant_id: object = None,
    model_id: object = None,
    temporary: bool = False,
    project_id: object = None,
) -> Conversation:
    """Create an empty conversation; in a project it gets the project's default assistant, unless one is chosen.

    Raises:
        OperationError: not_found (assistant, model or project), too_long (title), too_many_requests.
    """
    rates.count(rates.CONVERSATIONS, owner.pk)
    conversation = begun_conversation(owner, temporary=temporary)
    if project_id is not None:
        enter_project(conversation, owner, project_id)
    _apply(conversation, owner, {"title": title or None, "assistant_id": assistant_id, "model_id": model_id})
    conversation.save()
    return conversation


def update_conversation(*, user: User, conversation_id: object, **changes: Any) -> Conversation:
    """Change the given fields: title, pinned, archived, assistant_id, model_id, project_id (None: out of its project).

    A model alone removes the assistant. Another project reaches the next turn.

    Raises:
        OperationError: not_found, invalid.
    """
    with transaction.atomic():
        conversation = _own(user, conversation_id)
        _apply(conversation, user, changes)
        conversation.save()
        hints.publish(conversations=[str(conversation.id)])
    return conversation


def archive_conversations(
    *, user: User, conversation_ids: Iterable[object], archived: bool
) -> list[ConversationId]:
    """Archive conversations, or take them back; return those that changed (2 queries for any number).

    Raises:
        OperationError: not_found (none of them).
    """
    with transaction.atomic():
        own = access.conversations(user).filter(id__in=[access.as_id(one) for one in conversation_ids])
        found = dict(own.order_by("id").select_for_update(of=("self",)).values_list("id", "archived"))
        if not found:
            raise not_found()
        changed = [identifier for identifier, was in found.items() if was is not archived]
        Conversation.objects.filter(id__in=changed).update(archived=archived, updated_at=timezone.now())
        hints.publish(conversations=[str(identifier) for identifier in changed])
    return changed


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
    if "project_id" in changes:
        _move(conversation, user, changes["project_id"])
    choose(conversation, user, changes.get("assistant_id"), changes.get("model_id"))


def _move(conversation: Conversation, user: User, project_id: object) -> None:
    conversation.project = None
    if project_id is not None:
        conversation.project = access.find_project(user, project_id)
        if conversation.project is None:
            raise not_found()


def _own(user: User, conversation_id: object) -> Conversation:
    found = (
        access.reachable_conversations(user)
        .select_for_update(of=("self",))
        .filter(id=access.as_id(conversation_id))
    )
    conversation = found.first()
    if conversation is None:
        raise not_found()
    return conversation


def delete_rows(conversation: Conversation) -> None:
    """Delete a conversation with its messages, in as many statements for a thousand messages as for one.

    The files that no other one has go too; ledger rows stay. Runs in the caller's transaction.

    A queryset's own `delete` would load the rows and process them in batches. All references to these rows are known
    here, and the database checks them at commit.
    """
    own = {"conversation": conversation}
    ApiCall.objects.filter(**own).update(conversation=None, turn=None, message=None)
    Conversation.objects.filter(id=conversation.id).update(active_leaf=None)
    TurnEvent.objects.filter(turn__conversation=conversation).delete()
    ToolCall.objects.filter(turn__conversation=conversation).delete()
    Feedback.objects.filter(message__conversation=conversation).delete()
    links = Attachment.messages.through.objects.filter(message__conversation=conversation)
    files = list(links.values_list("attachment_id", flat=True).distinct())
    entries = SearchEntry.objects.filter(**own)
    for rows in (links, entries, Turn.objects.filter(**own), Message.objects.filter(**own)):
        rows._raw_delete(rows.db)
    conversation.delete()
    delete_unlinked(conversation.owner, files, unless_uploaded_after=conversation.deleted_at)
