"""Thinking and effort: what a model accepts, and the setting that an assistant's wish becomes with it.

An assistant may be used with any model, and a model's row may change: a wish that a model does not take becomes
the nearest one that it takes, so that no setting of staff's is ever refused by the API.
"""

from typing import Any

from chat.models import Assistant, LanguageModel

Thinking = Assistant.Thinking
EFFORTS = tuple(Assistant.Effort.values)
DEMANDING = frozenset({"xhigh", "max"})
# Types of thinking that may limit the effort; without limits in the row, CALM_LIMIT holds.
CALM = ("disabled", "between_tools")
CALM_LIMIT = "high"

SMALLEST_BUDGET = 1024
BUDGETS = {"low": 2048, "medium": 8192, "high": 16_384, "xhigh": 32_768, "max": 32_768}
ROOM = {"low": 4000, "medium": 8000, "high": 16_000, "xhigh": 32_000, "max": 48_000}
DEMANDING_LIMIT = 64_000


def wishes_of(model: LanguageModel) -> list[str]:
    """Return what an assistant with this model may wish: summarized, omitted, off."""
    thinks = "adaptive" in model.supports.thinking_types or _budget(model, "") > 0
    calm = not thinks or any(kind in model.supports.thinking_types for kind in CALM)
    return [*([Thinking.SUMMARIZED, Thinking.OMITTED] if thinks else []), *([Thinking.OFF] if calm else [])]


def efforts_of(model: LanguageModel, wish: str) -> list[str]:
    """Return the effort levels, lowest first, that a model takes together with this wish for thinking."""
    taken = [level for level in EFFORTS if level in model.supports.efforts]
    kind = _kind(model, wish)
    if kind not in CALM:
        return taken
    limits = model.supports.effort_limits
    limit = CALM_LIMIT if limits is None else limits.get(kind, EFFORTS[-1])
    return [level for level in taken if EFFORTS.index(level) <= EFFORTS.index(limit)]


def effort_for(model: LanguageModel, assistant: Assistant | None, effort: str = "") -> str:
    """Return the effort of a request: a person's, else the assistant's, or the highest below it that the model takes.

    "" is the model's own.
    """
    wish = effort or (assistant.effort if assistant else "")
    if wish not in EFFORTS:
        return ""
    taken = efforts_of(model, thinking_wish(assistant))
    return next((level for level in reversed(taken) if EFFORTS.index(level) <= EFFORTS.index(wish)), "")


def thinking_wish(assistant: Assistant | None) -> str:
    """Return an assistant's wish for thinking; a model without one thinks readably."""
    return assistant.thinking if assistant else Thinking.SUMMARIZED


def thinking_for(
    model: LanguageModel, assistant: Assistant | None, effort: str = ""
) -> dict[str, Any] | None:
    """Return the thinking setting of a request, None for the model's own default.

    A bare model thinks readably where it decides itself how much; a fixed budget is spent for assistants only.
    """
    wish = thinking_wish(assistant)
    display = "summarized" if wish == Thinking.SUMMARIZED else "omitted"
    match _kind(model, wish):
        case "adaptive":
            return {"type": "adaptive", "display": display}
        case "enabled" if assistant:
            budget = _budget(model, effort_for(model, assistant, effort))
            return {"type": "enabled", "budget_tokens": budget, "display": display}
        case "disabled" | "between_tools" as kind:
            return {"type": kind}
    return None


def answer_limit(model: LanguageModel, assistant: Assistant | None, effort: str = "") -> int:
    """Return max_tokens of a turn: the wished length of the answer and room for thinking, within the model's limit."""
    wish = assistant.max_tokens if assistant and assistant.max_tokens else model.default_max_tokens
    thinking = thinking_for(model, assistant, effort) or {"type": "disabled"}
    if thinking["type"] == "disabled":
        return min(wish, model.max_output_tokens)
    effort = effort_for(model, assistant, effort)
    usual = effort or model.supports.default_effort
    room = thinking.get("budget_tokens") or ROOM.get(usual, ROOM["high"])
    least = DEMANDING_LIMIT if effort in DEMANDING else 0
    return min(max(wish + room, least), model.max_output_tokens)


def _kind(model: LanguageModel, wish: str) -> str:
    """Return the type of thinking that comes nearest to a wish, "" if the model takes none."""
    types = model.supports.thinking_types
    ordered = (*CALM, "adaptive") if wish == Thinking.OFF else ("adaptive", "enabled")
    return next((kind for kind in ordered if kind in types and (kind != "enabled" or _budget(model, ""))), "")


def _budget(model: LanguageModel, effort: str) -> int:
    """Return the tokens of a fixed thinking budget, 0 where the model takes none or has no room for one."""
    budget = min(BUDGETS.get(effort, BUDGETS["high"]), model.max_output_tokens // 2)
    return budget if budget >= SMALLEST_BUDGET and "enabled" in model.supports.thinking_types else 0
