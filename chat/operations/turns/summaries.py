"""The summary that a turn's request begins with: the request that has it written, and keeping the text."""

import dataclasses
from typing import Any

from django.db import transaction

from chat.claude.content.blocks import plain_text, without
from chat.claude.limits import compaction
from chat.claude.request import mcp_connector
from chat.models import ApiCall, Message, Turn
from chat.operations.billing.paid_call import PaidCall
from chat.operations.billing.payer import Payer
from chat.operations.conversations.path import ConversationPath
from chat.operations.request.build import request_of
from chat.operations.request.compaction import expected_tokens
from chat.operations.request.thinking_binding import path_message
from chat.operations.running_turn import RunningTurn


@dataclasses.dataclass(frozen=True, slots=True)
class SummaryJob:
    """A summary that is due: the empty message for it, and the arguments of the call that writes it."""

    message: Message
    request: dict[str, Any]


def summary_job(running: RunningTurn) -> SummaryJob | None:
    """Return the summary before this turn's message if it is not written yet.

    Raises:
        RequestError: the path before it can't be sent.
    """
    message = running.turn.user_message.parent
    if message is None or message.kind != Message.Kind.SUMMARY or message.content or message.parent is None:
        return None
    return SummaryJob(message, _request(running, ConversationPath.to(message.parent_id)))


def open_summary_call(running: RunningTurn, job: SummaryJob, attempt: int) -> PaidCall:
    """Open the paid call of one attempt. It is not shortened to what is left: half a summary is of no use.

    Raises:
        BudgetExceeded: a budget has too little left; nothing was written.
    """
    return PaidCall(
        key=f"{running.turn.id}:{running.fence}:summary:{attempt}",
        model=running.model,
        request=job.request,
        purpose=ApiCall.Purpose.SUMMARY,
        door=running.turn.door,
        prices=running.prices,
        payer=Payer.of_turn(running.turn),
        # A row's message is an answer of its turn; a summary is none.
        references={**running.references(), "message_id": None, "attempt": attempt},
    ).open()


def keep_summary(running: RunningTurn, job: SummaryJob, text: str) -> bool:
    """Write the summary into its message, once; return False if the lease is lost or the text is blank."""
    if not text.strip():
        return False
    content = [{"type": "text", "text": compaction.summary_text(text.strip())}]
    with transaction.atomic():
        if not Turn.objects.owned_by(running.owner, running.fence).filter(id=running.turn.id).exists():
            return False
        waiting = Message.objects.filter(id=job.message.id, kind=Message.Kind.SUMMARY, text="")
        return bool(waiting.update(content=content, text=text.strip()))


def _request(running: RunningTurn, path: ConversationPath) -> dict[str, Any]:
    """Ask after the conversation itself, whose prefix is cached. A conversation too long for that is quoted instead."""
    window = running.model.max_input_tokens
    answer = min(compaction.SUMMARY_TOKENS, running.model.max_output_tokens, window // 4)
    # No tools that the provider would run: viewers are not shown what happens while a summary is written.
    body = mcp_connector.without_servers(running.turn.frame.body)
    if (body.get("thinking") or {}).get("type") == "enabled":
        del body["thinking"]
    if expected_tokens(running.turn, path) + answer < window:
        return request_of(
            running, path, body=_plain(body), asking=compaction.SUMMARY_INSTRUCTION, max_tokens=answer
        )
    messages = compaction.from_last_compaction([path_message(message, "") for message in path.sent.messages])
    parts = [(message.role, text) for message in messages if (text := plain_text(message.content))]
    quoted = compaction.quoted_transcript(parts, window - 2 * answer)
    text = f"{compaction.SUMMARY_INSTRUCTION}\n\n<conversation>\n{quoted}\n</conversation>"
    return {
        "model": body["model"],
        "max_tokens": answer,
        "messages": [{"role": "user", "content": [{"type": "text", "text": text}]}],
    }


def _plain(body: dict[str, Any]) -> dict[str, Any]:
    """Return the frame's body without its output schema, because a summary is prose."""
    body = without(body, "tool_choice")
    if "format" in (body.get("output_config") or {}):
        rest = without(body["output_config"], "format")
        body = {**body, "output_config": rest} if rest else without(body, "output_config")
    return body
