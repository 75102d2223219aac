"""Decisions about tool calls that wait for their person."""

from django.http import HttpRequest
from ninja import Router

from chat.api.identity import identity_of
from chat.api.schemas import inputs, outputs, shapes
from chat.engine import submit
from chat.engine.database import in_database

router = Router(tags=["Tools"])


@router.post("/tool-calls/{tool_call_id}/decision", response=outputs.ToolCallOut)
async def decide_tool_call(
    request: HttpRequest, tool_call_id: str, data: inputs.Decision
) -> outputs.ToolCallOut:
    """Approve a call, deny it, or approve it with another input. Once: 409 when it was decided before or expired."""
    decided = await submit.submit_decision(
        identity_of(request).user,
        tool_call_id,
        decision=data.decision,
        input=data.input,
        reason=data.reason,
        remember=data.remember,
    )
    return await in_database(shapes.tool_call, decided.call)
