"""What answers cost: their rows of the ledger, and as much of them as a person sees."""

from collections.abc import Collection, Iterable

from chat import access
from chat.models import ApiCall, Message, User, Workspace
from chat.models.ids import MessageId, TurnId
from chat.operations.errors import not_found
from chat.presentation.receipt import CostDetail, Receipt, receipt_of


def read_receipt(*, viewer: User, message_id: object) -> Receipt:
    """Return the receipt of the turn that a message belongs to.

    Raises:
        OperationError: not_found, also for a message without a turn: what was copied or imported cost nothing here.
    """
    message = access.find_message(viewer, message_id)
    if message is None or message.turn is None:
        raise not_found()
    answers = message.turn.messages.filter(role=Message.Role.ASSISTANT).order_by("depth", "created_at")
    calls = calls_of_turns([message.turn.id])[message.turn.id]
    return receipt_of(list(answers), calls, cost_detail(viewer))


def cost_detail(viewer: User) -> CostDetail:
    """Return how much of an answer's cost a person sees: staff all of it, others what the workspace allows."""
    if viewer.is_staff:
        return CostDetail.EXACT
    return CostDetail.ROUNDED if Workspace.current().shows_costs else CostDetail.HIDDEN


def calls_of_turns(turns: Collection[TurnId]) -> dict[TurnId, list[ApiCall]]:
    """Return the ledger rows of each turn, oldest first: its answers and summaries, retries included."""
    purposes = (ApiCall.Purpose.TURN, ApiCall.Purpose.SUMMARY)
    rows = list(ApiCall.objects.filter(turn__in=turns, purpose__in=purposes).order_by("started_at", "id"))
    return {turn: [row for row in rows if row.turn_id == turn] for turn in turns}


def last_calls(messages: Iterable[Message]) -> dict[MessageId, ApiCall]:
    """Return the last ledger row of each answer: one that was retried has several."""
    answers = [message.id for message in messages if message.role == Message.Role.ASSISTANT]
    rows = ApiCall.objects.filter(message__in=answers).order_by("started_at", "id")
    return {row.message_id: row for row in rows if row.message_id is not None}
