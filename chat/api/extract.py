"""Extraction: text in, data of a schema out, in one request. It is a turn, and retried and paid as one."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Header, Router

from chat.api import schemas, shapes
from chat.api.identity import Identity, identity_of
from chat.api.problems import problem
from chat.api.turns import announced, awaited, chosen_client_id
from chat.claude.output_schema import read_answer
from chat.engine.database import in_database
from chat.models import Turn
from chat.operations.request.output_schema import INVALID, TRUNCATED
from chat.operations.turns.extraction import start_extraction
from chat.presentation.wording import failure_text

router = Router(tags=["extraction"])
# What the caller can change by asking otherwise; everything else failed behind Parley.
CALLERS_FAULT = frozenset({TRUNCATED, "refused", "stopped", "context_full", "too_large"})
BUSY = frozenset({"rate_limited", "overloaded", "unavailable", "restarted"})


@router.post("/extract", response=schemas.ExtractOut)
async def extract(
    request: HttpRequest,
    data: schemas.ExtractInput,
    idempotency_key: str | None = Header(None, alias="Idempotency-Key"),
) -> schemas.ExtractOut | HttpResponse:
    """Read data of a JSON Schema out of a text: waits for the answer, which is checked against the schema.

    A problem with the code invalid_output has what the model wrote instead as `text`.
    """
    identity = identity_of(request)
    attached = {"attachments": data.attachments} if data.attachments else {}
    started = await in_database(
        start_extraction,
        author=identity.user,
        client_id=chosen_client_id(data.client_id, idempotency_key),
        text=data.text,
        schema=data.shape,
        instructions=data.instructions,
        assistant_id=data.assistant,
        model_id=data.model,
        doorway=identity.doorway(),
        **attached,
    )
    await announced(started)
    await awaited(started.turn, identity)
    return await in_database(_result, identity, started.turn.id)


def _result(identity: Identity, turn_id: Any) -> schemas.ExtractOut | HttpResponse:
    row = Turn.objects.get(id=turn_id, author=identity.user)
    told = shapes.turn(row)
    if row.status != Turn.Status.COMPLETED or told.message is None:
        return _failure(row, told)
    return schemas.ExtractOut(
        data=read_answer(told.message.content), usage=told.usage, cost_usd=told.cost_usd, turn=told.id
    )


def _failure(row: Turn, told: schemas.TurnOut) -> HttpResponse:
    code = row.error_code or row.status
    status = 422 if code in CALLERS_FAULT else 503 if code in BUSY else 502
    more: dict[str, Any] = {"turn": told.id, "cost_usd": told.cost_usd}
    if code in (INVALID, TRUNCATED) and told.message is not None:
        more |= {"text": told.message.text, "reason": row.error_detail}
    return problem(status, code, failure_text(code, row.error_detail), **more)
