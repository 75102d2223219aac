"""Titles of conversations: the first words at once, and a better title by a small model after the first answer."""

import dataclasses
import datetime as dt
import random
import time
from collections.abc import Callable
from typing import Any

import structlog
from celery import current_app
from django.db.models import QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError

from chat.claude.content.blocks import plain_text
from chat.claude.failures import retries
from chat.events import hints
from chat.models import ApiCall, Conversation, LanguageModel, ProviderConnection, Turn
from chat.models.ids import ConversationId
from chat.operations.billing.payer import Payer
from chat.operations.billing.single_call import SingleAnswer, call_model
from chat.operations.conversations.title_text import title_from_answer
from chat.operations.time_limit import JOB_SECONDS
from chat.providers.upstream import UpstreamError
from chat.search_text.markup import fold_without_marks

log = structlog.get_logger(__name__)

TITLE_TASK = "chat.tasks.title_conversation_task"
TITLE_MAX_TOKENS = 48
THINKING_MAX_TOKENS = 2048
QUOTED_CHARACTERS = 1500
ABANDONED_AFTER = dt.timedelta(minutes=12)
INSTRUCTION = (
    "Write a title of at most six words for this conversation, in its language. "
    "Answer with the title alone: no quotes, no full stop."
)


@dataclasses.dataclass(frozen=True, slots=True)
class TitleJob:
    """A conversation that is claimed for naming, the model to ask and the prompt."""

    conversation: Conversation
    turn: Turn
    model: LanguageModel
    prompt: str


def needs_title(conversation_id: ConversationId) -> bool:
    """Return whether the conversation has an answer but no title."""
    return bool(_nameable().filter(id=conversation_id).exists())


def wake_for_title(conversation_id: str) -> None:
    """Queue the job that names a conversation; may wait for the broker. Without a broker the regular sweep finds it."""
    try:
        current_app.send_task(TITLE_TASK, args=[conversation_id])
    except (OperationalError, OSError) as error:
        log.warning("title_not_asked", error=type(error).__name__)


def unnamed_conversations(limit: int = 20) -> list[str]:
    """Return ids of conversations whose naming was not begun, or was abandoned by a worker that died."""
    late = timezone.now() - ABANDONED_AFTER
    Conversation.objects.filter(
        title_status=Conversation.TitleStatus.CLAIMED, title_claimed_at__lt=late
    ).update(title_status=Conversation.TitleStatus.NONE)
    waiting = _nameable().filter(last_message_at__lt=timezone.now() - dt.timedelta(minutes=1))
    return [str(found) for found in waiting.order_by("-id").values_list("id", flat=True).distinct()[:limit]]


def claim_title(conversation_id: str) -> TitleJob | None:
    """Claim the naming of a conversation; return None if it is done or claimed, or there is no answer yet."""
    turn = (
        Turn.objects.filter(
            conversation_id=conversation_id, status=Turn.Status.COMPLETED, model__isnull=False
        )
        .select_related("conversation", "model__connection", "user_message")
        .order_by("created_at", "id")
        .first()
    )
    # The condition is on the row itself, so the second of two workers that waited for its lock finds it claimed.
    unnamed = Conversation.objects.listed().filter(
        id=conversation_id, title_status=Conversation.TitleStatus.NONE
    )
    if turn is None or turn.model is None:
        return None
    if not unnamed.update(title_status=Conversation.TitleStatus.CLAIMED, title_claimed_at=timezone.now()):
        return None
    answer = turn.last_answer()
    parts = [turn.user_message.text[:QUOTED_CHARACTERS], answer.text[:QUOTED_CHARACTERS] if answer else ""]
    prompt = f"{INSTRUCTION}\n\n<conversation>\n" + "\n\n".join(parts) + "\n</conversation>"
    return TitleJob(turn.conversation, turn, cheapest_model(turn.model.connection) or turn.model, prompt)


def ask_for_title(
    job: TitleJob,
    *,
    wait: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> str:
    """Ask the model for a title and return its answer; failures that may pass are retried as those of answers.

    Raises:
        BudgetExceeded: no budget is left for a title.
        ConnectionUnusable, UpstreamError: the call failed.
    """
    until, tries = clock() + JOB_SECONDS, 0
    while True:
        tries += 1
        try:
            return plain_text(_ask_once(job).message.get("content") or [])
        except UpstreamError as error:
            seconds = _seconds_until_next(job, error, tries)
            if seconds is None or clock() + seconds >= until:
                raise
            log.info("title_retried", conversation=str(job.conversation.id), kind=str(error.failure.kind))
        wait(seconds)


def _seconds_until_next(job: TitleJob, error: UpstreamError, tries: int) -> float | None:
    """Return how long to wait before the next attempt; None if there is none."""
    connection, cause = job.model.connection, error.failure
    silent = error.reached and retries.is_silence(cause)
    if silent or not retries.may_repeat(cause, tries, max_retries=connection.max_retries):
        return None
    jitter = random.uniform(retries.LEAST_JITTER, retries.MOST_JITTER)  # noqa: S311
    return retries.wait_seconds(
        cause, tries, longest_asked=connection.retry_after_limit_seconds, jitter=jitter
    )


def _ask_once(job: TitleJob) -> SingleAnswer:
    request: dict[str, Any] = {
        "max_tokens": TITLE_MAX_TOKENS,
        "messages": [{"role": "user", "content": job.prompt}],
    }
    if "disabled" in job.model.supports.thinking_types:
        request["thinking"] = {"type": "disabled"}
    elif "adaptive" in job.model.supports.thinking_types:
        request["max_tokens"] = THINKING_MAX_TOKENS  # a model that always thinks needs room for it
    return call_model(
        job.model,
        request,
        purpose=ApiCall.Purpose.TITLE,
        door=job.turn.door,
        payer=Payer.of_turn(job.turn),
        conversation_id=job.conversation.id,
    )


def cheapest_model(connection: ProviderConnection) -> LanguageModel | None:
    """Return the connection's usable model with the lowest price for output."""
    priced = [
        (min(row.output for row in rows), model.model_id, model)
        for model in connection.language_models.usable().select_related("connection")
        if (rows := model.price_rows())
    ]
    return min(priced, key=lambda entry: entry[:2])[2] if priced else None


def give_title(conversation_id: str, text: str) -> None:
    """Keep the title in a model's answer, unless a person has named the conversation or there is none in it."""
    title = title_from_answer(text)
    claimed = Conversation.objects.filter(id=conversation_id, title_status=Conversation.TitleStatus.CLAIMED)
    changes = {"title": title, "folded_title": fold_without_marks(title)} if title else {}
    if claimed.update(title_status=Conversation.TitleStatus.DONE, updated_at=timezone.now(), **changes):
        hints.publish(conversations=[str(conversation_id)])


def _nameable() -> QuerySet[Conversation]:
    """Return the listed conversations without a title: deleted and temporary ones get none."""
    return Conversation.objects.listed().filter(
        title_status=Conversation.TitleStatus.NONE,
        turns__status=Turn.Status.COMPLETED,
        turns__model__isnull=False,
    )
