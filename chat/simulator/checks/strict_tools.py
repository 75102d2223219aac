"""Checks of strict tools: their schemas and their number, as described in the provider's page on structured outputs."""

from collections.abc import Iterator
from typing import Any

from chat.simulator.checks.schemas import check_schema
from chat.simulator.models import Model
from chat.simulator.transport.wire import ApiError

MOST_TOOLS, MOST_OPTIONAL, MOST_UNIONS = 20, 24, 16


def check(body: dict[str, Any], _model: Model) -> None:
    """Check the strict tools of a request.

    Raises:
        ApiError: 400.
    """
    schemas = []
    for number, tool in enumerate(body.get("tools") or ()):
        if tool.get("strict") is True and tool.get("type") in (None, "custom"):
            check_schema(f"tools.{number}.input_schema", tool["input_schema"])
            schemas.append(tool["input_schema"])
    parts = [part for schema in schemas for part in _parts(schema)]
    objects = [part for part in parts if isinstance(part.get("properties"), dict)]
    optional = sum(len(set(part["properties"]) - set(part.get("required") or ())) for part in objects)
    unions = sum("anyOf" in part or isinstance(part.get("type"), list) for part in parts)
    for what, count, most in (
        ("strict tools", len(schemas), MOST_TOOLS),
        ("optional parameters in strict tools", optional, MOST_OPTIONAL),
        ("union-typed parameters in strict tools", unions, MOST_UNIONS),
    ):
        if count > most:
            raise ApiError(400, f"tools: too many {what}: {count} > {most}")


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for item in value:
            yield from _parts(item)
    elif isinstance(value, dict):
        yield value
        for name in ("properties", "$defs"):
            yield from _parts(list((value.get(name) or {}).values()))
        for name in ("items", "anyOf", "allOf"):
            yield from _parts(value.get(name))
