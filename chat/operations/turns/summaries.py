"""Writing a summary that a turn's request is to begin with: what the model is asked, and what is kept of its words."""

import dataclasses
from decimal import Decimal
from typing import Any

from django.db import transaction

from chat.claude import compaction, cost_bound, mcp_connector
from chat.claude.blocks import plain_text, without
from chat.models import ApiCall, Message, Turn
from chat.operations.billing import ledger
from chat.operations.conversations.path import ConversationPath
from chat.operations.request.attachments import known_pages
from chat.operations.request.build import request_of
from chat.operations.request.compaction import expected_tokens
from chat.operations.request.thinking_binding import path_message
from chat.operations.running_turn import RunningTurn


@dataclasses.dataclass(frozen=True, slots=True)
class SummaryJob:
    """A summary that is due: the message that waits for it, and the arguments of the call that writes it."""

    message: Message
    request: dict[str, Any]


def summary_job(running: RunningTurn) -> SummaryJob | None:
    """Return the summary that this turn's message stands behind if nobody has written it yet.

    Raises:
        RequestError: what came before can't be sent.
    """
    message = running.turn.user_message.parent
    if message is None or message.kind != Message.Kind.SUMMARY or message.content or message.parent is None:
        return None
    return SummaryJob(message, _request(running, ConversationPath.to(message.parent_id)))


def open_summary_call(running: RunningTurn, job: SummaryJob, attempt: int) -> int:
    """Open the ledger row of one attempt and hold the most that it can cost; returns the row's id.

    Raises:
        BudgetExceeded: what is left does not surely pay for it; nothing was written.
    """
    return ledger.open_call(
        key=f"{running.turn.id}:{running.fence}:summary:{attempt}",
        model=running.model,
        purpose=ApiCall.Purpose.SUMMARY,
        door=running.turn.door,
        attempt=attempt,
        assistant_id=running.turn.conversation.assistant_id,
        worst_usd=_worst_usd(running, job.request),
        **{**running.references(), "message_id": None},  # a row's message is an answer of its turn
    )


def keep_summary(running: RunningTurn, owner: str, job: SummaryJob, text: str) -> bool:
    """Write the summary into its message, once; False when the turn has another owner by now, or it says nothing."""
    if not text.strip():
        return False
    content = [{"type": "text", "text": compaction.summary_text(text.strip())}]
    with transaction.atomic():
        if not Turn.objects.owned_by(owner, running.fence).filter(id=running.turn.id).exists():
            return False
        waiting = Message.objects.filter(id=job.message.id, kind=Message.Kind.SUMMARY, text="")
        return bool(waiting.update(content=content, text=text.strip()))


def _request(running: RunningTurn, path: ConversationPath) -> dict[str, Any]:
    """Ask behind the conversation itself, whose prefix is in the cache; one that is too long for that is quoted."""
    window = running.model.max_input_tokens
    answer = min(compaction.SUMMARY_TOKENS, running.model.max_output_tokens, window // 4)
    # Nobody sees a summary being made, so it has no tools that the provider would run.
    body = mcp_connector.without_servers(running.turn.frame.body)
    if (body.get("thinking") or {}).get("type") == "enabled":
        del body["thinking"]
    if expected_tokens(running.turn, path) + answer < window:
        return request_of(
            running, path, body=_plain(body), asking=compaction.SUMMARY_INSTRUCTION, max_tokens=answer
        )
    said = compaction.from_last_compaction([path_message(message, "") for message in path.sent.messages])
    parts = [(message.role, text) for message in said if (text := plain_text(message.content))]
    quoted = compaction.quoted_transcript(parts, window - 2 * answer)
    text = f"{compaction.SUMMARY_INSTRUCTION}\n\n<conversation>\n{quoted}\n</conversation>"
    return {
        "model": body["model"],
        "max_tokens": answer,
        "messages": [{"role": "user", "content": [{"type": "text", "text": text}]}],
    }


def _worst_usd(running: RunningTurn, request: dict[str, Any]) -> Decimal:
    """A summary is not shortened to what is left: half of one is of no use."""
    bound = min(cost_bound.prompt_bound(request, count_pages=known_pages), running.model.max_input_tokens)
    planned = cost_bound.bound_cost(request, running.prices, prompt_tokens=bound, available_usd=None)
    return planned.usd if planned else Decimal(0)


def _plain(body: dict[str, Any]) -> dict[str, Any]:
    """Take the shape of the answer out of a frame: a summary is prose."""
    body = without(body, "tool_choice")
    if "format" in (body.get("output_config") or {}):
        rest = without(body["output_config"], "format")
        body = {**body, "output_config": rest} if rest else without(body, "output_config")
    return body
