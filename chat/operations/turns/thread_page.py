"""A page of a conversation for a person: its messages, and how the turns on it ended."""

from chat.claude.limits.context_window import context_tokens
from chat.models import ApiCall, Conversation, Feedback, LanguageModel, Message, Turn, User
from chat.models.ids import MessageId
from chat.operations.conversations.thread import PAGE, read_thread
from chat.operations.turns.failover import offered_after_refusal
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
    """Return a page as `read_thread` does, of whole turns, with its unanswered turn and the models offered after
    refusals. `goes_on` says that the shown path does below `leaf`.

    Raises:
        OperationError: not_found, as `read_thread`.
    """
    thread = read_thread(conversation, leaf=leaf, before=before, limit=limit, whole_turns=True)
    thread.for_staff, thread.goes_on = viewer.is_staff, goes_on
    thread.unanswered = _unanswered_turn(thread)
    turns = {message.turn.id: message.turn for message in thread.messages if message.turn is not None}
    thread.feedback = _feedback_of(viewer, thread)
    thread.context_used = _context_used(thread.messages)
    if thread.unanswered is not None:
        turns[thread.unanswered.id] = thread.unanswered
    offered = {turn.id: model_after_refusal(turn) for turn in turns.values()}
    thread.other_models = {turn_id: model for turn_id, model in offered.items() if model is not None}
    return thread


def model_after_refusal(turn: Turn) -> LanguageModel | None:
    """Return the model that a person can ask instead of one that refused; None if the turn was not refused."""
    return offered_after_refusal(turn) if turn.status == Turn.Status.REFUSED else None


def _context_used(messages: list[Message]) -> int:
    """Return the tokens of the last answer and its prompt; 0 where a summary or nothing stands below it."""
    answers: list[MessageId] = []
    for message in reversed(messages):
        if message.kind == Message.Kind.SUMMARY:
            break
        if message.role == Message.Role.ASSISTANT:
            answers.append(message.id)
    finished = ApiCall.objects.filter(message__in=answers).exclude(usage=None)
    return context_tokens(finished.order_by("-started_at", "-id").values_list("usage", flat=True).first())


def _feedback_of(viewer: User, thread: Thread) -> dict[MessageId, Feedback]:
    answers = [message.id for message in thread.messages if message.role == Message.Role.ASSISTANT]
    rows = Feedback.objects.filter(message__in=answers, person=viewer)
    return {row.message_id: row for row in rows}


def _unanswered_turn(thread: Thread) -> Turn | None:
    if not thread.ends_with_question or thread.active_turn is not None:
        return None
    turns = thread.messages[-1].answering_turns.select_related("model")
    return turns.order_by("-created_at", "-id").first()
