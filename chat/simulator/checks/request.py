"""Checks of a request body, field by field, in both API versions.

Statuses follow the provider's documentation; the messages imitate its style. The rules about the conversation
itself are in `dialogue.py`.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from chat.simulator import models
from chat.simulator.checks import mcp_servers, media, strict_tools
from chat.simulator.checks.dialogue import check_messages, check_system
from chat.simulator.checks.schemas import check_input_schema, check_no_citations, check_schema
from chat.simulator.models import Model
from chat.simulator.prompts.compaction import check_edits
from chat.simulator.prompts.prompt import Prompt, merge
from chat.simulator.transport.wire import ApiError, invalid

VERSIONS = ("2023-06-01", "2026-10-21")
STRICT_VERSION = "2026-10-21"
SHARED_FIELDS = frozenset(
    {
        "messages",
        "model",
        "system",
        "cache_control",
        "output_config",
        "speed",
        "thinking",
        "tool_choice",
        "tools",
    }
)
CREATE_FIELDS = SHARED_FIELDS | {
    *("max_tokens", "stream", "stop_sequences", "metadata", "service_tier", "inference_geo"),
    *("container", "diagnostics", "temperature", "top_p", "top_k"),
}
BETA_FIELDS: dict[
    str, str | tuple[str, ...]
] = {  # accepted when the request names the beta; most of them have no effect
    "context_management": ("context-management-", "compact-2026-01-"),
    "fallbacks": "server-side-fallback-",
    "fallback_credit_token": "fallback-credit-",
    "billing_policy": "billing-policy-",
    "compaction": "compact-",
    "mcp_servers": mcp_servers.BETA,
    "thread": "message-threads-",
}
FAST_BETA = "fast-mode-2026-02-01"
TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def check_version(headers: Mapping[str, str]) -> str:
    """Return the request's API version.

    Raises:
        ApiError: 400, it is missing or unknown.
    """
    version = headers.get("anthropic-version")
    if not version:
        raise invalid("anthropic-version", "header is required")
    if version not in VERSIONS:
        raise invalid("anthropic-version", f'"{version}" is not a valid version')
    return version


def check_request(body: Any, *, version: str, betas: tuple[str, ...] = (), counting: bool = False) -> Prompt:
    """Return the validated request.

    Raises:
        ApiError: 400 for a violated rule, 404 for an unknown model.
    """
    if not isinstance(body, dict):
        raise ApiError(400, "The request body must be a JSON object.")
    required = ("messages", "model") if counting else ("max_tokens", "messages", "model")
    for name in required:
        if name not in body:
            raise invalid(name, "Field required")
    _check_fields(body, betas, SHARED_FIELDS if counting else CREATE_FIELDS)
    model = _model(body["model"])
    for check in _CHECKS:
        check(body, model)
    _check_speed(body.get("speed"), model, betas)
    _check_sampling(body, model, version)
    check_system(body.get("system"))
    check_messages(body["messages"], model, strict=version == STRICT_VERSION)
    media.check(body, model)
    if (body.get("output_config") or {}).get("format") is not None:
        check_no_citations(body["messages"])
    check_edits(body, betas)
    mcp_servers.check(body, betas)
    if not counting:
        _check_max_tokens(body, model)
    return Prompt(body, model, merge(body["messages"]))


def _check_fields(body: dict[str, Any], betas: tuple[str, ...], known: frozenset[str]) -> None:
    for name in body:
        if name in known:
            continue
        beta = BETA_FIELDS.get(name)
        if beta is None or not any(value.startswith(beta) for value in betas):
            raise invalid(name, "Extra inputs are not permitted")
        if name in ("thread", "compaction"):
            code = "thread_unsupported_request" if name == "thread" else None
            raise ApiError(400, f"{name}: not supported here", code=code)


def _model(name: Any) -> Model:
    if not isinstance(name, str):
        raise invalid("model", "Input should be a valid string")
    model = models.find(name)
    if model is None or model.lifecycle == "retired":
        raise ApiError(404, f"model: {name}")
    return model


def _one_of(where: str, value: Any, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise invalid(where, "Input should be " + " or ".join(f"'{name}'" for name in allowed))


def _object(where: str, value: Any, allowed: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise invalid(where, "Input should be an object")
    for name in value:
        if name not in allowed:
            raise invalid(f"{where}.{name}", "Extra inputs are not permitted")
    return value


def _check_thinking(body: dict[str, Any], model: Model) -> None:
    config = body.get("thinking")
    if config is None:
        return
    config = _object("thinking", config, ("type", "budget_tokens", "display"))
    kind = config.get("type")
    _one_of("thinking.type", kind, ("adaptive", "between_tools", "disabled", "enabled"))
    if kind not in model.accepts:
        raise invalid(f"thinking.type.{kind}", f"thinking type '{kind}' is not supported for this model")
    if config.get("display") is not None:
        _one_of("thinking.display", config["display"], ("summarized", "omitted"))
        if kind in ("disabled", "between_tools"):
            raise invalid("thinking.display", "Extra inputs are not permitted")
    if kind == "enabled":
        _check_budget(config.get("budget_tokens"), body.get("max_tokens"))
    elif "budget_tokens" in config:
        raise invalid("thinking.budget_tokens", "Extra inputs are not permitted")


def _check_budget(budget: Any, max_tokens: Any) -> None:
    if not _is_number(budget) or budget < 1024:
        raise invalid("thinking.enabled.budget_tokens", "Input should be greater than or equal to 1024")
    if _is_number(max_tokens) and budget >= max_tokens:
        raise ApiError(400, "`max_tokens` must be greater than `thinking.budget_tokens`.")


def _check_output_config(body: dict[str, Any], model: Model) -> None:
    if body.get("output_config") is None:
        return
    config = _object("output_config", body["output_config"], ("effort", "format"))
    effort = config.get("effort")
    if effort is not None:
        _one_of("output_config.effort", effort, models.ALL_EFFORTS)
        if effort not in model.efforts:
            raise invalid("output_config.effort", f"This model does not support effort '{effort}'.")
        kind = (body.get("thinking") or {}).get("type")
        if kind in model.limited_effort_types and effort in ("xhigh", "max"):
            raise invalid("output_config.effort", f"'{effort}' is not supported with thinking '{kind}'")
    if config.get("format") is not None:
        answer = _object("output_config.format", config["format"], ("type", "schema"))
        _one_of("output_config.format.type", answer.get("type"), ("json_schema",))
        if not isinstance(answer.get("schema"), dict):
            raise invalid("output_config.format.schema", "Field required")
        check_schema("output_config.format.schema", answer["schema"])


def _check_tools(body: dict[str, Any], model: Model) -> None:
    tools = body.get("tools")
    if tools is None:
        return
    if not isinstance(tools, list):
        raise invalid("tools", "Input should be a valid list")
    names: set[str] = set()
    for number, tool in enumerate(tools):
        where = f"tools.{number}"
        if not isinstance(tool, dict):
            raise invalid(where, "Input should be an object")
        if tool.get("type") == mcp_servers.TOOLSET:
            continue  # it has no name of its own, and rules of its own
        _check_tool(where, tool)
        if tool["name"] in names:
            raise invalid("tools", "Tool names must be unique.")
        names.add(tool["name"])


def _check_tool(where: str, tool: dict[str, Any]) -> None:
    name = tool.get("name")
    if not isinstance(name, str) or not TOOL_NAME.fullmatch(name):
        raise invalid(f"{where}.name", "String should match pattern '^[a-zA-Z0-9_-]{1,64}$'")
    if not isinstance(tool.get("type"), str | None):
        raise invalid(f"{where}.type", "Input should be a valid string")
    if tool.get("type") in (None, "custom"):
        schema = tool.get("input_schema")
        if not isinstance(schema, dict):
            raise invalid(f"{where}.input_schema", "Field required")
        if schema.get("type") != "object":
            raise invalid(f"{where}.input_schema.type", "Input should be 'object'")
        check_input_schema(f"{where}.custom.input_schema", schema)


def _check_tool_choice(body: dict[str, Any], model: Model) -> None:
    if body.get("tool_choice") is None:
        return
    choice = _object("tool_choice", body["tool_choice"], ("type", "name", "disable_parallel_tool_use"))
    kind = choice.get("type")
    _one_of("tool_choice.type", kind, ("auto", "any", "tool", "none"))
    tools = body.get("tools") or []
    if kind != "none" and not tools:
        raise invalid("tool_choice", "may only be specified while providing tools")
    if kind == "tool" and choice.get("name") not in [tool.get("name") for tool in tools]:
        raise invalid("tool_choice.name", f"Tool '{choice.get('name')}' not found in provided tools")
    if kind in ("any", "tool"):
        if not model.forced_tools:
            raise invalid("tool_choice", f"type '{kind}' is not supported for this model")
        if (body.get("thinking") or {}).get("type") == "enabled":
            raise ApiError(400, "Thinking may not be enabled when tool_choice forces tool use.")


def _check_small_fields(body: dict[str, Any], model: Model) -> None:
    if body.get("stream") not in (None, True, False):
        raise invalid("stream", "Input should be a valid boolean")
    stops = body.get("stop_sequences") or []
    if not isinstance(stops, list) or not all(isinstance(stop, str) and stop.strip() for stop in stops):
        raise invalid("stop_sequences", "each stop sequence must contain non-whitespace")
    if body.get("metadata") is not None:
        _object("metadata", body["metadata"], ("user_id",))
    if "service_tier" in body:
        _one_of("service_tier", body["service_tier"], ("auto", "standard_only"))
    geography = body.get("inference_geo")
    if geography is not None:
        _one_of("inference_geo", geography, ("us", "global"))
        if not model.inference_geo:
            raise invalid("inference_geo", "not supported for this model")
    if body.get("diagnostics") is not None:
        asked = _object("diagnostics", body["diagnostics"], ("previous_message_id",))
        if not isinstance(asked.get("previous_message_id"), str | None):
            raise invalid("diagnostics.previous_message_id", "Input should be a valid string")


def _check_speed(speed: Any, model: Model, betas: tuple[str, ...]) -> None:
    if speed is None:
        return
    _one_of("speed", speed, ("standard", "fast"))
    if model.fast == "beta" and FAST_BETA not in betas:
        raise invalid("speed", "Extra inputs are not permitted")
    if speed == "fast" and model.fast == "no":
        raise invalid("speed", "'fast' is not supported for this model")


def _check_sampling(body: dict[str, Any], model: Model, version: str) -> None:
    for name, default in (("temperature", 1), ("top_p", None), ("top_k", None)):
        if name not in body:
            continue
        if version == STRICT_VERSION:
            raise invalid(name, f"Extra inputs are not permitted in API version {STRICT_VERSION}")
        value = body[name]
        if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
            raise invalid(name, "Input should be a valid number")
        if model.hides_thinking and value != default:
            raise invalid(name, "only the default value is supported for this model")


def _check_max_tokens(body: dict[str, Any], model: Model) -> None:
    value = body["max_tokens"]
    if not _is_number(value) or value < 0:
        raise invalid("max_tokens", "Input should be a non-negative integer")
    if value > model.max_output_tokens:
        limit = f"{model.max_output_tokens}, which is the maximum allowed number of output tokens"
        raise invalid(
            "max_tokens",
            f"{value} > {limit} for {model.id}",
        )
    if value == 0:
        _check_warming(body)


def _check_warming(body: dict[str, Any]) -> None:
    forced = (body.get("tool_choice") or {}).get("type") in ("any", "tool")
    thinking = (body.get("thinking") or {}).get("type") == "enabled"
    shaped = (body.get("output_config") or {}).get("format") is not None
    if body.get("stream") or forced or thinking or shaped:
        raise invalid("max_tokens", "0 only warms the cache: no stream, thinking, format or forced tool")


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_CHECKS: tuple[Callable[[dict[str, Any], Model], None], ...] = (
    _check_thinking,
    _check_output_config,
    _check_tools,
    strict_tools.check,
    _check_tool_choice,
    _check_small_fields,
)
