"""Ends turns whose process died, keeps their text and settles their calls; also settles calls and holds left behind.

A lease expires when its heartbeat has not changed for a whole lease by this observer's own monotonic clock. Wall
clocks are not compared, so a clock that jumps does not end the turns of living processes.
"""

import dataclasses
import datetime as dt
import time
from collections.abc import Callable, Collection
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from chat.claude.content.blocks import is_empty
from chat.events import hints
from chat.events.state import TurnState
from chat.events.store import append_unowned, stored_state
from chat.models import ApiCall, BudgetHold, Conversation, Message, Turn
from chat.models.ids import TurnId
from chat.models.transcript.turns import FINISHED
from chat.operations.billing import budgets, ledger
from chat.operations.turns import tool_rounds
from chat.operations.turns.finish import AnswerContent, TurnEnd, keep_answer, turn_finished_event

# Calls of jobs time out after a minute. A turn's call is settled with its turn.
ABANDONED_AFTER = dt.timedelta(minutes=15)
Lease = tuple[int, dt.datetime | None]
RESTARTED = "restarted"


@dataclasses.dataclass(slots=True)
class LeaseWatch:
    """Remembers since when each running turn's heartbeat has had its current value."""

    lease_seconds: float = dataclasses.field(default_factory=lambda: settings.TURN_LEASE_SECONDS)
    clock: Callable[[], float] = time.monotonic
    seen: dict[Any, tuple[Lease, float]] = dataclasses.field(default_factory=dict)

    def expired(self) -> list[tuple[Any, Lease]]:
        """Read all running turns once; return those whose heartbeat has not changed for a whole lease."""
        now = self.clock()
        running = Turn.objects.filter(status=Turn.Status.RUNNING).values_list("id", "fence", "heartbeat_at")
        current = {identifier: (fence, beat) for identifier, fence, beat in running}
        self.seen = {
            identifier: (lease, since)
            for identifier, lease in current.items()
            for since in [self.seen[identifier][1] if self.seen.get(identifier, (None,))[0] == lease else now]
        }
        return [
            (key, lease) for key, (lease, since) in self.seen.items() if now - since >= self.lease_seconds
        ]

    def reap(self, alive: Collection[TurnId] = ()) -> list[TurnId]:
        """End every turn whose lease expired, except those known to be alive; return their ids."""
        expired = [(identifier, lease) for identifier, lease in self.expired() if identifier not in alive]
        return [identifier for identifier, lease in expired if reap_turn(identifier, lease)]


def reap_turn(turn_id: TurnId, lease: Lease) -> bool:
    """Mark one turn interrupted, fold its durable frames into its message and settle its open calls.

    The update is conditional on fence and heartbeat, so only one reaper ends the turn, and only if its owner has not
    come back. Return whether this call ended it.
    """
    fence, beat = lease
    with transaction.atomic():
        taken = Turn.objects.filter(
            id=turn_id, status=Turn.Status.RUNNING, fence=fence, heartbeat_at=beat
        ).update(
            status=Turn.Status.INTERRUPTED,
            owner="",
            fence=F("fence") + 1,
            error_code=RESTARTED,
            finished_at=timezone.now(),
        )
        if not taken:
            return False
        turn = Turn.objects.get(id=turn_id)
        # Read after the update: an owner that was still appending under the old lease has committed by now.
        state = stored_state(turn_id)
        message = turn.messages.filter(status=Message.Status.STREAMING).first()
        if message is not None:
            keep_answer(message, AnswerContent(_kept_content(state, str(message.id)), Message.Status.PARTIAL))
        _settle_open_calls(turn, message, state)
        # A tool that was running may have done its work. It is not run again, and the transcript says so.
        tool_rounds.close_round(turn, stopped=False)
        _append_end(turn, state)
        Conversation.objects.filter(id=turn.conversation_id).update(updated_at=timezone.now())
        hints.publish(turns={str(turn.id): turn.last_seq}, conversations=[str(turn.conversation_id)])
    return True


def _kept_content(state: TurnState, message_id: str) -> list[dict[str, Any]]:
    """Return the text blocks that arrived; unsigned thinking and half tool calls can't be replayed."""
    blocks = []
    for block in state.blocks:
        if block["message"] == message_id and block["type"] == "text":
            kept = {"type": "text", "text": block["value"]}
            if block.get("citations"):
                kept["citations"] = block["citations"]
            blocks.append(kept)
    return [block for block in blocks if not is_empty(block)]


def _settle_open_calls(turn: Turn, message: Message | None, state: TurnState) -> None:
    """Estimate what the dead owner's calls cost: the prompt as reported at the stream's start, the output as received.

    Usage arrives before a message's first block. So while the message has no block, the last usage belongs to another
    call.
    """
    received = [block["value"] for block in state.blocks if message and block["message"] == str(message.id)]
    usage = state.usage if received else None
    prices = turn.model.price_rows() if turn.model else []
    for call in ApiCall.objects.open().filter(turn=turn):
        bill = ledger.bill_for(prices, usage, whole=False, text="".join(received))
        ledger.settle_call(
            call.pk, ledger.Settlement(status=ApiCall.Status.CUT, bill=bill, error_code=RESTARTED)
        )


def _append_end(turn: Turn, state: TurnState) -> None:
    """Append the events of tool ends that viewers have not seen, and of the end of the turn."""
    answer = turn.last_answer()
    told = [
        tool_rounds.tool_finished_event(call)
        for call in turn.tool_calls.order_by("position", "id")
        if state.tools.get(str(call.id), {}).get("status") != call.status
    ]
    told.append(turn_finished_event(TurnEnd(turn.status, error_code=turn.error_code), answer))
    turn.recovered_seq = turn.last_seq = state.seq
    append_unowned(turn, told)
    turn.save(update_fields=["recovered_seq", "last_seq"])


def settle_abandoned() -> list[str]:
    """Settle open rows that were left behind by ended turns and by jobs that died; return their keys."""
    late = timezone.now() - ABANDONED_AFTER
    left_behind = Q(turn__status__in=FINISHED) | Q(turn=None)
    found = list(ApiCall.objects.open().filter(left_behind, started_at__lt=late).values_list("id", "key"))
    lost = ledger.Settlement(
        status=ApiCall.Status.CUT, bill=ledger.bill_for([], None, whole=False), error_code=RESTARTED
    )
    return [key for call_id, key in found if ledger.settle_call(call_id, lost)]


def release_stale_holds() -> int:
    """Free holds without an open call: rests that were never counted, and holds whose call was deleted."""
    stale = BudgetHold.objects.open().filter(
        ~Q(call__status=ApiCall.Status.OPEN) | Q(call=None), created_at__lt=timezone.now() - ABANDONED_AFTER
    )
    waiting = stale.exclude(call__in=ApiCall.objects.awaiting_count())
    return sum(budgets.free(one.pk) for one in waiting.only("id"))
