"""The models of the simulator: their limits, their lifecycle and what each accepts.

Source: the provider's models, thinking, effort, prompt-caching and deprecation pages (autumn 2026). Release
dates that the provider doesn't publish are the earliest retirement date minus one year.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

ALL_EFFORTS = ("low", "medium", "high", "xhigh", "max")


@dataclass(frozen=True, slots=True)
class Model:
    """One model and the rules that the Messages API applies to it."""

    id: str
    name: str
    line: str
    released: str
    thinking: str  # without a thinking setting: "always", "on" or "off"
    accepts: frozenset[str]  # accepted thinking types
    limited_effort_types: frozenset[str] = frozenset()  # thinking types that are limited to effort "high"
    efforts: tuple[str, ...] = ALL_EFFORTS
    effort: str = "high"
    forced_tools: bool = True
    prefix_bound: bool = False  # thinking is only valid after the conversation that it was made for
    hides_thinking: bool = True  # display "omitted" by default
    min_cache_tokens: int = 512
    context_tokens: int = 1_000_000
    max_output_tokens: int = 128_000
    chars_per_token: int = 3
    tool_overhead_tokens: int = 286
    max_image_tokens: int = 4784
    system_messages: bool = True
    fast: str = "no"  # "yes", "beta" (needs its beta header), "ignored" or "no"
    prefill: bool = False
    inference_geo: bool = True
    lifecycle: str = "active"
    deprecated_at: str | None = None
    retires_at: str | None = None
    alias: str | None = None


def _types(*names: str) -> frozenset[str]:
    return frozenset(names)


ALWAYS: dict[str, Any] = {"thinking": "always", "accepts": _types("adaptive")}
BOUND: dict[str, Any] = {"forced_tools": False, "prefix_bound": True}
OPTIONAL: dict[str, Any] = {"thinking": "off", "accepts": _types("adaptive", "disabled")}
OLDER: dict[str, Any] = {
    "thinking": "off",
    "hides_thinking": False,
    "chars_per_token": 4,
    "tool_overhead_tokens": 497,
    "max_image_tokens": 1568,
    "system_messages": False,
}
SIX: dict[str, Any] = OLDER | {
    "accepts": _types("adaptive", "enabled", "disabled"),
    "efforts": ("low", "medium", "high", "max"),
}
FIVE: dict[str, Any] = OLDER | {
    "accepts": _types("enabled", "disabled"),
    "context_tokens": 200_000,
    "max_output_tokens": 64_000,
    "prefill": True,
    "inference_geo": False,
}

CATALOGUE: tuple[Model, ...] = (
    Model("claude-fable-5-2", "Claude Fable 5.2", "fable", "2026-11-09", fast="yes", **ALWAYS, **BOUND),
    Model("claude-mythos-5-2", "Claude Mythos 5.2", "mythos", "2026-11-09", **ALWAYS, **BOUND),
    Model(
        "claude-haiku-5-5",
        "Claude Haiku 5.5",
        "haiku",
        "2026-10-07",
        thinking="on",
        accepts=_types("adaptive", "disabled"),
        limited_effort_types=_types("disabled"),
        effort="medium",
        prefix_bound=True,
    ),
    Model(
        "claude-sonnet-5-5",
        "Claude Sonnet 5.5",
        "sonnet",
        "2026-09-28",
        thinking="on",
        accepts=_types("adaptive", "between_tools"),
        limited_effort_types=_types("between_tools"),
        **BOUND,
    ),
    Model(
        "claude-opus-5-5",
        "Claude Opus 5.5",
        "opus",
        "2026-09-22",
        effort="medium",
        fast="yes",
        **ALWAYS,
        **BOUND,
    ),
    Model("claude-fable-5-1", "Claude Fable 5.1", "fable", "2026-09-01", **ALWAYS, **BOUND),
    Model("claude-mythos-5-1", "Claude Mythos 5.1", "mythos", "2026-09-01", **ALWAYS, **BOUND),
    Model(
        "claude-opus-5",
        "Claude Opus 5",
        "opus",
        "2026-07-24",
        thinking="on",
        accepts=_types("adaptive", "disabled"),
        limited_effort_types=_types("disabled"),
        fast="beta",
    ),
    Model(
        "claude-sonnet-5",
        "Claude Sonnet 5",
        "sonnet",
        "2026-06-30",
        thinking="on",
        accepts=_types("adaptive", "disabled"),
        min_cache_tokens=1024,
        tool_overhead_tokens=354,
        system_messages=False,
    ),
    Model("claude-fable-5", "Claude Fable 5", "fable", "2026-06-09", **ALWAYS),
    Model("claude-mythos-5", "Claude Mythos 5", "mythos", "2026-06-09", **ALWAYS),
    Model(
        "claude-opus-4-8",
        "Claude Opus 4.8",
        "opus",
        "2026-05-28",
        min_cache_tokens=1024,
        tool_overhead_tokens=290,
        fast="beta",
        **OPTIONAL,
    ),
    Model(
        "claude-opus-4-7",
        "Claude Opus 4.7",
        "opus",
        "2026-04-16",
        min_cache_tokens=2048,
        tool_overhead_tokens=675,
        system_messages=False,
        **OPTIONAL,
    ),
    Model("claude-sonnet-4-6", "Claude Sonnet 4.6", "sonnet", "2026-02-17", min_cache_tokens=1024, **SIX),
    Model(
        "claude-opus-4-6",
        "Claude Opus 4.6",
        "opus",
        "2026-02-05",
        min_cache_tokens=4096,
        fast="ignored",
        **SIX,
    ),
    Model(
        "claude-opus-4-5-20251101",
        "Claude Opus 4.5",
        "opus",
        "2025-11-24",
        min_cache_tokens=4096,
        efforts=("low", "medium", "high"),
        alias="claude-opus-4-5",
        **FIVE,
    ),
    Model(
        "claude-haiku-4-5-20251001",
        "Claude Haiku 4.5",
        "haiku",
        "2025-10-15",
        min_cache_tokens=4096,
        efforts=(),
        alias="claude-haiku-4-5",
        **FIVE,
    ),
    Model(
        "claude-sonnet-4-5-20250929",
        "Claude Sonnet 4.5",
        "sonnet",
        "2025-09-29",
        min_cache_tokens=1024,
        efforts=(),
        lifecycle="deprecated",
        deprecated_at="2026-08-31",
        retires_at="2026-11-30",
        alias="claude-sonnet-4-5",
        **FIVE,
    ),
    Model(
        "claude-opus-4-1-20250805",
        "Claude Opus 4.1",
        "opus",
        "2025-08-05",
        min_cache_tokens=1024,
        efforts=(),
        lifecycle="retired",
        deprecated_at="2026-02-05",
        retires_at="2026-08-05",
        alias="claude-opus-4-1",
        **FIVE,
    ),
)

_BY_ID = {model.id: model for model in CATALOGUE} | {m.alias: m for m in CATALOGUE if m.alias}


def find(model_id: object) -> Model | None:
    """Return the model with this id or alias, in any lifecycle stage; None if there is none."""
    return _BY_ID.get(model_id) if isinstance(model_id, str) else None


def list_models(lifecycles: Iterable[str]) -> list[Model]:
    """Return the models in these lifecycle stages, newest first; without stages, all but the retired ones."""
    wanted = set(lifecycles) or {"active", "deprecated"}
    return [model for model in CATALOGUE if model.lifecycle in wanted]


def _support(value: bool) -> dict[str, bool]:
    return {"supported": value}


def _moment(day: str | None) -> str | None:
    return f"{day}T00:00:00Z" if day else None


def model_info(model: Model) -> dict[str, Any]:
    """Return the model as the models endpoint shows it (ModelInfo)."""
    return {
        "type": "model",
        "id": model.id,
        "display_name": model.name,
        "created_at": _moment(model.released),
        "lifecycle": model.lifecycle,
        "deprecated_at": _moment(model.deprecated_at),
        "retires_at": _moment(model.retires_at),
        "line": model.line,
        "max_input_tokens": model.context_tokens,
        "max_tokens": model.max_output_tokens,
        "capabilities": _capabilities(model),
    }


def _capabilities(model: Model) -> dict[str, Any]:
    types = ("adaptive", "between_tools", "disabled", "enabled")
    current = not model.prefill
    return {
        "batch": _support(True),
        "citations": _support(True),
        "code_execution": _support(current),
        "context_management": {
            "supported": True,
            "clear_thinking_20251015": _support(True),
            "clear_tool_uses_20250919": _support(True),
            "compact_20260112": _support(current),
        },
        "effort": {"supported": bool(model.efforts)}
        | {level: _support(level in model.efforts) for level in ALL_EFFORTS},
        "image_input": _support(True),
        "pdf_input": _support(True),
        "server_tools": {"supported": True, "code_execution": _support(True), "web_search": _support(True)},
        "structured_outputs": _support(True),
        "thinking": {"supported": True, "types": {name: _support(name in model.accepts) for name in types}},
    }
