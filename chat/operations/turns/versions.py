"""Read the answers to one message side by side, so that a person can compare models and keep one."""

from chat import access
from chat.models import Conversation, Message, User
from chat.operations.conversations.thread import PAGE
from chat.operations.errors import not_found
from chat.operations.turns.answer_costs import calls_of_turns, cost_detail
from chat.operations.turns.thread_page import read_thread_page
from chat.presentation.messages import AnswerVersion
from chat.presentation.thread import Thread

MOST_COLUMNS = 6


def read_versions(conversation: Conversation, *, viewer: User, message_id: object) -> list[AnswerVersion]:
    """Return the finished answers to a message, oldest first: the newest six, each with all its rounds.

    Raises:
        OperationError: not_found.
    """
    question = conversation.messages.filter(id=access.as_id(message_id), role=Message.Role.USER).first()
    if question is None:
        raise not_found()
    answers = Message.objects.filter(parent=question, role=Message.Role.ASSISTANT).select_related("turn")
    finished = [
        answer
        for answer in answers.order_by("-created_at", "-id")[: 2 * MOST_COLUMNS]
        if answer.turn is None or answer.turn.finished
    ]
    shown = finished[:MOST_COLUMNS][::-1]
    calls = calls_of_turns({answer.turn_id for answer in shown if answer.turn_id is not None})
    costs = cost_detail(viewer)
    return [
        AnswerVersion(
            page=_page_of(conversation, answer, viewer),
            calls=[] if answer.turn_id is None else calls[answer.turn_id],
            costs=costs,
        )
        for answer in shown
    ]


def _page_of(conversation: Conversation, answer: Message, viewer: User) -> Thread:
    """Return a page that has nothing but one answer."""
    turn = answer.turn
    leaf = turn.last_message() if turn is not None else answer
    page = read_thread_page(conversation, viewer=viewer, leaf=leaf.id, limit=PAGE)
    own = [row for row in page.messages if turn is not None and row.turn_id == turn.id]
    page.messages, page.has_more = own or [answer], False
    return page
