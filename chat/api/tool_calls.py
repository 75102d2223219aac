"""Deciding about tools that wait for their person."""

from django.http import HttpRequest
from ninja import Router

from chat.api import schemas, shapes
from chat.api.identity import Identity, identity_of
from chat.engine.database import in_database
from chat.engine.runtime import engine
from chat.operations.turns import tool_decisions
from chat.operations.turns.tool_decisions import Decided

router = Router(tags=["Tools"])


@router.post("/tool-calls/{tool_call_id}/decision", response=schemas.ToolCallOut)
async def decide_tool_call(
    request: HttpRequest, tool_call_id: str, data: schemas.Decision
) -> schemas.ToolCallOut:
    """Approve a call, deny it, or approve it with another input. Once: 409 when it was decided before or expired."""
    decided, shaped = await in_database(_decided, identity_of(request), tool_call_id, data)
    await engine().decided(decided.turn_id, resumes=decided.resumes)
    return shaped


def _decided(
    identity: Identity, tool_call_id: str, data: schemas.Decision
) -> tuple[Decided, schemas.ToolCallOut]:
    decided = tool_decisions.decide_call(
        user=identity.user,
        tool_call_id=tool_call_id,
        decision=data.decision,
        input=data.input,
        reason=data.reason,
    )
    return decided, shapes.tool_call(decided.call)
