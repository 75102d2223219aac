"""A round of tools: from the tool_use blocks of one answer to the one user message that has all their results.

The row of a call is authoritative. Each step is a conditional update, so that a call runs at most once even if several
processes try. The texts of results are for models and always in English.
"""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils import timezone

from chat.claude.content import blocks
from chat.claude.content.blocks import Block
from chat.events import payloads
from chat.events.payloads import Event
from chat.models import (
    Approval,
    AssistantTool,
    Conversation,
    McpServer,
    Message,
    ToolCall,
    ToolDefinition,
    Turn,
)
from chat.models.fields import uuid7
from chat.models.ids import MessageId, TurnId
from chat.operations.request.attachment_limits import fit_pictures
from chat.tools.project_documents import NAME as SEARCH_PROJECT

Status = ToolCall.Status

DECISION_LIFETIME = dt.timedelta(hours=24)
CALLS_PER_ANSWER = 32
NOT_RUN = blocks.NOT_RUN
AT_LIMIT = "not run: this turn has made as many model calls as it may"
CUT = "not run: the answer reached its length limit before the input was whole"
FULL = "not run: the answer filled the context window"
BROKEN = "not run: the answer broke off before it was whole"
NOT_REACHED = "not run: the answer ended before the tool's turn came"
STOPPED_WITHIN = "stopped while it ran: it may have done its work"
INTERRUPTED = "not run: the turn was interrupted"
INTERRUPTED_WITHIN = "interrupted while it ran: it may have done its work, and was not run again"


@dataclasses.dataclass(frozen=True, slots=True)
class PlannedCall:
    """A call whose row is not saved yet, and what its events need besides."""

    row: ToolCall
    approval: str
    title: str

    def events(self) -> list[Event]:
        """Return its tool.requested event and, if it is final at once, its tool.finished event."""
        row = self.row
        asked = payloads.tool_requested(
            tool_call=str(row.id),
            message=str(row.message_id),
            tool_use_id=row.tool_use_id,
            name=row.name,
            title=self.title,
            input=row.input,
            approval=self.approval,
            status=row.status,
            expires_at=row.expires_at.isoformat() if row.expires_at else None,
        )
        return [asked, tool_finished_event(row)] if row.status in ToolCall.FINAL else [asked]


def plan_calls(
    turn: Turn, message: Message, content: Sequence[Block], invalid: Mapping[int, str], *, not_run: str = ""
) -> list[PlannedCall]:
    """Return an unsaved row for each client tool_use of an answer; it waits, may run, or is final at once.

    `invalid` maps block indexes to inputs that are not JSON objects. `not_run` is the reason if no call may run.
    """
    asked: dict[str, tuple[int, Block]] = {}
    for index, block in enumerate(content):
        if block.get("type") == "tool_use":
            asked.setdefault(str(block["id"]), (index, block))  # a repeated id gets one result
    offered = _offered(turn) if asked else {}
    allowed = (
        _allowed_tools(turn) if any(_approval(link) == Approval.ASK for link in offered.values()) else ()
    )
    planned = []
    for position, (index, block) in enumerate(asked.values()):
        row = _row(turn, message, position, block)
        link = offered.get(str(block.get("name")))
        approval = _approval(link) if link else Approval.DENY.value
        if link and approval == Approval.ASK and str(link.tool_id) in allowed:
            approval = Approval.ALLOW.value
        row.tool = link.tool if link else None
        _set_out(row, approval, invalid.get(index), not_run)
        planned.append(PlannedCall(row, approval, link.tool.title if link else ""))
    return planned


def _offered(turn: Turn) -> dict[str, AssistantTool]:
    """Return the tools that this turn's frame may have, by name: its assistant's, and that of its project."""
    offered: dict[str, AssistantTool] = {}
    assistant = turn.conversation.assistant
    if assistant is not None:
        links = assistant.tool_links.filter(tool__in=ToolDefinition.objects.usable())
        links = links.exclude(tool__kind=ToolDefinition.Kind.SERVER)
        links = links.exclude(tool__server__route=McpServer.Route.CONNECTOR)
        off = turn.conversation.tools_off
        chosen = (link for link in links.select_related("tool") if str(link.tool_id) not in off)
        offered = {link.tool.name: link for link in chosen}
    named = any(tool.get("name") == SEARCH_PROJECT for tool in turn.frame.body.get("tools", ()))
    if named and SEARCH_PROJECT not in offered:
        tool = ToolDefinition.objects.usable().filter(name=SEARCH_PROJECT).first()
        offered |= {SEARCH_PROJECT: AssistantTool(tool=tool)} if tool else {}
    return offered


def _approval(link: AssistantTool) -> str:
    return str(link.approval or link.tool.approval)


def _allowed_tools(turn: Turn) -> Sequence[str]:
    """Return the ids of the tools that the owner allowed for this conversation, perhaps since the turn was claimed."""
    allowed: list[str] = Conversation.objects.values_list("allowed_tools", flat=True).get(
        id=turn.conversation_id
    )
    return allowed


def _row(turn: Turn, message: Message, position: int, block: Block) -> ToolCall:
    return ToolCall(
        id=uuid7(),
        turn=turn,
        message=message,
        tool_use_id=str(block["id"])[:120],
        position=position,
        name=str(block.get("name", ""))[:128],
        input=block.get("input") or {},
    )


