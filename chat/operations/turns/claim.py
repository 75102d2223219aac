"""Claim queued turns, renew their leases, and park turns that wait for a person's decision."""

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from chat.events.store import Batch
from chat.models import Message, ToolCall, Turn
from chat.models.ids import TurnId
from chat.operations.running_turn import LeaseLost, RunningTurn, new_answer, renew_lease
from chat.operations.turns.finish import TurnEnd, end_unowned
from chat.operations.turns.turn_request import AcceptedTurn


def claim_turn(turn_id: TurnId, owner: str, accepted: AcceptedTurn | None = None) -> RunningTurn | None:
    """Claim a queued turn and write its empty assistant message; None when it can't be claimed.

    A turn that waited for a decision comes with its last answer, whose tools were decided about. `accepted` is the
    turn as this process has just accepted it: its rows are then not read again.
    """
    with transaction.atomic():
        turn = (
            Turn.objects.claim_accepted(accepted.turn, owner)
            if accepted is not None
            else Turn.objects.claim(turn_id, owner)
        )
        if turn is None:
            return None
        model = turn.model
        if model is None:
            end_unowned(turn, TurnEnd(Turn.Status.FAILED, error_code="no_model"))
            return None
        # At its first claim a turn has no answers yet.
        answers = [] if turn.fence == 1 else _answers(turn)
        message = answers[-1] if answers else new_answer(turn, turn.user_message)
    running = RunningTurn(turn, message, model, model.connection, model.price_rows(), resumed=bool(answers))
    running.calls = max(1, len(answers))
    if accepted is not None:
        running.known_path, running.admitted = accepted.path, accepted.admitted
        running.known_documents = dict(accepted.documents)
    return running


def _answers(turn: Turn) -> list[Message]:
    return list(turn.messages.filter(role=Message.Role.ASSISTANT).order_by("depth", "id"))


def queued_turns(limit: int = 50) -> list[TurnId]:
    """Return ids of turns that wait for an engine, oldest first."""
    return list(
        Turn.objects.filter(status=Turn.Status.QUEUED)
        .order_by("created_at", "id")
        .values_list("id", flat=True)[:limit]
    )


def renew_leases(owner: str, turn_ids: list[TurnId]) -> Mapping[TurnId, bool]:
    """Renew the leases of an owner's turns; return those still held, mapped to whether a stop was requested."""
    held = Turn.objects.filter(id__in=turn_ids, owner=owner, status=Turn.Status.RUNNING)
    held.update(heartbeat_at=timezone.now())
    return {identifier: at is not None for identifier, at in held.values_list("id", "stop_requested_at")}


def stop_requests(owner: str) -> list[TurnId]:
    """Return ids of the owner's running turns that were requested to stop."""
    requested = Turn.objects.filter(owner=owner, status=Turn.Status.RUNNING, stop_requested_at__isnull=False)
    return list(requested.values_list("id", flat=True))


def park_turn(running: RunningTurn, batch: Batch) -> bool:
    """Release a turn whose tools only wait for decisions; any process resumes it after the last decision.

    False when a decision or a stop request has come meanwhile: then nothing is written.

    Raises:
        LeaseLost: another process owns the turn.
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
