"""Which tool definitions the Messages API refuses, whatever their kind.

The API checks all tools of a request before it answers: one of them that breaks a rule makes each request fail, for
every question. Rules: the pages on defining tools and on errors of the API. Schemas are JSON Schema draft 2020-12 with
an object at the top and no choice there; names of properties are limited at every depth.
"""

import dataclasses
import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from chat.claude.encoding.exact_numbers import read_json, write_json
from chat.claude.encoding.text import too_deep

NAME, ROOT, DEEP, LARGE = "name", "root", "deep", "large"
CHOICE, PROPERTY, INVALID = "choice", "property", "invalid"
# The API names no limit. The check of a longer schema would hold up the turn, and its tokens would cost much.
MAX_SCHEMA_CHARACTERS = 200_000

TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_PROPERTY_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
_CHOICES = ("oneOf", "anyOf", "allOf")
_NAMED = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_LISTED = ("prefixItems", *_CHOICES)
_SINGLE = (
    *("items", "additionalProperties", "unevaluatedProperties", "unevaluatedItems", "contains"),
    *("propertyNames", "contentSchema", "not", "if", "then", "else"),
)


@dataclasses.dataclass(frozen=True, slots=True)
class DefinitionFault:
    """Why the API refuses a definition: a code, what breaks the rule, and where, such as "$.properties.city"."""

    code: str
    name: str = ""
    where: str = "$"


def definition_fault(definition: Mapping[str, Any]) -> DefinitionFault | None:
    """Return the first rule of the API that a definition breaks, None if it breaks none.

    The schema is checked if the definition is one of a client tool.
    """
    name = definition.get("name")
    if not isinstance(name, str) or not TOOL_NAME.fullmatch(name):
        return DefinitionFault(NAME, str(name)[:80])
    return (
        input_schema_fault(definition.get("input_schema"))
        if definition.get("type") in (None, "custom")
        else None
    )


def input_schema_fault(schema: Any) -> DefinitionFault | None:
    """Return the first rule of the API that the input schema of a client tool breaks, None if it breaks none."""
    if not isinstance(schema, dict) or schema.get("type") != "object":
        return DefinitionFault(ROOT)
    if too_deep(schema):
        return DefinitionFault(DEEP)
    exact = write_json(schema, ensure_ascii=False, separators=(",", ":"))
    if len(exact) > MAX_SCHEMA_CHARACTERS:
        return DefinitionFault(LARGE, f"{MAX_SCHEMA_CHARACTERS:,}")
    return _cached_fault(exact)


@functools.lru_cache(maxsize=512)
def _cached_fault(exact: str) -> DefinitionFault | None:
    """Tools are checked for each turn. They rarely change, and the check of a large schema takes milliseconds."""
    schema = read_json(exact)
    for keyword in _CHOICES:
        if keyword in schema:
            return DefinitionFault(CHOICE, keyword)
    return _draft_fault(schema) or next(_property_faults(schema, "$"), None)


def _draft_fault(schema: dict[str, Any]) -> DefinitionFault | None:
    """Return why a schema is not one of draft 2020-12; earlier drafts had other forms of some keywords."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415  only assistants with tools pay for the import
    from jsonschema.exceptions import SchemaError  # noqa: PLC0415

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
        return DefinitionFault(INVALID, str(error.message)[:300], f"${where}")
    except RecursionError:
        return DefinitionFault(DEEP)
    return None


def _property_faults(schema: Any, where: str) -> Iterator[DefinitionFault]:
    if not isinstance(schema, dict):
        return  # true or false
    for name in schema.get("properties", {}):
        if not _PROPERTY_NAME.fullmatch(name):
            yield DefinitionFault(PROPERTY, name[:80], f"{where}.properties")
    for path, part in _parts(schema):
        yield from _property_faults(part, where + path)


def _parts(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for keyword in _NAMED:
        yield from ((f".{keyword}.{name}", part) for name, part in schema.get(keyword, {}).items())
    for keyword in _LISTED:
        yield from ((f".{keyword}[{number}]", part) for number, part in enumerate(schema.get(keyword, ())))
    for keyword in _SINGLE:
        if keyword in schema:
            yield f".{keyword}", schema[keyword]
