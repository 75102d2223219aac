"""The path of a conversation: the messages from its root down to one message, with their files and calls."""

import dataclasses
from collections.abc import Mapping
from functools import cached_property

from django.db import connection

from chat.claude.content.blocks import tool_pictures
from chat.models import ApiCall, Attachment, Message
from chat.models.ids import MessageId

# Cache entries live an hour at most; tool loops longer than this in an hour only cost a little precision.
CALLS_BACK = 40


@dataclasses.dataclass(frozen=True)
class ConversationPath:
    """Messages from the root down. It is read once per transaction and passed on; its files and calls once when needed.

    `files` maps message ids to {attachment id: attachment}, for the messages that have any. `calls` are the settled
    ledger rows of the last 40 answers, oldest first.
    """

    messages: tuple[Message, ...] = ()

    @classmethod
    def to(cls, message_id: MessageId | None) -> "ConversationPath":
        """Read the path to a message (one query); an empty path for None and for a message that is not there."""
        return cls(tuple(Message.objects.path_to(message_id))) if message_id is not None else cls()

    @property
    def leaf(self) -> Message | None:
        return self.messages[-1] if self.messages else None

    @cached_property
    def sent(self) -> "ConversationPath":
        """The end of the path that a request holds: from the last written summary on."""
        for index in reversed(range(1, len(self.messages))):
            if self.messages[index].is_summary:
                return ConversationPath(self.messages[index:])
        return self

    @property
    def awaits_summary(self) -> bool:
        """Whether a summary on the path has not been written yet."""
        return any(row.kind == Message.Kind.SUMMARY and not row.content for row in self.messages)

    @cached_property
    def files(self) -> Mapping[MessageId, Mapping[str, Attachment]]:
        return Attachment.objects.by_message(message.id for message in self.messages if message.has_files)

    @property
    def may_hold_files(self) -> bool:
        """Whether the contents refer to attachments or hold pictures of tools (no query)."""
        return any(message.has_files or tool_pictures(message.content) for message in self.messages)

    @cached_property
    def calls(self) -> list[ApiCall]:
        answers = [message.id for message in self.messages if message.role == Message.Role.ASSISTANT]
        if not answers:
            return []
        rows = ApiCall.objects.settled().filter(message_id__in=answers[-CALLS_BACK:], usage__isnull=False)
        return list(rows.defer("unit_prices").order_by("started_at", "id"))

    def last_counted(self) -> ApiCall | None:
        """Return the newest successful call of the lowest answer that has one."""
        depths: dict[MessageId | None, int] = {message.id: message.depth for message in self.messages}
        counted = [
            call
            for call in self.calls
            if call.purpose == ApiCall.Purpose.TURN and call.status == ApiCall.Status.SUCCEEDED
        ]
        return max(
            counted, key=lambda call: (depths[call.message_id], call.started_at, call.pk), default=None
        )

    def below(self, message_id: MessageId | None) -> tuple[Message, ...]:
        """Return the messages below one of the path, from the root down."""
        at = next(index for index, message in enumerate(self.messages) if message.id == message_id)
        return self.messages[at + 1 :]

    def then(self, *messages: Message) -> "ConversationPath":
        """Return the path with more messages at its end."""
        return ConversationPath((*self.messages, *messages))


_NEWEST_LEAF = """
WITH RECURSIVE walk(id, created_at, step) AS (
    SELECT id, created_at, 1 FROM {table} WHERE id = %s
    UNION ALL
    SELECT m.id, m.created_at, walk.step + 1 FROM {table} m JOIN walk ON m.parent_id = walk.id
)
SELECT id FROM walk WHERE NOT EXISTS (SELECT 1 FROM {table} c WHERE c.parent_id = walk.id)
ORDER BY created_at DESC, step DESC, id DESC LIMIT 1
"""


def newest_leaf_below(message: Message) -> MessageId:
    """Return the id of the newest message without children among a message and its descendants (one query)."""
    query = _NEWEST_LEAF.format(table=connection.ops.quote_name(Message._meta.db_table))
    with connection.cursor() as cursor:
        cursor.execute(query, [Message._meta.pk.get_db_prep_value(message.id, connection)])
        leaf_id: MessageId = Message._meta.pk.to_python(cursor.fetchone()[0])
    return leaf_id
