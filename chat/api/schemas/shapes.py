"""Rows as the JSON of this API. Fields that are not named here are never sent: prompts, credentials, addresses."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from chat.api.schemas import outputs
from chat.claude.encoding.exact_numbers import indented_json
from chat.models import (
    ApiCall,
    Attachment,
    Conversation,
    Import,
    Message,
    SavedPrompt,
    ToolCall,
    Turn,
    User,
)
from chat.models.ids import MessageId
from chat.operations.imports.begin import refusal_text
from chat.operations.turns.failover import offered_after_refusal
from chat.presentation.import_report import left_out_rows
from chat.presentation.thread import Thread
from chat.presentation.wording import failure_text
from chat.search.results import Hit

COUNTERS = tuple(outputs.Tokens.model_fields)
_CERTAINTIES = (ApiCall.Certainty.EXACT, ApiCall.Certainty.ESTIMATED, ApiCall.Certainty.UNKNOWN)


def identifier(value: object) -> str | None:
    return None if value is None else str(value)


def usd(value: Decimal) -> str:
    """Return the exact amount without an exponent or trailing zeros, such as 0.00123."""
    return format(value.normalize(), "f")


def import_progress(row: Import) -> outputs.ImportOut:
    code = row.error_code
    return outputs.ImportOut(
        id=str(row.id),
        status=row.status,
        error={"code": code, "message": refusal_text(code)} if code else None,
        file=row.file_name,
        done=row.done,
        total=row.total,
        taken=row.taken,
        left_out=[
            outputs.LeftOutOut(kind=one.kind, code=one.code, count=one.count, reason=one.reason)
            for one in left_out_rows(row)
        ],
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


def conversation(row: Conversation) -> outputs.ConversationOut:
    return outputs.ConversationOut(
        id=str(row.id),
        title=row.title,
        assistant=identifier(row.assistant_id),
        model=identifier(row.model_id),
        project=identifier(row.project_id),
        effort=row.effort,
        tools_off=row.tools_off,
        pinned=row.pinned,
        archived=row.archived,
        expires_at=row.expires_at,
        active_leaf=identifier(row.active_leaf_id),
        forked_from=identifier(row.forked_from_id),
        created_at=row.created_at,
        updated_at=row.updated_at,
        last_message_at=row.last_message_at,
    )


def search_hit(hit: Hit) -> outputs.SearchHit:
    return outputs.SearchHit(
        conversation=str(hit.conversation.id),
        message=identifier(hit.message.id) if hit.message else None,
        title=hit.conversation.title,
        archived=hit.conversation.archived,
        role=hit.message.role if hit.message else None,
        snippet=hit.excerpt.text,
        highlights=list(hit.excerpt.hits),
        at=hit.at,
    )


def saved_prompt(row: SavedPrompt, reader: User) -> outputs.SavedPromptOut:
    return outputs.SavedPromptOut(
        id=str(row.id),
        command=row.command,
        description=row.description,
        text=row.text,
        own=row.owner_id == reader.pk,
    )


def _message(row: Message) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "conversation": str(row.conversation_id),
        "parent": identifier(row.parent_id),
        "role": row.role,
        "kind": row.kind,
        "status": row.status,
        "content": row.content,
        "text": row.text,
        "model": row.model_name,
        "stop_reason": row.stop_reason or None,
        "turn": identifier(row.turn_id),
        "created_at": row.created_at,
    }


def _joined(parts: list[Message]) -> dict[str, Any]:
    """Return the last part of an answer with the content and the text of all its parts."""
    content = [block for part in parts for block in part.content]
    return {**_message(parts[-1]), "content": content, "text": "".join(part.text for part in parts)}


def attachment(row: Attachment) -> outputs.AttachmentOut:
    return outputs.AttachmentOut(
        id=str(row.id),
        name=row.name,
        kind=row.kind,
        media_type=row.original.media_type,
        size_bytes=row.original.size_bytes,
        sha256=row.original.digest,
        width=row.width,
        height=row.height,
        pages=row.pages,
        characters=len(row.text) or None,
        created_at=row.created_at,
    )


def thread(page: Thread, calls: Mapping[MessageId, ApiCall]) -> outputs.MessagePage:
    """Return a page of messages, with what `calls`, the last ledger row of each answer, cost."""
    messages = [
        outputs.ThreadMessage(
            **_message(row),
            versions=[str(version) for version in page.siblings[row.id]],
            cost_usd=usd(calls[row.id].cost_usd) if row.id in calls else None,
        )
        for row in page.messages
    ]
    return outputs.MessagePage(
        data=messages,
        next=messages[0].id if messages and page.has_more else None,
        active_turn=identifier(page.active_turn.id) if page.active_turn else None,
    )


def _others(row: Turn) -> list[outputs.ChoiceOut] | None:
    if row.compare_with is None:
        return None
    return [outputs.ChoiceOut(assistant=one["assistant"], model=one["model"]) for one in row.compare_with]


def turn(row: Turn) -> outputs.TurnOut:
    """Return a turn with its newest answer, its tool calls and the sums of its ledger rows (four queries).

    An unfinished answer is empty: its text is in the turn's events until the turn ends.
    """
    parts = row.last_answer_parts()
    calls = list(row.api_calls.all())
    failed = bool(row.error_code)
    return outputs.TurnOut(
        id=str(row.id),
        conversation=str(row.conversation_id),
        client_id=str(row.client_id),
        status=row.status,
        user_message=str(row.user_message_id),
        message=outputs.MessageOut(**_joined(parts)) if parts else None,
        model=identifier(row.model_id),
        length=row.requested_length or None,
        stop_reason=row.stop_reason or None,
        error=outputs.FailureOut(code=row.error_code, message=failure_text(row.error_code, row.error_detail))
        if failed
        else None,
        can_continue=row.can_continue,
        compare_with=_others(row),
        tool_calls=[tool_call(made) for made in _tool_calls(row)],
        notices=row.notices,
        fallback=_fallback(row),
        usage=tokens(calls),
        cost_usd=usd(sum((call.cost_usd for call in calls), Decimal(0))),
        certainty=_least_certain(calls),
        last_seq=row.last_seq,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def _tool_calls(row: Turn) -> list[ToolCall]:
    return list(row.tool_calls.select_related("tool").order_by("message__depth", "position", "id"))


def _fallback(row: Turn) -> outputs.Fallback | None:
    other = offered_after_refusal(row) if row.status == Turn.Status.REFUSED else None
    return outputs.Fallback(id=str(other.id), name=other.display_name) if other else None


def tool_call(row: ToolCall) -> outputs.ToolCallOut:
    return outputs.ToolCallOut(
        id=str(row.id),
        turn=str(row.turn_id),
        message=str(row.message_id),
        tool_use_id=row.tool_use_id,
        name=row.name,
        title=row.tool.title if row.tool else "",
        input=row.effective_input,
        input_json=indented_json(row.effective_input),
        status=row.status,
        decision=row.decision or None,
        reason=row.reason,
        is_error=row.is_error,
        result=row.result,
        expires_at=row.expires_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def tokens(calls: Iterable[ApiCall]) -> outputs.Tokens:
    rows = list(calls)
    return outputs.Tokens(**{name: sum(getattr(call, name) for call in rows) for name in COUNTERS})


def _least_certain(calls: list[ApiCall]) -> str | None:
    found = {call.certainty for call in calls}
    return next((certainty.value for certainty in reversed(_CERTAINTIES) if certainty in found), None)
