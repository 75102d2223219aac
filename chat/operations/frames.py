"""What stands before the messages of a turn, frozen: model, prompt, thinking and effort."""

from typing import Any

from chat.claude.request import FrameSpec
from chat.models import Assistant, Frame, LanguageModel
from chat.operations.structured import shaped_spec


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
        tools=[],
        thinking=_thinking(model),
        output_config=_output_config(model, assistant),
    )
    spec = shaped_spec(spec, model, output_schema)
    frame, _created = Frame.objects.get_or_create(digest=spec.digest(), defaults={"body": spec.body()})
    return frame


def answer_limit(model: LanguageModel, assistant: Assistant | None) -> int:
    """Return max_tokens of a turn: the assistant's wish within what the model can write."""
    wish = assistant.max_tokens if assistant and assistant.max_tokens else model.default_max_tokens
    return min(wish, model.max_output_tokens)


def _system_blocks(assistant: Assistant | None) -> list[dict[str, Any]]:
    revision = assistant.prompt.current() if assistant and assistant.prompt else None
    if revision is None:
        return []
    return [
        {"type": "text", "text": block["text"], "cache": block.get("cache", "none")}
        for block in revision.blocks
    ]


def accepts_thinking(model: LanguageModel, kind: str) -> bool:
    """Say whether a model takes thinking of this type: adaptive, enabled, disabled or between_tools."""
    types = (model.capabilities.get("thinking") or {}).get("types") or {}
    return _supported(types.get(kind))


def _thinking(model: LanguageModel) -> dict[str, Any] | None:
    """Ask for readable thinking where the model thinks by itself; else leave the model's default."""
    return {"type": "adaptive", "display": "summarized"} if accepts_thinking(model, "adaptive") else None


def _output_config(model: LanguageModel, assistant: Assistant | None) -> dict[str, Any] | None:
    effort = assistant.effort if assistant else ""
    levels = model.capabilities.get("effort") or {}
    return {"effort": effort} if effort and _supported(levels.get(effort)) else None


def _supported(value: Any) -> bool:
    """Capabilities say true, or {"supported": true}."""
    return bool(value.get("supported")) if isinstance(value, dict) else bool(value)
