"""What stands before the messages of a turn, frozen: model, tools, prompt, thinking, effort and output format."""

from typing import Any

from chat.claude.request import FrameSpec, frame_digest
from chat.models import Assistant, Frame, LanguageModel, McpServer, ToolDefinition
from chat.operations.structured import shaped_spec
from chat.operations.thinking import (
    accepts_thinking,
    answer_limit,
    effort_for,
    supported,
    thinking_for,
)

__all__ = ["accepts_thinking", "answer_limit", "frame_for", "freeze_frame", "takes_system_role"]

Kind = ToolDefinition.Kind


def freeze_frame(
    *, model: LanguageModel, assistant: Assistant | None, output_schema: dict[str, Any] | None = None
) -> Frame:
    """Return the content-addressed frame of a turn, stored once however many turns share it.

    `output_schema` is the turn's, as `structured.schema_for` gave it.

    Raises:
        OperationError: no_structured_output.
    """
    spec = FrameSpec(
        model=model.model_id,
        system=_system_blocks(assistant),
        tools=_tools(model, assistant),
        thinking=thinking_for(model, assistant),
        output_config=_output_config(model, assistant),
    )
    spec = shaped_spec(spec, model, output_schema)
    frame, _created = Frame.objects.get_or_create(digest=spec.digest(), defaults={"body": spec.body()})
    return frame


def takes_system_role(model: LanguageModel) -> bool:
    """Say whether messages of the role system may stand between the turns of this model."""
    return supported(model.capabilities.get("system_messages"))


def frame_for(frame: Frame, model: LanguageModel) -> Frame:
    """Return the same frame under the name that another connection has for the same model."""
    body = {**frame.body, "model": model.model_id}
    made, _created = Frame.objects.get_or_create(digest=frame_digest(body), defaults={"body": body})
    return made


def _system_blocks(assistant: Assistant | None) -> list[dict[str, Any]]:
    revision = assistant.prompt.current() if assistant and assistant.prompt else None
    if revision is None:
        return []
    return [
        {"type": "text", "text": block["text"], "cache": block.get("cache", "none")}
        for block in revision.blocks
    ]


def _tools(model: LanguageModel, assistant: Assistant | None) -> list[dict[str, Any]]:
    """Define the assistant's usable tools in staff's order, then by name: any other order is another cache."""
    if assistant is None or assistant.pk is None:
        return []
    usable = ToolDefinition.objects.usable().filter(assistant_links__assistant=assistant)
    ordered = usable.exclude(server__route=McpServer.Route.CONNECTOR).order_by(
        "assistant_links__order", "name", "id"
    )
    return [_definition(tool) for tool in ordered if _runs_with(tool, model)]


def _runs_with(tool: ToolDefinition, model: LanguageModel) -> bool:
    """The provider's own tools are refused by models that are known not to have them."""
    return tool.kind != Kind.SERVER or supported(model.capabilities.get("server_tools", True))


def _definition(tool: ToolDefinition) -> dict[str, Any]:
    if tool.kind == Kind.SERVER:
        return {**tool.options, "name": tool.options.get("name", tool.name)}
    definition = {
        "name": tool.name,
        "description": tool.description,
        "input_schema": {"type": "object", **tool.input_schema},
    }
    return {**definition, "strict": True} if tool.strict else definition


def _output_config(model: LanguageModel, assistant: Assistant | None) -> dict[str, Any] | None:
    effort = effort_for(model, assistant)
    return {"effort": effort} if effort else None
