"""Fork a conversation: copy the path to a message into a new conversation, for its owner or for another person.

Messages keep their exact content, request frames and thinking bindings, so that the next request repeats the same
prefix: its cache entries and its thinking stay valid. Turns and tool calls are copied too, because the copy's answers
can be retried and show what their tools did. The ledger is not copied: a copy costs nothing. The number of statements
does not depend on the length of the path.
"""

import dataclasses
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from chat import access
from chat.claude.content.blocks import Block
from chat.events import hints
from chat.models import Attachment, Conversation, Message, ToolCall, Turn, User
from chat.models.fields import uuid7
from chat.models.ids import MessageId, TurnId
from chat.operations import rates
from chat.operations.conversations.path import ConversationPath
from chat.operations.conversations.row_copies import copy_rows
from chat.operations.errors import OperationError, not_found
from chat.operations.files.uploads import own_copies

LONGEST_TITLE = 200
Changes = Iterator[tuple[Any, dict[str, Any]]]


@dataclasses.dataclass(frozen=True, slots=True)
class _Copy:
    """The new ids of what is copied, by the ids of the originals; `files` has the attachments that stand for them."""

    conversation: Conversation
    path: ConversationPath
    turns: list[Turn]
    message_ids: Mapping[MessageId, uuid.UUID]
    turn_ids: Mapping[TurnId, uuid.UUID]
    files: Mapping[str, Attachment]


def fork_conversation(*, user: User, message_id: object, before: bool = False) -> Conversation:
    """Copy a person's own path up to a message into a new conversation; an answer is copied with its whole turn.

    With `before` the copy ends above the message, so that the person writes it there anew. That of a first message is
    empty and has no title yet.

    Raises:
        OperationError: not_found, busy (the answer is still being written), too_many_requests.
    """
    message = access.find_message(user, message_id)
    if message is None:
        raise not_found()
    if before:
        return copy_path(source=message.conversation, leaf_id=message.parent_id, owner=user)
    leaf = message.turn.last_message() if message.turn is not None else message
    return copy_path(source=leaf.conversation, leaf_id=leaf.id, owner=user)


def copy_path(*, source: Conversation, leaf_id: MessageId | None, owner: User) -> Conversation:
    """Copy the path to a message into a new conversation of `owner`, and return it; None copies no message.

    The caller has checked that the owner may read the path. For another person than the source's owner, files become
    files of the new owner, the stored context (date, language and name of the first owner) is left out, and an
    assistant or a model that is not offered to them is too.

    Raises:
        OperationError: busy (an answer is still being written), too_many_requests, upload_limit and storage_full
            (another person's files).
    """
    rates.count(rates.CONVERSATIONS, owner.pk)
    with transaction.atomic():
        path = ConversationPath.to(leaf_id)
        made = _Copy(
            conversation=_new_conversation(source, owner, titled=leaf_id is not None),
            path=path,
            turns=_ended_turns(path),
            message_ids={row.id: uuid7() for row in path.messages},
            turn_ids={row.turn_id: uuid7() for row in path.messages if row.turn_id is not None},
            files=_files_of(path, source, owner),
        )
        made.conversation.active_leaf_id = made.message_ids[leaf_id] if leaf_id is not None else None
        made.conversation.save(force_insert=True)
        copy_rows(Message, _messages(made, foreign=owner.pk != source.owner_id))
        copy_rows(Turn, _turns(made), emptied=("api_key_id", "compare_with"))
        copy_rows(ToolCall, _tool_calls(made))
        _link_files(made)
        Turn.objects.filter(conversation=made.conversation).update(is_copy=True, next_due=False)
        # Search knows the originals alone.
        Message.objects.filter(conversation=made.conversation).update(indexed=False)
        hints.publish(conversations=[str(made.conversation.id)])
    return made.conversation


