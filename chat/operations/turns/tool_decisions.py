"""Decisions about waiting tool calls: once, by the conversation's owner, in time. The turn then continues by itself.

Each change of a waiting turn locks its row first. While the turn has no owner, its events are appended here; while an
engine runs it, the engine reads the rows and publishes their events.
"""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from chat import access
from chat.claude.content.blocks import DENIED, DENIED_WITH_REASON
from chat.claude.encoding.exact_numbers import exact_json, read_json
from chat.claude.encoding.text import clean_json, clean_text
from chat.events import hints
from chat.events.store import append_unowned
from chat.models import Conversation, ToolCall, ToolDefinition, Turn, User
from chat.models.ids import TurnId
from chat.operations.errors import OperationError, invalid, not_found
from chat.operations.turns.tool_rounds import decision_events, text_result
from chat.tools.validate import SchemaUnusable, input_errors

LONGEST_INPUT, LONGEST_REASON = 200_000, 500
# Indented by a person, an input may be much longer than it is when it is sent.
LONGEST_INPUT_TEXT = 1_000_000
EXPIRED = "not run: the approval timed out"

Status, Decision = ToolCall.Status, ToolCall.Decision


@dataclasses.dataclass(frozen=True, slots=True)
class Decided:
    """A decided call; `resumes` says whether its turn is queued for an engine now."""

    call: ToolCall
    turn_id: TurnId
    resumes: bool


def decide_call(
    *,
    user: User,
    tool_call_id: object,
    decision: object,
    input: object = None,  # noqa: A002 - the API's word
    reason: object = "",
    remember: bool = False,
) -> Decided:
    """Approve a call, deny it with a reason, or approve it with another `input`, which has to fit the tool's schema.

    `input` is an object or its JSON text, as a person edits it.
    `remember` with an approval allows the tool for the rest of the conversation, and its calls that wait already.

    Raises:
        OperationError: not_found, invalid, decided (the call was decided before, or expired).
    """
    found = access.find_tool_call(user, tool_call_id)
    if found is None:
        raise not_found()
    changes = _changes(found, decision, input, reason) | {"decided_by": user, "decided_at": timezone.now()}
    with transaction.atomic():
        turn = Turn.objects.select_for_update().get(id=found.turn_id)
        waiting = ToolCall.objects.waiting().filter(id=found.id, expires_at__gt=timezone.now())
        if not waiting.update(**changes):
            raise OperationError("decided", _("This call was already decided, or it expired."), status=409)
        found.refresh_from_db()
        decided = [found]
        if remember and decision == Decision.APPROVE and found.tool_id is not None:
            decided += _allow_tool(turn, found, changes)
        resumes = _go_on(turn, decided)
    return Decided(found, turn.id, resumes)


def expire_calls() -> list[Any]:
    """End the calls that waited too long; return the ids of turns that continue without them."""
    late = ToolCall.objects.waiting().filter(expires_at__lte=timezone.now())
    turns = list(late.order_by("turn_id").values_list("turn_id", flat=True).distinct())
    return [turn_id for turn_id in turns if _expire_in(turn_id)]


def _expire_in(turn_id: TurnId) -> bool:
    now = timezone.now()
    with transaction.atomic():
        turn = Turn.objects.select_for_update().get(id=turn_id)
        late = ToolCall.objects.waiting().filter(turn=turn, expires_at__lte=now)
        ended = list(late.order_by("position", "id"))
        ToolCall.objects.waiting().filter(id__in=[call.id for call in ended]).update(
            status=Status.EXPIRED, result=text_result(EXPIRED), is_error=True, finished_at=now
        )
        for call in ended:
            call.refresh_from_db()
        return _go_on(turn, ended)


