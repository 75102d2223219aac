"""The frame of a turn, everything before its messages: model, tools, prompt, thinking, effort and output format."""

from collections.abc import Collection
from typing import Any

from django.core.cache import caches
from django.db import transaction

from chat.claude.content.blocks import without
from chat.claude.limits.cost_bound import with_use_limits
from chat.claude.request.frame import FrameSpec, frame_digest
from chat.models import Assistant, Conversation, Frame, LanguageModel, User
from chat.operations.catalogue.thinking import effort_for, thinking_for
from chat.operations.request.knowledge import Knowledge
from chat.operations.request.output_schema import shaped_spec
from chat.operations.request.tool_selection import runs_with, select_tools

STORED_SECONDS = 600


def freeze_frame(
    *,
    model: LanguageModel,
    assistant: Assistant | None,
    output_schema: dict[str, Any] | None = None,
    author: User | None = None,
    knowledge: Knowledge | None = None,
    effort: str = "",
    tools_off: Collection[str] = (),
) -> Frame:
    """Return the content-addressed frame of a turn, stored once however many turns share it.

    `output_schema` is the turn's, from `output_schema.schema_for`. Toolsets of servers that ask each person to sign in
    are included for an author who has done so. `knowledge` is what the conversation's project adds. `effort` is what a
    person wishes, "" for the assistant's; `tools_off` has the ids of the tools that the person switched off.

    Raises:
        OperationError: no_structured_output.
    """
    selected = select_tools(model, assistant, author, tools_off)
    tools = [with_use_limits(tool) for tool in selected.definitions]
    spec = FrameSpec(
        model=model.model_id,
        system=[*_system_blocks(assistant), *(knowledge.system_blocks() if knowledge else ())],
        documents=knowledge.references() if knowledge else (),
        tools=[*(knowledge.tools_beside(tools) if knowledge else ()), *tools],
        thinking=thinking_for(model, assistant, effort),
        output_config=_output_config(model, assistant, effort),
    )
    spec = shaped_spec(spec, model, output_schema)
    return kept_frame(spec.body())


def next_frame(
    conversation: Conversation,
    *,
    model: LanguageModel,
    author: User,
    output_schema: dict[str, Any] | None,
    knowledge: Knowledge | None,
) -> Frame:
    """Return the frame of a conversation's turn, with what its owner chose for it and what its project adds.

    Raises:
        OperationError: no_structured_output.
    """
    return freeze_frame(
        model=model,
        assistant=conversation.assistant,
        output_schema=output_schema,
        author=author,
        knowledge=knowledge,
        effort=conversation.effort,
        tools_off=conversation.tools_off,
    )


def kept_frame(body: dict[str, Any]) -> Frame:
    """Return the frame with this exact body, stored once.

    Frames are never deleted, so a digest that this process has seen committed is not looked up again for a while.
    """
    digest = frame_digest(body)
    key = f"frame:{digest}"
    if caches["process"].get(key):
        return Frame(digest=digest, body=body)
    frame, _created = Frame.objects.get_or_create(digest=digest, defaults={"body": body})
    transaction.on_commit(lambda: caches["process"].set(key, True, STORED_SECONDS))
    return frame


def frame_for(frame: Frame, model: LanguageModel) -> Frame:
    """Return the same frame with another connection's id of the model, without the tools that it lacks."""
    tools = [tool for tool in frame.body.get("tools", ()) if runs_with(tool, model)]
    body = {**frame.body, "model": model.model_id, "tools": tools}
    return kept_frame(body if tools else without(body, "tools"))


def _system_blocks(assistant: Assistant | None) -> list[dict[str, Any]]:
    revision = assistant.prompt.current() if assistant and assistant.prompt else None
    if revision is None:
        return []
    return [
        {"type": "text", "text": block["text"], "cache": block.get("cache", "none")}
        for block in revision.blocks
    ]


def _output_config(model: LanguageModel, assistant: Assistant | None, effort: str) -> dict[str, Any] | None:
    taken = effort_for(model, assistant, effort)
    return {"effort": taken} if taken else None