def _set_out(row: ToolCall, approval: str, invalid: str | None, not_run: str) -> None:
    """Set the first status of a new call: waiting, ready or final."""
    if not_run:
        _end(row, Status.STOPPED, not_run)
    elif row.tool is None:
        _end(row, Status.FAILED, f"There is no tool named {row.name} here.")
    elif invalid is not None:
        _end(row, Status.FAILED, f"Not run: the input is not a JSON object: {invalid[:200]}")
    elif row.position >= CALLS_PER_ANSWER:
        _end(row, Status.STOPPED, f"Not run: one answer may ask for {CALLS_PER_ANSWER} calls at most.")
    elif approval == Approval.DENY:
        _end(row, Status.DENIED, "This tool may not be run here.")
    elif approval == Approval.ASK:
        row.status, row.expires_at = Status.WAITING, timezone.now() + DECISION_LIFETIME
    else:
        row.status = Status.READY


def _end(row: ToolCall, status: str, words: str) -> None:
    row.status, row.result, row.is_error = status, text_result(words), True
    row.finished_at = timezone.now()


def text_result(words: str) -> list[Block]:
    return [{"type": "text", "text": words}]


def tool_finished_event(call: ToolCall) -> Event:
    seconds = (
        (call.finished_at - call.started_at).total_seconds() if call.started_at and call.finished_at else None
    )
    return payloads.tool_finished(
        tool_call=str(call.id),
        status=call.status,
        is_error=call.is_error,
        seconds=seconds,
        result=call.result or [],
    )


def decision_events(call: ToolCall) -> list[Event]:
    """Return the events of a call that waited and was decided, denied or has expired."""
    told = []
    if call.decision:
        told.append(
            payloads.tool_decided(
                tool_call=str(call.id), decision=call.decision, status=call.status, input=call.edited_input
            )
        )
    return [*told, tool_finished_event(call)] if call.status in ToolCall.FINAL else told


def calls_of(message_id: MessageId) -> list[ToolCall]:
    """Return the calls that an answer asked for, in call order."""
    rows = ToolCall.objects.filter(message_id=message_id).select_related("tool__server")
    return list(rows.order_by("position", "id"))


def begin_call(call: ToolCall) -> bool:
    """Mark a ready call as running; return False if it runs already or is final."""
    call.started_at = timezone.now()
    return bool(
        ToolCall.objects.filter(id=call.id, status=Status.READY).update(
            status=Status.RUNNING, started_at=call.started_at
        )
    )


def finish_call(call: ToolCall, content: list[Block], *, is_error: bool) -> bool:
    """Write the result of a running call, once; return False if it was ended in the meantime."""
    call.status = Status.FAILED if is_error else Status.DONE
    call.result, call.is_error, call.finished_at = content, is_error, timezone.now()
    return _write_end(call, Status.RUNNING)


def close(turn_id: TurnId, *, stopped: bool) -> list[ToolCall]:
    """End all calls of a turn that are not final, because a person stopped it or its process died; return them."""
    left = ToolCall.objects.unanswered().filter(turn_id=turn_id).order_by("position", "id")
    with transaction.atomic():
        # Locked, because a cancelled task may still be writing the start or the end of its call.
        closed = list(left.select_for_update())
        for call in closed:
            before = call.status
            if before == Status.RUNNING:
                status = Status.STOPPED if stopped else Status.FAILED
                _end(call, status, STOPPED_WITHIN if stopped else INTERRUPTED_WITHIN)
            else:
                _end(call, Status.STOPPED, NOT_RUN if stopped else INTERRUPTED)
            _write_end(call, before)
    return closed


def _write_end(call: ToolCall, before: str) -> bool:
    return bool(
        ToolCall.objects.filter(id=call.id, status=before).update(
            status=call.status, result=call.result, is_error=call.is_error, finished_at=call.finished_at
        )
    )


def write_results(turn: Turn, message: Message) -> Message | None:
    """Create the user message with the results of all calls of an answer, in the caller's transaction.

    All calls are final by then. Return None if the answer asked for none, and the existing message if it was created
    before.
    """
    calls = calls_of(message.id)
    if not calls:
        return None
    known = Message.objects.filter(parent=message, turn=turn, kind=Message.Kind.RESULTS).first()
    if known:
        return known
    results = Message.objects.append(
        after=message,
        role=Message.Role.USER,
        kind=Message.Kind.RESULTS,
        content=fit_pictures([_result_block(call) for call in calls], message, turn.model),
        turn=turn,
    )
    Conversation.objects.filter(id=turn.conversation_id).update(active_leaf=results)
    return results


def _result_block(call: ToolCall) -> Block:
    block: Block = {"type": "tool_result", "tool_use_id": call.tool_use_id, "content": call.result}
    return {**block, "is_error": True} if call.is_error else block


def close_round(turn: Turn, *, stopped: bool) -> list[ToolCall]:
    """End a turn's open calls and write the results of its last round, so that every tool_use has its result."""
    with transaction.atomic():
        closed = close(turn.id, stopped=stopped)
        last = turn.last_answer()
        if last is not None:
            write_results(turn, last)
    return closed
