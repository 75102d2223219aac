"""Write an exported conversation: a new one, or what a newer export adds to one that was imported before."""

import dataclasses
import datetime as dt
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.utils import timezone

from chat.claude.content.blocks import plain_text
from chat.claude.encoding.text import clean_text
from chat.models import Attachment, Conversation, ImportedConversation, Message, User
from chat.operations.conversations.message_input import content_blocks
from chat.operations.conversations.title_text import first_words, plain_line
from chat.operations.errors import OperationError
from chat.operations.files.uploads import keep_text, keep_upload
from chat.readers.exports.conversation import USER, Block, ExportedConversation, Node

FileBytes = Callable[[str], bytes | None]
Files = Mapping[str, list[Attachment]]


@dataclasses.dataclass(slots=True)
class Prepared:
    """What an export adds: its new nodes with their files, and the rows that exist already.

    `known` maps ids of messages that exist to their depths.
    """

    exported: ExportedConversation
    digest: str
    record: ImportedConversation | None
    known: dict[uuid.UUID, int]
    nodes: list[Node]
    files: dict[str, list[Attachment]]
    taken: Counter[str] = dataclasses.field(default_factory=Counter)


def is_imported(owner: User, digest: str) -> bool:
    """Return whether a conversation was imported from exactly these bytes."""
    return ImportedConversation.objects.filter(owner=owner, digest=digest).exists()


def prepare_conversation(
    owner: User, exported: ExportedConversation, digest: str, file_bytes: FileBytes
) -> Prepared:
    """Find what is new, and store its files, outside of a transaction: reading a file takes a while."""
    record = ImportedConversation.objects.filter(
        owner=owner, source=exported.source, external_id=exported.external_id
    ).first()
    known: dict[uuid.UUID, int] = {}
    new = exported.nodes
    if record is not None:
        within = record.conversation_id
        known = dict(Message.objects.filter(conversation=within).values_list("id", "depth"))
        new = [node for node in exported.nodes if message_id(within, node.id) not in known]
    prepared = Prepared(exported, digest, record, known, new, {})
    for node in new:
        node.blocks = [
            part for block in node.blocks for part in _with_file(owner, node, block, prepared, file_bytes)
        ]
    return prepared


def message_id(conversation_id: uuid.UUID, external_id: str) -> uuid.UUID:
    """Return the id of an imported message, which is the same at each import."""
    return uuid.uuid5(conversation_id, external_id)


def write_conversation(owner: User, prepared: Prepared) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """Write what is new in the caller's transaction; return what was taken and left out."""
    record, exported = prepared.record, prepared.exported
    if record is None:
        record = _create(owner, exported)
        prepared.taken["conversations"] += 1
    elif prepared.nodes:
        prepared.taken["updated"] += 1
    else:
        prepared.taken["unchanged"] += 1
    _write_messages(record, prepared)
    leaf = message_id(record.conversation_id, exported.leaf) if exported.leaf is not None else None
    _choose_leaf(record, exported, leaf, is_new=prepared.record is None)
    record.digest, record.leaf_id = prepared.digest, leaf
    record.save()
    return prepared.taken, exported.left_out


def _create(owner: User, exported: ExportedConversation) -> ImportedConversation:
    title = plain_line(clean_text(exported.title))[:200]
    conversation = Conversation(
        owner=owner,
        title=title or first_words(_first_text(exported.nodes))[:200],
        title_status=Conversation.TitleStatus.DONE,
        archived=exported.archived,
        pinned=exported.pinned,
    )
    conversation.save(force_insert=True)
    return ImportedConversation(
        conversation=conversation,
        owner=owner,
        source=exported.source,
        external_id=exported.external_id,
    )


def _first_text(nodes: Collection[Node]) -> str:
    return next((found for node in nodes if (found := plain_text(node.blocks).strip())), "")


def _write_messages(record: ImportedConversation, prepared: Prepared) -> None:
    """Insert the new messages with the times of the export, which the columns' own defaults would replace."""
    within, depths = record.conversation_id, prepared.known
    began = _moment(prepared.exported.created_at) or timezone.now()
    times: dict[str | None, dt.datetime] = {node.id: began for node in prepared.exported.nodes}
    times[None] = began
    links: list[Any] = []
    for node in prepared.nodes:
        identifier = message_id(within, node.id)
        parent = message_id(within, node.parent) if node.parent is not None else None
        depths[identifier] = depths[parent] + 1 if parent is not None else 0
        times[node.id] = _moment(node.at) or times[node.parent]
        attached = prepared.files.get(node.id, [])
        row = Message(
            id=identifier,
            conversation_id=within,
            parent_id=parent,
            depth=depths[identifier],
            role=node.role,
            content=node.blocks,
            text=plain_text(node.blocks) or ", ".join(file.name for file in attached),
            model_name=clean_text(node.model)[:120],
            created_at=times[node.id],
        )
        row.save_base(raw=True, force_insert=True)
        links += [
            Attachment.messages.through(attachment=file, message=row) for file in dict.fromkeys(attached)
        ]
    Attachment.messages.through.objects.bulk_create(links)
    prepared.taken["messages"] += len(prepared.nodes)
    prepared.taken["files"] += len(links)


def _choose_leaf(
    record: ImportedConversation, exported: ExportedConversation, leaf: uuid.UUID | None, *, is_new: bool
) -> None:
    """Show the export's leaf, unless the person has gone on from the one that the last import chose."""
    rows = Conversation.objects.filter(id=record.conversation_id)
    latest = max((node.at for node in exported.nodes if node.at), default=exported.created_at)
    last = _moment(latest) or timezone.now()
    if is_new:
        began = _moment(exported.created_at) or last
        rows.update(active_leaf=leaf, created_at=began, last_message_at=last)
    elif leaf != record.leaf_id:
        rows.filter(active_leaf=record.leaf_id).update(active_leaf=leaf, last_message_at=last)


def _moment(seconds: float | None) -> dt.datetime | None:
    return None if seconds is None else dt.datetime.fromtimestamp(seconds, dt.UTC)


def _with_file(
    owner: User, node: Node, block: Block, prepared: Prepared, file_bytes: FileBytes
) -> list[Block]:
    """Return a block as it is stored: a reference instead of a file, or a text that names one which is missing."""
    if block["type"] == "text" and node.role == USER:
        return [{**block, "text": clean_text(block["text"])}]
    if block["type"] != "file":
        return [block]
    found, missing = None, "not_in_export"
    try:
        found = _stored_file(owner, block, file_bytes)
    except OperationError as error:
        missing = error.code
    if found is None:
        # What has neither a text nor a pointer was counted by its reader.
        prepared.exported.left_out["file", missing] += "pointer" in block or "text" in block
        return [{"type": "text", "text": f"[{clean_text(block['name'])}]"}]
    prepared.files.setdefault(node.id, []).append(found)
    return content_blocks([found])


def _stored_file(owner: User, block: Block, file_bytes: FileBytes) -> Attachment | None:
    if "text" in block:
        return keep_text(owner=owner, name=block["name"], text=block["text"])
    data = file_bytes(block.get("pointer", ""))
    return None if data is None else keep_upload(owner=owner, name=block["name"], data=data)
