"""Deciding about tools that wait for their person."""

from django.http import HttpRequest
from ninja import Router

from chat.api import schemas, shapes
from chat.api.identity import identity_of
from chat.engine.database import in_database
from chat.engine.runtime import engine
from chat.operations import tool_calls

router = Router(tags=["Tools"])


@router.post("/tool-calls/{tool_call_id}/decision", response=schemas.ToolCallOut)
async def decide_tool_call(
    request: HttpRequest, tool_call_id: str, data: schemas.Decision
) -> schemas.ToolCallOut:
    """Approve a call, deny it, or approve it with another input. Once: 409 when it was decided before or expired."""
    decided = await in_database(
        tool_calls.decide,
        user=identity_of(request).user,
        tool_call_id=tool_call_id,
        decision=data.decision,
        input=data.input,
        reason=data.reason,
    )
    await engine().decided(decided.turn_id, resumes=decided.resumes)
    return shapes.tool_call(decided.call)
