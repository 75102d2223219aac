"""Checks of structured-output schemas, as described in the provider's page on structured outputs."""

import re
from typing import Any

from chat.simulator.prompts.prompt import Block, blocks_of
from chat.simulator.transport.wire import ApiError, invalid

TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")
PROPERTY_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
FORMATS = ("date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid")
KNOWN = frozenset(
    {
        *("type", "title", "description", "enum", "const", "default", "anyOf", "allOf", "$ref", "$defs"),
        *("properties", "required", "additionalProperties", "items", "minItems", "format", "pattern"),
    }
)


def check_schema(where: str, schema: dict[str, Any]) -> None:
    """Check the schema of `output_config.format`.

    Raises:
        ApiError: 400.
    """
    _check(where, schema, schema, ())


def check_input_schema(where: str, schema: dict[str, Any]) -> None:
    """Check the input schema of a client tool. The API takes drafts of JSON Schema before 2020-12 for invalid.

    Raises:
        ApiError: 400.
    """
    if any(name in schema for name in ("oneOf", "allOf", "anyOf")):
        raise invalid(where, "input_schema does not support oneOf, allOf, or anyOf at the top level")
    _check_part(where, schema)


def _check_part(where: str, schema: Any) -> None:
    if isinstance(schema, bool):
        return
    kinds = schema.get("type", "null") if isinstance(schema, dict) else None
    known = all(kind in TYPES for kind in (kinds if isinstance(kinds, list) else [kinds]))
    named = [schema[name] for name in ("properties", "$defs") if name in schema] if known else []
    listed = [schema[name] for name in ("anyOf", "oneOf", "allOf") if name in schema] if known else []
    shaped = all(isinstance(part, dict) for part in named) and all(isinstance(part, list) for part in listed)
    if not known or not shaped:
        raise invalid(where, "JSON schema is invalid. It must match JSON Schema draft 2020-12")
    for name in schema.get("properties", ()):
        if not PROPERTY_NAME.fullmatch(name):
            pattern = f"^{PROPERTY_NAME.pattern}$"
            raise invalid(f"{where}.properties", f"Property keys should match pattern '{pattern}'")
    inner = [schema[name] for name in ("items", "additionalProperties") if name in schema]
    for part in [
        *inner,
        *(part for parts in named for part in parts.values()),
        *(p for ps in listed for p in ps),
    ]:
        _check_part(where, part)


def check_no_citations(messages: list[dict[str, Any]]) -> None:
    """Check that no citations are enabled; they and an output format exclude each other.

    Raises:
        ApiError: 400.
    """
    for message in messages:
        if any(map(_cites, blocks_of(message["content"]))):
            raise ApiError(400, "output_config.format: structured outputs are not supported with citations")


def resolve(root: Any, schema: Any) -> Any:
    """Return the part of `root` that a schema's reference names, or the schema itself without a reference."""
    reference = schema.get("$ref") if isinstance(schema, dict) else None
    if not isinstance(reference, str):
        return schema
    found = root
    for part in re.findall(r"/([^/]+)", reference):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _cites(block: Block) -> bool:
    inner = block.get("content")
    nested = inner if block["type"] == "tool_result" and isinstance(inner, list) else []
    return bool((block.get("citations") or {}) == {"enabled": True}) or any(map(_cites, nested))


def _check(where: str, schema: Any, root: dict[str, Any], way: tuple[str, ...]) -> None:
    if not isinstance(schema, dict):
        raise invalid(where, "Input should be an object")
    for name in schema:
        if name not in KNOWN:
            raise invalid(where, f"For '{schema.get('type')}' type, property '{name}' is not supported")
    if "$ref" in schema:
        _check_reference(where, schema["$ref"], root, way)
        return
    if not {"type", "enum", "const", "anyOf", "allOf"} & set(schema):
        raise invalid(where, "Schema must have a type")
    kinds = schema.get("type", "null")
    if any(kind not in TYPES for kind in (kinds if isinstance(kinds, list) else [kinds])):
        raise invalid(f"{where}.type", "Input should be one of: " + ", ".join(TYPES))
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        raise invalid(where, "For 'object' type, 'additionalProperties' must be explicitly set to false")
    if schema.get("minItems", 0) not in (0, 1):
        raise invalid(where, "For 'array' type, 'minItems' values other than 0 or 1 are not supported")
    if schema.get("format", "date") not in FORMATS:
        raise invalid(where, f"String format '{schema['format']}' is not supported")
    parts = schema.get("properties")
    if not isinstance(parts, dict | None):
        raise invalid(f"{where}.properties", "Input should be an object")
    for name, part in (parts or {}).items():
        _check(f"{where}.properties.{name}", part, root, way)
    if "items" in schema:
        _check(f"{where}.items", schema["items"], root, way)
    for name in ("anyOf", "allOf"):
        variants = schema.get(name)
        if not isinstance(variants, list | None):
            raise invalid(f"{where}.{name}", "Input should be a valid list")
        for number, part in enumerate(variants or ()):
            if name == "allOf" and isinstance(part, dict) and "$ref" in part:
                raise invalid(where, "allOf with $ref is not supported")
            _check(f"{where}.{name}.{number}", part, root, way)


def _check_reference(where: str, reference: Any, root: dict[str, Any], way: tuple[str, ...]) -> None:
    if not isinstance(reference, str) or not reference.startswith("#/"):
        raise invalid(where, "external $ref is not supported")
    if reference in way:
        raise invalid(where, "recursive schemas are not supported")
    _check(reference, resolve(root, {"$ref": reference}), root, (*way, reference))
