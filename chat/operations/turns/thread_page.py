"""A page of a conversation for a person: its messages, and how the turns on it ended."""

from typing import Any

from chat.models import Conversation, LanguageModel, Turn
from chat.operations.conversations.thread import read_thread
from chat.operations.turns.failover import offered_after_refusal
from chat.presentation.thread import Thread


def read_thread_page(conversation: Conversation, **page: Any) -> Thread:
    """Return a page as `read_thread` does, with its unanswered turn and the models offered after refusals.

    Raises:
        OperationError: not_found, as `read_thread`.
    """
    thread = read_thread(conversation, **page)
    thread.unanswered = _unanswered_turn(thread)
    turns = {message.turn.id: message.turn for message in thread.messages if message.turn is not None}
    if thread.unanswered is not None:
        turns[thread.unanswered.id] = thread.unanswered
    offered = {turn.id: model_after_refusal(turn) for turn in turns.values()}
    thread.other_models = {turn_id: model for turn_id, model in offered.items() if model is not None}
    return thread


def model_after_refusal(turn: Turn) -> LanguageModel | None:
    """Return the model that a person can ask instead of one that refused; None if the turn was not refused."""
    return offered_after_refusal(turn) if turn.status == Turn.Status.REFUSED else None


def _unanswered_turn(thread: Thread) -> Turn | None:
    if not thread.ends_with_question or thread.active_turn is not None:
        return None
    turns = thread.messages[-1].answering_turns.select_related("model")
    return turns.order_by("-created_at", "-id").first()
