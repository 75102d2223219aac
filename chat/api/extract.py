"""Extraction: read data of a schema out of a text, in one request. It is retried and paid as any turn."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Header, Router

from chat.api.identity import ApiIdentity, identity_of
from chat.api.problems import problem
from chat.api.schemas import inputs, outputs, shapes
from chat.api.streams import release_connection, require_place
from chat.api.turns import api_turn_request, awaited
from chat.claude.request.output_schema import read_answer
from chat.engine import submit
from chat.engine.database import in_database
from chat.models import Turn
from chat.models.ids import TurnId
from chat.operations.request.output_schema import INVALID, TRUNCATED
from chat.presentation.wording import failure_text

router = Router(tags=["extraction"])
# Failures that another request may avoid; all others happened behind Parley.
CALLERS_FAULT = frozenset({TRUNCATED, "refused", "stopped", "context_full", "too_large"})
BUSY = frozenset({"rate_limited", "overloaded", "unavailable", "restarted"})


@router.post("/extract", response=outputs.ExtractOut)
async def extract(
    request: HttpRequest,
    data: inputs.ExtractInput,
    idempotency_key: str | None = Header(None, alias="Idempotency-Key"),
) -> outputs.ExtractOut | HttpResponse:
    """Read data of a JSON Schema out of a text: waits for the answer, which is checked against the schema.

    A problem with the code invalid_output has what the model wrote instead as `text`.
    """
    identity = identity_of(request)
    wanted = api_turn_request(
        identity,
        data.client_id,
        idempotency_key,
        text=data.text,
        attachments=data.attachments or None,
        output_schema=data.shape,
        assistant_id=data.assistant,
        model_id=data.model,
    )
    require_place(identity)
    found = await submit.submit_extraction(wanted, instructions=data.instructions)
    await release_connection()
    await awaited(found.turn, identity)
    return await in_database(_result, identity, found.turn.id)


def _result(identity: ApiIdentity, turn_id: TurnId) -> outputs.ExtractOut | HttpResponse:
    row = Turn.objects.get(id=turn_id, author=identity.user)
    shaped = shapes.turn(row)
    if row.status != Turn.Status.COMPLETED or shaped.message is None:
        return _failure(row, shaped)
    return outputs.ExtractOut(
        data=read_answer(shaped.message.content),
        usage=shaped.usage,
        cost_usd=shaped.cost_usd,
        turn=shaped.id,
    )


def _failure(row: Turn, shaped: outputs.TurnOut) -> HttpResponse:
    code = row.error_code or row.status
    status = 422 if code in CALLERS_FAULT else 503 if code in BUSY else 502
    more: dict[str, Any] = {"turn": shaped.id, "cost_usd": shaped.cost_usd}
    if code in (INVALID, TRUNCATED) and shaped.message is not None:
        more |= {"text": shaped.message.text, "reason": row.error_detail}
    return problem(status, code, failure_text(code, row.error_detail), **more)
