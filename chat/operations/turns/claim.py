"""Who runs a turn: claims, leases, and leaving it to whoever comes after a person's decision."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from chat.events.store import Batch
from chat.models import Message, ToolCall, Turn
from chat.models.ids import TurnId
from chat.operations.running_turn import LeaseLost, RunningTurn, new_answer, renew_lease
from chat.operations.turns.finish import TurnEnd, end_unowned


def claim_turn(turn_id: TurnId, owner: str) -> RunningTurn | None:
    """Take a queued turn and write its empty assistant message; None when somebody else has it.

    A turn that waited for a person comes with its last answer, whose tools were decided about.
    """
    with transaction.atomic():
        turn = Turn.objects.claim(turn_id, owner)
        if turn is None:
            return None
        model = turn.model
        if model is None:
            end_unowned(turn, TurnEnd(Turn.Status.FAILED, error_code="no_model"))
            return None
        # Nobody had it before, so there is nothing to go on with.
        answers = [] if turn.fence == 1 else _answers(turn)
        message = answers[-1] if answers else new_answer(turn, turn.user_message)
    running = RunningTurn(turn, message, model, model.connection, model.price_rows(), resumed=bool(answers))
    running.calls = max(1, len(answers))
    return running


def _answers(turn: Turn) -> list[Message]:
    return list(turn.messages.filter(role=Message.Role.ASSISTANT).order_by("depth", "id"))


def queued_turns(limit: int = 50) -> list[Any]:
    """Return ids of turns that wait for an engine, oldest first."""
    return list(
        Turn.objects.filter(status=Turn.Status.QUEUED)
        .order_by("created_at", "id")
        .values_list("id", flat=True)[:limit]
    )


def renew_leases(owner: str, turn_ids: list[Any]) -> Mapping[Any, bool]:
    """Renew the leases of an owner's turns; returns those still held, mapped to whether a stop was asked for."""
    renew_lease = Turn.objects.filter(id__in=turn_ids, owner=owner, status=Turn.Status.RUNNING)
    renew_lease.update(heartbeat_at=timezone.now())
    return {
        identifier: asked is not None
        for identifier, asked in renew_lease.values_list("id", "stop_requested_at")
    }


def stop_requests(owner: str) -> list[Any]:
    """Return the owner's running turns that somebody asked to stop."""
    asked = Turn.objects.filter(owner=owner, status=Turn.Status.RUNNING, stop_requested_at__isnull=False)
    return list(asked.values_list("id", flat=True))


def park_turn(running: RunningTurn, batch: Batch) -> bool:
    """Leave a turn whose tools only wait for a person to whoever comes after the decision.

    False when somebody has decided meanwhile or wants it stopped: then nothing is written.

    Raises:
        LeaseLost: somebody else has the turn.
    """
    with transaction.atomic():
        if not renew_lease(running):
            raise LeaseLost
        if Turn.objects.filter(id=running.turn.id, stop_requested_at__isnull=False).exists():
            return False
        open_calls = ToolCall.objects.unanswered().filter(turn=running.turn)
        if set(open_calls.values_list("status", flat=True)) != {ToolCall.Status.WAITING}:
            return False
        Turn.objects.filter(id=running.turn.id).update(
            status=Turn.Status.WAITING,
            owner="",
            heartbeat_at=None,
            last_seq=batch.last_seq,
        )
        batch.store()
    return True
