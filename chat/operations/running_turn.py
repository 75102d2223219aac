"""A claimed turn and the rows it needs while it runs. Its writes take effect only while its owner holds the lease."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from chat.claude.billing.pricing import PriceRow
from chat.claude.cache.diagnostics import ExpectedCache
from chat.models import Attachment, Conversation, LanguageModel, Message, ProviderConnection, Turn
from chat.operations.billing.budgets import Admitted
from chat.operations.conversations.path import ConversationPath


class LeaseLost(Exception):
    """Another process has taken the turn, or ended it."""


@dataclasses.dataclass(slots=True)
class RunningTurn:
    """A claimed turn and what running it needs."""

    turn: Turn
    message: Message
    model: LanguageModel
    connection: ProviderConnection
    prices: list[PriceRow]
    expected_cache: ExpectedCache = dataclasses.field(default_factory=ExpectedCache)
    # Answers begun so far. A turn that waited for a person resumes with the tools of its last answer.
    calls: int = 1
    resumed: bool = False
    # What the acceptance of the turn has read, when that was in this process a moment ago.
    known_path: ConversationPath | None = None
    admitted: Admitted | None = None
    # The documents of the turn's project by the ids of their attachments. They are kept while it runs: one that is
    # removed meanwhile must not change what the turn sends.
    known_documents: dict[str, Attachment] = dataclasses.field(default_factory=dict)

    @property
    def owner(self) -> str:
        """The engine that claimed the turn."""
        return self.turn.owner

    @property
    def fence(self) -> int:
        return self.turn.fence

    @property
    def takes_over(self) -> bool:
        """Whether its tool loop may have begun in another process or turn: before a wait for a person, for example."""
        return self.resumed or self.turn.user_message.kind == Message.Kind.RESULTS

    def path(self) -> ConversationPath:
        """Return the path that the open answer follows. It is read once; again when a summary on it was awaited."""
        known, leaf_id = self.known_path, self.message.parent_id
        if known is None or known.awaits_summary or known.leaf is None or known.leaf.id != leaf_id:
            known = self.known_path = ConversationPath.to(leaf_id)
        return known

    def documents(self, references: Sequence[dict[str, Any]]) -> dict[str, Attachment]:
        """Return the files that a frame's documents refer to, by id; those that are gone are missing."""
        wanted = {str(one["source"]["attachment"]) for one in references} - self.known_documents.keys()
        if wanted:
            rows = Attachment.objects.select_related("original", "sent").in_bulk(wanted)
            self.known_documents |= {str(row.id): row for row in rows.values()}
        return self.known_documents

    @property
    def may_await_summary(self) -> bool:
        """Whether a summary may have to be written before the turn's request; rows decide where no path is known."""
        return self.known_path is None or self.known_path.awaits_summary

    def references(self) -> dict[str, Any]:
        """Return the columns of `ApiCall` that point at this turn and its message."""
        return {
            "conversation_id": self.turn.conversation_id,
            "turn_id": self.turn.id,
            "message_id": self.message.id,
            "frame_digest": self.turn.frame_id,
        }


def renew_lease(running: RunningTurn) -> bool:
    """Renew the lease; return False if the turn was taken or ended by another process."""
    owned = Turn.objects.owned_by(running.owner, running.fence).filter(id=running.turn.id)
    return bool(owned.update(heartbeat_at=timezone.now()))


def next_answer(running: RunningTurn, parent: Message) -> None:
    """Create the turn's next answer after `parent`, in the caller's transaction."""
    running.message = new_answer(running.turn, parent)
    running.calls += 1


def new_answer(turn: Turn, parent: Message) -> Message:
    """Write an empty answer behind `parent` and make it the active leaf; runs inside the caller's transaction.

    A requested length is kept with the turn's first answer: it is sent with the message that this one follows.
    """
    is_first = parent.id == turn.user_message_id
    message = Message.objects.append(
        after=parent,
        role=Message.Role.ASSISTANT,
        status=Message.Status.STREAMING,
        turn=turn,
        frame_id=turn.frame_id,
        model_name=turn.model.model_id if turn.model else "",
        requested_length=turn.requested_length if is_first else "",
    )
    Conversation.objects.filter(id=turn.conversation_id).update(
        active_leaf=message, last_message_at=timezone.now(), updated_at=timezone.now()
    )
    return message
