"""What thinking and effort a model takes, read from its row, and what an assistant's wish becomes with it.

An assistant may be used with any model, and a model's row may change: a wish that a model does not take becomes
the nearest one that it takes, so that no setting of staff's is ever refused by the API.
"""

from typing import Any

from chat.models import Assistant, LanguageModel

Thinking = Assistant.Thinking
EFFORTS = tuple(Assistant.Effort.values)
DEMANDING = frozenset({"xhigh", "max"})
# Types of thinking that may come with a limited effort; a row that does not say is held to the limit.
CALM = ("disabled", "between_tools")
CALM_LIMIT = "high"

SMALLEST_BUDGET = 1024
BUDGETS = {"low": 2048, "medium": 8192, "high": 16_384, "xhigh": 32_768, "max": 32_768}
ROOM = {"low": 4000, "medium": 8000, "high": 16_000, "xhigh": 32_000, "max": 48_000}
DEMANDING_LIMIT = 64_000


def supported(value: Any) -> bool:
    """Read a capability: true, or {"supported": true}."""
    return bool(value.get("supported")) if isinstance(value, dict) else bool(value)


def accepts_thinking(model: LanguageModel, kind: str) -> bool:
    """Say whether a model takes thinking of this type: adaptive, enabled, disabled or between_tools."""
    return supported(_part(_part(model.capabilities, "thinking"), "types").get(kind))


def wishes_of(model: LanguageModel) -> list[str]:
    """List what an assistant with this model may wish: summarized, omitted, off."""
    thinks = accepts_thinking(model, "adaptive") or _budget(model, "") > 0
    calm = not thinks or any(accepts_thinking(model, kind) for kind in CALM)
    return [*([Thinking.SUMMARIZED, Thinking.OMITTED] if thinks else []), *([Thinking.OFF] if calm else [])]


def efforts_of(model: LanguageModel, wish: str) -> list[str]:
    """List the effort levels, lowest first, that a model takes together with this wish for thinking."""
    levels = _part(model.capabilities, "effort")
    taken = [level for level in EFFORTS if supported(levels.get(level))]
    kind = _kind(model, wish)
    if kind not in CALM:
        return taken
    limits = _part(model.capabilities, "thinking").get("effort_limits")
    limit = limits.get(kind, EFFORTS[-1]) if isinstance(limits, dict) else CALM_LIMIT
    return [level for level in taken if EFFORTS.index(level) <= EFFORTS.index(limit)]


def effort_for(model: LanguageModel, assistant: Assistant | None) -> str:
    """Return the assistant's effort, or the highest below it that the model takes; "" is the model's own."""
    if assistant is None or assistant.effort not in EFFORTS:
        return ""
    wanted = EFFORTS.index(assistant.effort)
    taken = efforts_of(model, assistant.thinking)
    return next((level for level in reversed(taken) if EFFORTS.index(level) <= wanted), "")


def thinking_for(model: LanguageModel, assistant: Assistant | None) -> dict[str, Any] | None:
    """Return the thinking setting of a request, None for the model's own default.

    A bare model thinks readably where it decides itself how much; a fixed budget is spent for assistants only.
    """
    wish = assistant.thinking if assistant else Thinking.SUMMARIZED
    display = "summarized" if wish == Thinking.SUMMARIZED else "omitted"
    match _kind(model, wish):
        case "adaptive":
            return {"type": "adaptive", "display": display}
        case "enabled" if assistant:
            budget = _budget(model, effort_for(model, assistant))
            return {"type": "enabled", "budget_tokens": budget, "display": display}
        case "disabled" | "between_tools" as kind:
            return {"type": kind}
    return None


def answer_limit(model: LanguageModel, assistant: Assistant | None) -> int:
    """Return max_tokens of a turn: the wished length of the answer and room for thinking, within the model's limit."""
    wish = assistant.max_tokens if assistant and assistant.max_tokens else model.default_max_tokens
    thinking = thinking_for(model, assistant) or {"type": "disabled"}
    if thinking["type"] == "disabled":
        return min(wish, model.max_output_tokens)
    effort = effort_for(model, assistant)
    usual = _part(model.capabilities, "effort").get("default")
    room = thinking.get("budget_tokens") or ROOM.get(effort or str(usual), ROOM["high"])
    least = DEMANDING_LIMIT if effort in DEMANDING else 0
    return min(max(wish + room, least), model.max_output_tokens)


def _kind(model: LanguageModel, wish: str) -> str:
    """Return the type of thinking that comes nearest to a wish, "" if the model takes none."""
    thinking = [
        *(["adaptive"] if accepts_thinking(model, "adaptive") else []),
        *(["enabled"] if _budget(model, "") else []),
    ]
    calm = [kind for kind in CALM if accepts_thinking(model, kind)]
    ordered = [*calm, *(kind for kind in thinking if kind != "enabled")] if wish == Thinking.OFF else thinking
    return next(iter(ordered), "")


def _budget(model: LanguageModel, effort: str) -> int:
    """Return the tokens of a fixed thinking budget, 0 where the model takes none or has no room for one."""
    budget = min(BUDGETS.get(effort, BUDGETS["high"]), model.max_output_tokens // 2)
    return budget if budget >= SMALLEST_BUDGET and accepts_thinking(model, "enabled") else 0


def _part(value: Any, key: str) -> dict[str, Any]:
    part = value.get(key) if isinstance(value, dict) else None
    return part if isinstance(part, dict) else {}
