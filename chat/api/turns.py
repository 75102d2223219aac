"""Turns: starting, following, stopping, continuing and repeating them. A turn outlives its request."""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from ninja import Header, Query, Router
from ninja.errors import AuthenticationError
from ninja.responses import Status

from chat import access
from chat.api.identity import ApiIdentity, identity_of
from chat.api.problems import Problem
from chat.api.schemas import inputs, outputs, shapes
from chat.api.streams import (
    check_resumable,
    event_stream,
    release_connection,
    require_place,
    until_finished,
)
from chat.engine import submit
from chat.engine.database import in_database
from chat.events.payloads import accepted
from chat.models import Turn
from chat.operations.errors import not_found
from chat.operations.turns.subscription import Resumption
from chat.operations.turns.turn_request import AcceptedTurn, TurnRequest

router = Router(tags=["turns"])

EVENT_STREAM = {"text/event-stream": {"schema": {"type": "string"}}}
STREAMED = {"responses": {200: {"content": EVENT_STREAM}}}
ANSWERS = {200: outputs.TurnOut, 202: outputs.TurnOut}
Answer = Status[Any] | HttpResponseBase
IdempotencyKey = Header(None, alias="Idempotency-Key", description="The same as `client_id`; a UUID.")


@router.post("/turns", response=ANSWERS, openapi_extra=STREAMED)
async def start_first_turn(
    request: HttpRequest, data: inputs.FirstTurnInput, idempotency_key: str | None = IdempotencyKey
) -> Answer:
    """Write a message, in a new conversation unless one is named."""
    more = {"temporary": data.temporary, "project_id": data.project}
    return await _start(request, data, data.conversation, idempotency_key, **more)


@router.post("/conversations/{conversation_id}/turns", response=ANSWERS, openapi_extra=STREAMED)
async def start_turn(
    request: HttpRequest,
    conversation_id: str,
    data: inputs.TurnInput,
    idempotency_key: str | None = IdempotencyKey,
) -> Answer:
    """Write a message in a conversation; the answer comes whole, as a stream, or later.

    JSON when it is done; with `wait: false` 202 at once; with `Accept: text/event-stream` the events of the turn.
    """
    return await _start(request, data, conversation_id, idempotency_key)


@router.get("/turns/{turn_id}", response=outputs.TurnOut)
def read_turn(request: HttpRequest, turn_id: str) -> outputs.TurnOut:
    """A turn with its answer, its state and what it cost."""
    return shapes.turn(_own(identity_of(request), turn_id))


@router.get("/turns/{turn_id}/events", response={200: None, 204: None}, openapi_extra=STREAMED)
async def read_events(
    request: HttpRequest,
    turn_id: str,
    after: int = Query(0, ge=0, le=2**31 - 1, description="Only events with a higher seq."),
    last_event_id: int | None = Header(None, alias="Last-Event-ID", ge=0, le=2**31 - 1),
) -> Answer:
    """The turn's events as server-sent events, from the first (or behind Last-Event-ID) to turn.finished.

    204 when all of them were received already; 410 when they can't be continued.
    """
    identity = identity_of(request)
    require_place(identity)
    position = after if last_event_id is None else last_event_id
    turn, complete = await in_database(_resumable, identity, turn_id, position)
    await release_connection()
    if complete:
        return Status(204, None)
    return event_stream(turn, position, identity)


@router.post("/turns/{turn_id}/stop", response={202: outputs.TurnOut})
async def stop_turn(request: HttpRequest, turn_id: str, data: inputs.Nothing | None = None) -> Answer:
    """Ask for the end of an answer; what has arrived is kept. Stopping what has ended changes nothing."""
    turn = await submit.submit_stop(identity_of(request).user, turn_id)
    return Status(202, await in_database(_shaped, identity_of(request), turn.id))


@router.post("/turns/{turn_id}/continue", response=ANSWERS, openapi_extra=STREAMED)
async def continue_turn(
    request: HttpRequest,
    turn_id: str,
    data: inputs.Again | None = None,
    idempotency_key: str | None = IdempotencyKey,
) -> Answer:
    """Ask for the rest of an answer that was stopped, interrupted or cut at its length limit."""
    again = data or inputs.Again.model_validate({})
    return await _submit(request, again, idempotency_key, submit.submit_continuation, turn_id=turn_id)


