"""Turns: starting, following, stopping, continuing and repeating them. A turn outlives its request."""

import uuid
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from ninja import Header, Query, Router
from ninja.errors import AuthenticationError
from ninja.responses import Status

from chat import access
from chat.api import schemas, shapes
from chat.api.identity import Identity, identity_of
from chat.api.problems import Problem
from chat.api.streams import check_resumable, event_stream, release_connection, until_finished
from chat.engine.database import in_database
from chat.engine.runtime import engine
from chat.events.payloads import accepted
from chat.models import Turn
from chat.operations.errors import not_found
from chat.operations.turns import accept as journeys
from chat.operations.turns import stop
from chat.operations.turns.accept import Started

router = Router(tags=["turns"])

EVENT_STREAM = {"text/event-stream": {"schema": {"type": "string"}}}
STREAMED = {"responses": {200: {"content": EVENT_STREAM}}}
ANSWERS = {200: schemas.TurnOut, 202: schemas.TurnOut}
Answer = Status[Any] | HttpResponseBase
IdempotencyKey = Header(None, alias="Idempotency-Key", description="The same as `client_id`; a UUID.")


@router.post("/turns", response=ANSWERS, openapi_extra=STREAMED)
async def start_first_turn(
    request: HttpRequest, data: schemas.FirstTurnInput, idempotency_key: str | None = IdempotencyKey
) -> Answer:
    """Write a message, in a new conversation unless one is named."""
    return await _start(request, data, data.conversation, idempotency_key)


@router.post("/conversations/{conversation_id}/turns", response=ANSWERS, openapi_extra=STREAMED)
async def start_turn(
    request: HttpRequest,
    conversation_id: str,
    data: schemas.TurnInput,
    idempotency_key: str | None = IdempotencyKey,
) -> Answer:
    """Write a message in a conversation; the answer comes whole, as a stream, or later.

    JSON when it is done; with `wait: false` 202 at once; with `Accept: text/event-stream` the events of the turn.
    """
    return await _start(request, data, conversation_id, idempotency_key)


@router.get("/turns/{turn_id}", response=schemas.TurnOut)
def read_turn(request: HttpRequest, turn_id: str) -> schemas.TurnOut:
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
    position = after if last_event_id is None else last_event_id
    turn = await in_database(_resumable, identity, turn_id, position)
    await release_connection()
    if turn.finished and position >= turn.last_seq:
        return Status(204, None)
    return event_stream(turn, position, identity)


@router.post("/turns/{turn_id}/stop", response={202: schemas.TurnOut})
async def stop_turn(request: HttpRequest, turn_id: str, data: schemas.Nothing | None = None) -> Answer:
    """Ask for the end of an answer; what has arrived is kept. Stopping what has ended changes nothing."""
    turn = await in_database(stop.stop_turn, user=identity_of(request).user, turn_id=turn_id)
    engine().stop_turn(turn.id)
    return Status(202, await in_database(_shaped, identity_of(request), turn.id))


@router.post("/turns/{turn_id}/continue", response=ANSWERS, openapi_extra=STREAMED)
async def continue_turn(
    request: HttpRequest,
    turn_id: str,
    data: schemas.Again | None = None,
    idempotency_key: str | None = IdempotencyKey,
) -> Answer:
    """Ask for the rest of an answer that was stopped, interrupted or cut at its length limit."""
    return await _again(
        request,
        data or schemas.Again.model_validate({}),
        idempotency_key,
        journeys.continue_turn,
        turn_id=turn_id,
    )


@router.post("/turns/{turn_id}/retry", response=ANSWERS, openapi_extra=STREAMED)
async def retry_turn(
    request: HttpRequest,
    turn_id: str,
    data: schemas.Retry | None = None,
    idempotency_key: str | None = IdempotencyKey,
) -> Answer:
    """Answer the same message once more; both answers stay as versions of each other."""
    wish = data or schemas.Retry.model_validate({})
    return await _again(
        request, wish, idempotency_key, journeys.retry_turn, turn_id=turn_id, model_id=wish.model
    )


async def _start(
    request: HttpRequest, data: schemas.TurnInput, conversation_id: str | None, idempotency_key: str | None
) -> Answer:
    return await _again(
        request,
        data,
        idempotency_key,
        journeys.start_turn,
        text=data.text,
        content=data.content,
        conversation_id=conversation_id,
        assistant_id=data.assistant,
        model_id=data.model,
        parent_id=data.parent,
        attachments=data.attachments,
        output_schema=data.output_schema,
    )


async def _again(
    request: HttpRequest,
    data: schemas.Again,
    idempotency_key: str | None,
    journey: Callable[..., Started],
    **choices: Any,
) -> Answer:
    """Run the journey that queues a turn, wake the engine, and answer as the client asked for it."""
    identity = identity_of(request)
    client_id = chosen_client_id(data.client_id, idempotency_key)
    started = await in_database(
        journey, author=identity.user, client_id=client_id, doorway=identity.doorway(), **choices
    )
    turn = started.turn
    announcement = await announced(started)
    if _wants_events(request):
        await in_database(check_resumable, turn, 0)
        return event_stream(turn, 0, identity, opening=announcement)
    if data.wait:
        await awaited(turn, identity)
    shaped = await in_database(_shaped, identity, turn.id)
    return Status(200 if shaped.finished_at else 202, shaped)


async def announced(started: Started) -> dict[str, Any]:
    """Tell viewers of an accepted turn and wake the engine; returns the announcement."""
    announcement = accepted(started.turn)
    if started.created:
        engine().hub.tell(started.turn.conversation_id, announcement)
        await engine().wake(started.turn.id)
    await release_connection()
    return announcement


async def awaited(turn: Turn, identity: Identity) -> None:
    """Wait for a turn's end.

    Raises:
        AuthenticationError: who asked may no longer see it.
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


def _own(identity: Identity, turn_id: object) -> Turn:
    turn = access.find_turn(identity.user, turn_id)
    if turn is None:
        raise not_found()
    return turn


def _resumable(identity: Identity, turn_id: str, after: int) -> Turn:
    turn = _own(identity, turn_id)
    check_resumable(turn, after)
    return turn


def _shaped(identity: Identity, turn_id: object) -> schemas.TurnOut:
    return shapes.turn(_own(identity, turn_id))