def _new_conversation(source: Conversation, owner: User, *, titled: bool) -> Conversation:
    title = _("%(title)s (copy)") % {"title": source.title} if source.title and titled else ""
    made = Conversation(
        owner=owner,
        title=title if len(title) <= LONGEST_TITLE else source.title,
        title_status=Conversation.TitleStatus.DONE if title else Conversation.TitleStatus.NONE,
        forked_from=source,
        effort=source.effort,
    )
    if owner.pk == source.owner_id:
        made.assistant_id, made.model_id = source.assistant_id, source.model_id
        made.tools_off, made.project_id = source.tools_off, source.project_id
    else:
        made.assistant = access.assistants(owner).filter(id=source.assistant_id or access.NO_ROW).first()
        made.model = access.models(owner).filter(id=source.model_id or access.NO_ROW).first()
    return made


def _ended_turns(path: ConversationPath) -> list[Turn]:
    """Return the turns that answered on a path.

    Raises:
        OperationError: busy, one of them has not ended.
    """
    wanted = {row.turn_id for row in path.messages if row.turn_id is not None}
    found = list(Turn.objects.filter(id__in=wanted))
    if not all(turn.finished for turn in found):
        raise OperationError("busy", _("An answer is being written. Wait until it is finished."), status=409)
    return found


def _messages(made: _Copy, *, foreign: bool) -> Changes:
    for row in made.path.messages:
        changes: dict[str, Any] = {
            "id": made.message_ids[row.id],
            "conversation_id": made.conversation.id,
            "parent_id": made.message_ids.get(row.parent_id) if row.parent_id else None,
            "turn_id": made.turn_ids.get(row.turn_id) if row.turn_id else None,
        }
        if foreign:
            changes["context"] = ""
        if foreign and row.has_files:
            changes["content"] = [_with_file(block, made.files) for block in row.content]
        yield row.id, changes


def _turns(made: _Copy) -> Changes:
    for turn in made.turns:
        yield (
            turn.id,
            {
                "id": made.turn_ids[turn.id],
                "conversation_id": made.conversation.id,
                "author_id": made.conversation.owner_id,
                "client_id": uuid.uuid4(),
                "user_message_id": made.message_ids[turn.user_message_id],
                "notices": [_relinked(notice, made.message_ids) for notice in turn.notices],
            },
        )


def _relinked(notice: dict[str, Any], message_ids: Mapping[MessageId, uuid.UUID]) -> dict[str, Any]:
    """Return a lasting notice that names the copy of the message that it stands behind."""
    after = message_ids.get(access.as_id(notice.get("after")))
    return notice if after is None else {**notice, "after": str(after)}


def _tool_calls(made: _Copy) -> Changes:
    calls = ToolCall.objects.filter(turn_id__in=made.turn_ids).order_by("id")
    for key, turn_id, message_id in calls.values_list("id", "turn_id", "message_id"):
        copied = {"turn_id": made.turn_ids[turn_id], "message_id": made.message_ids[message_id]}
        yield key, {"id": uuid7(), **copied}


def _with_file(block: Block, files: Mapping[str, Attachment]) -> Block:
    source = block.get("source")
    file = files.get(str(source.get("attachment"))) if isinstance(source, dict) else None
    return block if file is None else {**block, "source": {**block["source"], "attachment": str(file.id)}}


def _files_of(path: ConversationPath, source: Conversation, owner: User) -> Mapping[str, Attachment]:
    """Map the ids of the path's attachments to those that the copy refers to: the same ones for the same person."""
    found = {key: file for files in path.files.values() for key, file in files.items()}
    return found if owner.pk == source.owner_id else own_copies(owner, found)


def _link_files(made: _Copy) -> None:
    """Attach the files to the copied messages, in one statement: the rows hold nothing but two ids."""
    through = Attachment.messages.through
    links = [
        through(message_id=made.message_ids[message_id], attachment_id=made.files[key].id)
        for message_id, those in made.path.files.items()
        for key in those
    ]
    through.objects.bulk_create(links)
