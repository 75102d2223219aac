"""A page of a conversation for a person: its messages, how the turns on it ended, and what they cost."""

from collections.abc import Iterable

from chat.models import ApiCall, Conversation, Feedback, LanguageModel, Message, Turn, User, Workspace
from chat.models.ids import MessageId, TurnId
from chat.operations.conversations.thread import PAGE, read_thread
from chat.operations.turns.failover import offered_after_refusal
from chat.presentation.receipt import CostDetail
from chat.presentation.thread import Thread


def read_thread_page(
    conversation: Conversation,
    *,
    viewer: User,
    leaf: object = None,
    before: object = None,
    limit: int = PAGE,
    goes_on: bool = False,
) -> Thread:
    """Return a page as `read_thread` does, of whole turns, with its unanswered turn, the models offered after
    refusals, and all calls of its turns. `goes_on` says that the shown path does below `leaf`.

    Raises:
        OperationError: not_found, as `read_thread`.
    """
    thread = read_thread(conversation, leaf=leaf, before=before, limit=limit, whole_turns=True)
    thread.for_staff, thread.goes_on = viewer.is_staff, goes_on
    thread.unanswered = _unanswered_turn(thread)
    turns = {message.turn.id: message.turn for message in thread.messages if message.turn is not None}
    thread.turn_calls = _calls_of(turns)
    thread.feedback = _feedback_of(viewer, thread)
    thread.cost_detail = cost_detail(viewer)
    if thread.unanswered is not None:
        turns[thread.unanswered.id] = thread.unanswered
    offered = {turn.id: model_after_refusal(turn) for turn in turns.values()}
    thread.other_models = {turn_id: model for turn_id, model in offered.items() if model is not None}
    return thread


def model_after_refusal(turn: Turn) -> LanguageModel | None:
    """Return the model that a person can ask instead of one that refused; None if the turn was not refused."""
    return offered_after_refusal(turn) if turn.status == Turn.Status.REFUSED else None


def cost_detail(viewer: User) -> CostDetail:
    """Return how much of an answer's cost a person sees: staff all of it, others what the workspace allows."""
    if viewer.is_staff:
        return CostDetail.EXACT
    return CostDetail.ROUNDED if Workspace.current().shows_costs else CostDetail.HIDDEN


def _feedback_of(viewer: User, thread: Thread) -> dict[MessageId, Feedback]:
    answers = [message.id for message in thread.messages if message.role == Message.Role.ASSISTANT]
    rows = Feedback.objects.filter(message__in=answers, person=viewer)
    return {row.message_id: row for row in rows}


def _calls_of(turns: Iterable[TurnId]) -> dict[TurnId, list[ApiCall]]:
    """Map each turn to the ledger rows of its answers and summaries, retries included, oldest first."""
    purposes = (ApiCall.Purpose.TURN, ApiCall.Purpose.SUMMARY)
    rows = ApiCall.objects.filter(turn__in=turns, purpose__in=purposes).order_by("started_at", "id")
    found: dict[TurnId, list[ApiCall]] = {}
    for turn_id, row in [(row.turn_id, row) for row in rows if row.turn_id]:
        found.setdefault(turn_id, []).append(row)
    return found


def _unanswered_turn(thread: Thread) -> Turn | None:
    if not thread.ends_with_question or thread.active_turn is not None:
        return None
    turns = thread.messages[-1].answering_turns.select_related("model")
    return turns.order_by("-created_at", "-id").first()