def _allow_tool(turn: Turn, call: ToolCall, changes: dict[str, Any]) -> list[ToolCall]:
    """Allow a call's tool for the rest of the conversation; return the turn's other calls of it, now approved."""
    conversation = Conversation.objects.select_for_update().get(id=turn.conversation_id)
    allowed = dict.fromkeys([*conversation.allowed_tools, str(call.tool_id)])
    Conversation.objects.filter(id=conversation.id).update(allowed_tools=[*allowed])
    same = ToolCall.objects.waiting().filter(turn=turn, tool=call.tool_id, expires_at__gt=timezone.now())
    waiting = list(same.order_by("position", "id"))
    ToolCall.objects.waiting().filter(id__in=[each.id for each in waiting]).update(**changes)
    for each in waiting:
        each.refresh_from_db()
    return waiting


def _changes(call: ToolCall, decision: object, given: object, reason: object) -> dict[str, Any]:
    """Return the columns that a decision sets."""
    if decision == Decision.APPROVE:
        return {"status": Status.READY, "decision": Decision.APPROVE}
    if decision == Decision.EDIT:
        return {
            "status": Status.READY,
            "decision": Decision.EDIT,
            "edited_input": _checked_input(call, given),
        }
    if decision != Decision.DENY:
        raise invalid(_("Decide with approve, deny or edit."))
    if not isinstance(reason, str | None):
        raise invalid(_("The reason must be text."))
    words = clean_text(reason or "").strip()
    if len(words) > LONGEST_REASON:
        raise invalid(_("The reason may have at most 500 characters."))
    told = f"{DENIED_WITH_REASON}{words}" if words else DENIED
    return {
        "status": Status.DENIED,
        "decision": Decision.DENY,
        "reason": words,
        "result": text_result(told),
        "is_error": True,
        "finished_at": timezone.now(),
    }


def _checked_input(call: ToolCall, given: object) -> dict[str, Any]:
    if isinstance(given, str):
        given = _read_input(given)
    if not isinstance(given, dict):
        raise invalid(_("The input must be a JSON object."))
    try:
        cleaned: dict[str, Any] = clean_json(given)
        length = len(exact_json(cleaned))
    except ValueError:
        raise invalid(_("The input must be a JSON object.")) from None
    if length > LONGEST_INPUT:
        raise _too_long()
    _check_against_schema(call.tool, cleaned)
    return cleaned


def _read_input(text: str) -> Any:
    if len(text) > LONGEST_INPUT_TEXT:
        raise _too_long()
    try:
        return read_json(text)
    except json.JSONDecodeError as error:
        raise invalid(
            _("The input is not a JSON object. Check line %(line)d, column %(column)d.")
            % {"line": error.lineno, "column": error.colno}
        ) from None
    except (ValueError, RecursionError):  # NaN or Infinity, or nested too deep
        raise invalid(_("The input must be a JSON object.")) from None


def _too_long() -> OperationError:
    return OperationError("too_long", _("The input is too long."), status=413)


def _check_against_schema(tool: ToolDefinition | None, given: dict[str, Any]) -> None:
    """Refuse an input that the tool would refuse, while the person can still correct it."""
    if tool is None:
        return  # the tool was deleted; the call fails when it runs
    try:
        found = input_errors(tool.input_schema, given, trusted=tool.kind != ToolDefinition.Kind.MCP)
    except SchemaUnusable:
        raise invalid(
            _("The input schema of this tool can’t be used. An administrator has to correct it.")
        ) from None
    if found:
        raise invalid(_("The input does not fit this tool: %(problems)s") % {"problems": "; ".join(found)})


def _go_on(turn: Turn, changed: Sequence[ToolCall]) -> bool:
    """Append the events of changed calls to a turn without an owner; queue it if no call waits any more."""
    if turn.status != Turn.Status.WAITING:
        hints.publish(decided=[str(turn.id)])
        return False
    append_unowned(turn, [event for call in changed for event in decision_events(call)])
    resumes = not ToolCall.objects.waiting().filter(turn=turn).exists()
    if resumes:
        turn.status = Turn.Status.QUEUED
    turn.save(update_fields=["status", "last_seq"])
    hints.publish(turns={str(turn.id): turn.last_seq}, conversations=[str(turn.conversation_id)])
    return resumes
