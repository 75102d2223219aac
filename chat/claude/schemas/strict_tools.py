"""Strict tools: which schemas the API can enforce on a tool's input, and how many of them one request may have.

The rules are those of the provider's page on structured outputs. A tool without `strict` may have any schema.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chat.claude.content.blocks import without
from chat.claude.schemas.json_schema import Schema, SchemaError, check_schema

_KNOWN = frozenset(
    {
        *("type", "title", "description", "enum", "const", "default", "anyOf", "allOf", "$ref", "$defs"),
        *("properties", "required", "additionalProperties", "items", "minItems", "format", "pattern"),
    }
)
_TYPED = frozenset({"type", "enum", "const", "anyOf", "allOf", "$ref"})
_FORMATS = frozenset(
    ("date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid")
)
OPEN, UNTYPED, KEYWORD, INVALID = "open", "untyped", "keyword", "invalid"


@dataclasses.dataclass(frozen=True, slots=True)
class StrictFault:
    """Why the API would refuse a strict schema: `where` such as "$.properties.city", `name` a keyword or a message."""

    code: str
    where: str = "$"
    name: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class StrictCount:
    """The number of strict tools, of their optional parameters and of their union-typed parameters."""

    tools: int = 0
    optional: int = 0
    unions: int = 0

    def __add__(self, other: "StrictCount") -> "StrictCount":
        return StrictCount(
            self.tools + other.tools, self.optional + other.optional, self.unions + other.unions
        )

    def fits(self) -> bool:
        """Return whether one request may have so many."""
        return (
            self.tools <= LIMITS.tools and self.optional <= LIMITS.optional and self.unions <= LIMITS.unions
        )


LIMITS = StrictCount(20, 24, 16)


def strict_fault(schema: Schema) -> StrictFault | None:
    """Return the first part of a schema that the API refuses for a strict tool, None if there is none."""
    try:
        check_schema(schema)
    except SchemaError as error:
        return StrictFault(INVALID, name=str(error))
    return next(_faults(schema), None)


def strict_count(schema: Schema) -> StrictCount:
    """Return the count of one strict tool. Its schema must have no fault."""
    count = StrictCount(tools=1)
    for node, _where in _nodes(schema, "$"):
        optional = set(node.get("properties", {})) - set(node.get("required", ()))
        union = "anyOf" in node or isinstance(node.get("type"), list)
        count += StrictCount(0, len(optional), int(union))
    return count


def limit_strict_tools(definitions: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the definitions with `strict` removed where the API would refuse it.

    That is the case for schemas that it can't enforce and for tools above the limits. Inputs are checked
    before every tool call in any case.
    """
    total, result = StrictCount(), []
    for definition in definitions:
        if definition.get("strict") and is_custom(definition):
            schema = definition["input_schema"]
            more = None if strict_fault(schema) else total + strict_count(schema)
            if more is None or not more.fits():
                definition = without(definition, "strict")
            else:
                total = more
        result.append(definition)
    return result


def is_custom(definition: Mapping[str, Any]) -> bool:
    """Return whether the definition is one of a client tool."""
    return definition.get("type") in (None, "custom")


def _faults(schema: Schema) -> Iterator[StrictFault]:
    for node, where in _nodes(schema, "$"):
        kinds = node.get("type")
        if unknown := next((name for name in node if name not in _KNOWN), None):
            yield StrictFault(KEYWORD, where, unknown)
        if not _TYPED & set(node):
            yield StrictFault(UNTYPED, where)
        if (
            "object" in (kinds if isinstance(kinds, list) else [kinds])
            and node.get("additionalProperties") is not False
        ):
            yield StrictFault(OPEN, where)
        if node.get("minItems", 0) not in (0, 1):
            yield StrictFault(KEYWORD, where, "minItems")
        if node.get("format", "date") not in _FORMATS:
            yield StrictFault(KEYWORD, where, f"format: {node['format']}")
        # Only capturing and non-capturing groups are supported, not look-around or named groups.
        if "(?" in node.get("pattern", "").replace("(?:", ""):
            yield StrictFault(KEYWORD, where, f"pattern: {node['pattern']}")


def _nodes(node: Schema, where: str) -> Iterator[tuple[Schema, str]]:
    """Yield each part of a schema with its path, once: references are not followed."""
    yield node, where
    for keyword in ("properties", "$defs"):
        for name, part in node.get(keyword, {}).items():
            yield from _nodes(part, f"{where}.{keyword}.{name}")
    if isinstance(node.get("items"), dict):
        yield from _nodes(node["items"], f"{where}.items")
    for keyword in ("anyOf", "allOf"):
        for number, part in enumerate(node.get(keyword, ())):
            yield from _nodes(part, f"{where}.{keyword}[{number}]")