@router.post("/turns/{turn_id}/retry", response=ANSWERS, openapi_extra=STREAMED)
async def retry_turn(
    request: HttpRequest,
    turn_id: str,
    data: inputs.Retry | None = None,
    idempotency_key: str | None = IdempotencyKey,
) -> Answer:
    """Answer the same message once more; both answers stay as versions of each other."""
    again = data or inputs.Retry.model_validate({})
    fields = {
        "turn_id": turn_id,
        "model_id": again.model,
        "length": again.length,
        "effort": again.effort,
        "compare_with": again.others,
    }
    return await _submit(request, again, idempotency_key, submit.submit_retry, **fields)


async def _start(
    request: HttpRequest,
    data: inputs.TurnInput,
    conversation_id: str | None,
    idempotency_key: str | None,
    **more: Any,
) -> Answer:
    fields = {
        "text": data.text,
        "content": data.content,
        "conversation_id": conversation_id,
        "assistant_id": data.assistant,
        "model_id": data.model,
        "effort": data.effort,
        "tools_off": data.tools_off,
        "parent_id": data.parent,
        "attachments": data.attachments,
        "output_schema": data.output_schema,
        "compare_with": data.others,
        **more,
    }
    return await _submit(request, data, idempotency_key, submit.submit_turn, **fields)


async def _submit(
    request: HttpRequest,
    data: inputs.Again,
    idempotency_key: str | None,
    command: Callable[[TurnRequest], Awaitable[AcceptedTurn]],
    **fields: Any,
) -> Answer:
    """Submit a turn and answer in the form that the client asked for."""
    identity = identity_of(request)
    if data.wait or _wants_events(request):
        require_place(identity)
    # The turn alone: a long wait must not keep the path that was read for it.
    turn = (await command(api_turn_request(identity, data.client_id, idempotency_key, **fields))).turn
    await release_connection()
    if _wants_events(request):
        await in_database(check_resumable, turn, 0)
        return event_stream(turn, 0, identity, opening=accepted(turn))
    if data.wait:
        await awaited(turn, identity)
    shaped = await in_database(_shaped, identity, turn.id)
    return Status(200 if shaped.finished_at else 202, shaped)


def api_turn_request(
    identity: ApiIdentity, client_id: str | None, idempotency_key: str | None, **fields: Any
) -> TurnRequest:
    """Return what this identity asks for; its client id is in the body or in a header, else a new one is made."""
    return TurnRequest(
        author=identity.user,
        client_id=chosen_client_id(client_id, idempotency_key),
        door=Turn.Door.API,
        api_key=identity.api_key,
        **fields,
    )


async def awaited(turn: Turn, identity: ApiIdentity) -> None:
    """Wait for a turn's end.

    Raises:
        AuthenticationError: the identity is no longer valid.
    """
    await until_finished(turn, identity)
    if not await in_database(identity.still_holds):
        raise AuthenticationError


def chosen_client_id(sent: str | None, header: str | None) -> str:
    """Return the id that a client gave its message, in the body or as a header; else a new one."""
    if sent is not None and header is not None and sent != header:
        raise Problem(
            422, "invalid", _("client_id and Idempotency-Key are different. Send only one of them.")
        )
    return sent or header or str(uuid.uuid4())


def _wants_events(request: HttpRequest) -> bool:
    return request.get_preferred_type(["application/json", "text/event-stream"]) == "text/event-stream"


def _own(identity: ApiIdentity, turn_id: object) -> Turn:
    turn = access.find_turn(identity.user, turn_id)
    if turn is None:
        raise not_found()
    return turn


def _resumable(identity: ApiIdentity, turn_id: str, after: int) -> tuple[Turn, bool]:
    """Return the turn, and whether it has no events after `after` any more."""
    turn = _own(identity, turn_id)
    return turn, check_resumable(turn, after) == Resumption.COMPLETE


def _shaped(identity: ApiIdentity, turn_id: object) -> outputs.TurnOut:
    return shapes.turn(_own(identity, turn_id))
