"""What an engine has in its hands while it runs a turn. Every write holds only while its owner's lease and fence do."""

import dataclasses
from typing import Any

from django.utils import timezone

from chat.claude.cache_diagnostics import ExpectedCache
from chat.claude.pricing import PriceRow
from chat.models import Conversation, LanguageModel, Message, ProviderConnection, Turn
from chat.operations.billing.budgets import Admitted
from chat.operations.conversations.path import ConversationPath


class LeaseLost(Exception):
    """Another process has taken the turn, or ended it."""


@dataclasses.dataclass(slots=True)
class RunningTurn:
    """A claimed turn and all that running it needs."""

    turn: Turn
    message: Message
    model: LanguageModel
    connection: ProviderConnection
    prices: list[PriceRow]
    foreseen: ExpectedCache = dataclasses.field(default_factory=ExpectedCache)
    # Answers begun so far; one that waited for a person goes on with the tools of its last one.
    calls: int = 1
    resumed: bool = False
    # What the acceptance of the turn has read, when that was in this process a moment ago.
    known_path: ConversationPath | None = None
    admitted: Admitted | None = None

    @property
    def fence(self) -> int:
        return self.turn.fence

    @property
    def takes_over(self) -> bool:
        """Whether its tool loop may have begun elsewhere: before a wait for a person, or in another turn."""
        return self.resumed or self.turn.user_message.kind == Message.Kind.RESULTS

    def path(self) -> ConversationPath:
        """Return the path that the open answer follows. It is read once; again when a summary on it was awaited."""
        known, leaf_id = self.known_path, self.message.parent_id
        if known is None or known.awaits_summary or known.leaf is None or known.leaf.id != leaf_id:
            known = self.known_path = ConversationPath.to(leaf_id)
        return known

    def references(self) -> dict[str, Any]:
        """Return what a ledger row of this turn points at."""
        return {
            "user_id": self.turn.author_id,
            "api_key_id": self.turn.api_key_id,
            "conversation_id": self.turn.conversation_id,
            "turn_id": self.turn.id,
            "message_id": self.message.id,
            "frame_digest": self.turn.frame_id,
        }


def renew_lease(running: RunningTurn, owner: str) -> bool:
    """Renew the lease; False when somebody else has the turn."""
    owned = Turn.objects.owned_by(owner, running.fence).filter(id=running.turn.id)
    return bool(owned.update(heartbeat_at=timezone.now()))


def next_answer(running: RunningTurn, parent: Message) -> None:
    """Open the turn's next answer behind `parent`; runs inside the caller's transaction."""
    running.message = new_answer(running.turn, parent)
    running.calls += 1


def new_answer(turn: Turn, parent: Message) -> Message:
    """Write an empty answer behind `parent` and make it the active leaf; runs inside the caller's transaction."""
    message = Message.objects.append(
        after=parent,
        role=Message.Role.ASSISTANT,
        status=Message.Status.STREAMING,
        turn=turn,
        frame_id=turn.frame_id,
        model_name=turn.model.model_id if turn.model else "",
    )
    Conversation.objects.filter(id=turn.conversation_id).update(
        active_leaf=message, last_message_at=timezone.now(), updated_at=timezone.now()
    )
    return message
