"""Read a shared conversation: one page of it, one of its files, and a copy to go on with."""

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from chat import access
from chat.claude.content.blocks import Block
from chat.events import hints
from chat.models import Attachment, Conversation, Message, Share, ToolDefinition, User
from chat.operations import rates
from chat.operations.errors import OperationError
from chat.operations.files.uploads import own_copies
from chat.presentation.shared_messages import shared_messages
from chat.presentation.thread import Thread

# Levels of the tree on one page.
PAGE = 100


def read_share(share: Share, *, page: int = 1) -> Thread | None:
    """Return a page of the shared path, from its beginning; None behind its end. The queries are always the same."""
    first = (page - 1) * PAGE
    path = Message.objects.path_to(share.leaf_id).filter(depth__gte=first, depth__lt=first + PAGE + 1)
    rows = list(path.select_related("turn__model"))
    if not rows:
        return None
    shown = shared_messages(rows[:PAGE], _tools(), with_files=share.shows_files)
    files = Attachment.objects.by_message(row.id for row in shown if row.has_files)
    return Thread(
        conversation=share.conversation,
        messages=shown,
        has_more=len(rows) > PAGE,
        siblings={},
        tool_calls={},
        active_turn=None,
        state=None,
        files=files,
        read_only=True,
        for_readers=True,
    )


def shared_file(share: Share, attachment_id: object) -> Attachment | None:
    """Return a file of the shared path; None if there is none, or the owner does not share files."""
    if not share.shows_files:
        return None
    own = Attachment.objects.of(share.owner).filter(
        id=access.as_id(attachment_id), messages__in=Message.objects.path_to(share.leaf_id).order_by()
    )
    return own.select_related("original", "sent", "thumbnail").first()


def copy_share(*, share: Share, reader: User) -> Conversation:
    """Copy what a reader sees into a conversation of their own, with which they can go on.

    Raises:
        OperationError: empty, too_many_requests, upload_limit, storage_full.
    """
    rates.count(rates.CONVERSATIONS, reader.pk)
    with transaction.atomic():
        rows = list(Message.objects.path_to(share.leaf_id).select_related("turn__model"))
        models = {row.id: row.model_name for row in rows}
        shown = shared_messages(rows, _tools(), with_files=share.shows_files)
        if not shown:
            raise OperationError("empty", _("There is nothing to go on with."), status=422)
        found = Attachment.objects.by_message(row.id for row in shown if row.has_files)
        files = own_copies(reader, {key: one for those in found.values() for key, one in those.items()})
        named = Conversation.TitleStatus.DONE if share.title else Conversation.TitleStatus.NONE
        copied = Conversation.objects.create(owner=reader, title=share.title, title_status=named)
        links = []
        for message, original in zip(_rows(copied, shown, files), shown, strict=True):
            message.model_name = models[original.id]
            message.save(force_insert=True)
            own = found.get(original.id, {})
            links += [Attachment.messages.through(message=message, attachment=files[key]) for key in own]
            copied.active_leaf = message
        Attachment.messages.through.objects.bulk_create(links)
        copied.save()
        hints.publish(conversations=[str(copied.id)])
    return copied


def _tools() -> dict[str, ToolDefinition]:
    return {tool.name: tool for tool in ToolDefinition.objects.only("name", "title")}


def _rows(
    conversation: Conversation, shown: Sequence[Message], files: dict[str, Attachment]
) -> list[Message]:
    """Return new rows, one below the other. They have no turn, frame or binding: nothing of the owner's goes along."""
    made: list[Message] = []
    for place, message in enumerate(shown):
        made.append(
            Message(
                conversation=conversation,
                parent=made[-1] if made else None,
                depth=place,
                role=message.role,
                content=[part for block in message.content for part in _copied(block, files)],
                text=message.text,
            )
        )
    return made


def _copied(block: Block, files: dict[str, Attachment]) -> list[Block]:
    """Return a block for the copy: results of searches only go with their calls, and sources with those."""
    match block["type"]:
        case "text":
            return [{"type": "text", "text": block["text"]}]
        case "web_search_tool_result":
            return []
        case "file_not_shared":
            return [{"type": "text", "text": _("(A file that was here is not shared.)")}]
        case "image" | "document":
            copied = files.get(str(block["source"].get("attachment")))
            if copied is None:
                return [{"type": "text", "text": _("(A file that was here is not available any more.)")}]
            return [{**block, "source": {**block["source"], "attachment": str(copied.id)}}]
    return [block]
