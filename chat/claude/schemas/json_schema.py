"""JSON Schemas in which answers and tool inputs can be requested, and whether a value fits one.

Rules of the provider's page on structured outputs: no recursion, references only inside the schema and not in
allOf. Schemas come from outside, so their cost is limited here: size, depth and expanded references. Schemas
with regular expressions are recognised, so that they are checked only in a process that can be ended.
"""

import re
from collections.abc import Iterator
from typing import Any

from chat.claude.content.blocks import without
from chat.claude.encoding.exact_numbers import exact_json
from chat.claude.encoding.text import too_deep

MAX_SCHEMA_CHARACTERS = 100_000
MAX_SCHEMA_DEPTH = 60
MAX_EXPANDED_PARTS = 20_000
_NAMED = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_LISTED = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLE = (
    *("items", "additionalProperties", "unevaluatedProperties", "unevaluatedItems", "contains"),
    *("propertyNames", "not", "if", "then", "else"),
)
_UNSUPPORTED = ("$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor")
_INTERNAL = re.compile(r"#(/.*)?")
Schema = dict[str, Any]


class SchemaError(ValueError):
    """The schema can't be used; the message is plain English and gives the reason."""


def check_schema(schema: object) -> Schema:
    """Return the schema, without $schema and $id, if answers can be requested in it.

    Raises:
        SchemaError: it is not an object, too large, not a valid JSON Schema, recursive, or has outside
            references.
    """
    if not isinstance(schema, dict) or not schema:
        raise SchemaError("the schema must be a JSON object that says something")
    if too_deep(schema, MAX_SCHEMA_DEPTH):
        raise SchemaError(f"the schema is nested deeper than {MAX_SCHEMA_DEPTH} levels")
    schema = without(schema, "$schema", "$id")
    if len(exact_json(schema)) > MAX_SCHEMA_CHARACTERS:
        raise SchemaError(f"the schema is longer than {MAX_SCHEMA_CHARACTERS:,} characters")
    _check_valid(schema)
    _check_nodes(schema)
    known: dict[str, int] = {}
    for part in (schema, *schema.get("$defs", {}).values(), *schema.get("definitions", {}).values()):
        _expanded(schema, part, known, ())
    return schema


def normalize_schema(schema: Schema) -> Schema:
    """Return the schema in keywords that the SDK's transform supports.

    `definitions` become `$defs`, and a list of types becomes anyOf.
    """
    return _normalized(schema)


def answer_problem(schema: Schema, answer: Any) -> str:
    """Return where and how `answer` violates the schema; "" if it fits."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415  only structured turns pay for the import
    from referencing import Registry  # noqa: PLC0415

    # An empty registry: addresses in a schema are never fetched.
    faults = Draft202012Validator(schema, registry=Registry()).iter_errors(answer)
    first = next(iter(faults), None)
    if first is None:
        return ""
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first.absolute_path)
    return f"at {where.lstrip('.') or 'the root'}: {first.message[:300]}"


def _check_valid(schema: Schema) -> None:
    from jsonschema import Draft202012Validator  # noqa: PLC0415
    from jsonschema.exceptions import SchemaError as Broken  # noqa: PLC0415

    try:
        Draft202012Validator.check_schema(schema)
    except Broken as error:
        where = "/".join(str(part) for part in error.absolute_path)
        raise SchemaError(
            f"this is no valid JSON Schema, at {where or 'its root'}: {error.message[:200]}"
        ) from None


def _check_nodes(schema: Schema) -> None:
    for node in _nodes(schema):
        if not isinstance(node, dict):
            raise SchemaError("true and false can't be schemas here: say a type")
        if found := next((name for name in _UNSUPPORTED if name in node), None):
            raise SchemaError(f"{found} is not supported: refer to parts of the schema by #/$defs/…")
        if "$ref" in node and not _INTERNAL.fullmatch(node["$ref"]):
            raise SchemaError("a $ref may only lead inside this schema: #/$defs/…")
        if any("$ref" in part for part in node.get("allOf", ()) if isinstance(part, dict)):
            raise SchemaError("a $ref can't stand in allOf")


def _children(node: Schema) -> Iterator[tuple[str, Any]]:
    """Yield the subschemas of a schema with their keyword; those of `_SINGLE` keywords only if they are objects."""
    for name in _NAMED:
        for part in node.get(name, {}).values():
            yield name, part
    for name in _LISTED:
        for part in node.get(name, ()):
            yield name, part
    for name in _SINGLE:
        if isinstance(node.get(name), dict):
            yield name, node[name]


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    for _name, part in _children(node):
        yield from _nodes(part)


def _expanded(root: Schema, node: Any, known: dict[str, int], followed: tuple[str, ...]) -> int:
    """Return the number of the schema's parts with every reference followed; `followed` are those on the way."""
    count = 1 + sum(
        _expanded(root, part, known, followed)
        for name, part in _children(node)
        if name not in ("$defs", "definitions")
    )
    reference = node.get("$ref")
    if reference is not None:
        if reference in followed:
            raise SchemaError(f"the schema is recursive: {reference} leads back to itself")
        if reference not in known:
            known[reference] = _expanded(root, _target(root, reference), known, (*followed, reference))
        count += known[reference]
    if count > MAX_EXPANDED_PARTS:
        raise SchemaError("the schema's references make it too large")
    return count


def _target(root: Schema, reference: str) -> Schema:
    found: Any = root
    for part in reference[1:].split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        raise SchemaError(f"{reference} leads nowhere")
    if found is root:
        raise SchemaError("the schema is recursive: # leads back to itself")
    return found


def _normalized(node: Schema) -> Schema:
    result: Schema = {}
    for key, value in node.items():
        if key == "$ref":
            result[key] = re.sub(r"^#/definitions/", "#/$defs/", value)
        elif key in _NAMED:
            parts = {name: _normalized(part) for name, part in value.items()}
            name = "$defs" if key == "definitions" else key
            result[name] = {**result.get(name, {}), **parts}
        elif key in _LISTED:
            result[key] = [_normalized(part) for part in value]
        elif key in _SINGLE and isinstance(value, dict):
            result[key] = _normalized(value)
        else:
            result[key] = value
    kinds = result.get("type")
    return _by_type(result, kinds) if isinstance(kinds, list) else result


def _by_type(node: Schema, kinds: list[str]) -> Schema:
    if "enum" in node or "const" in node:
        return without(node, "type")
    if len(kinds) == 1:
        return {**node, "type": kinds[0]}
    annotations = ("title", "description", "$defs")
    inner = without(node, *annotations)
    kept = {key: value for key, value in node.items() if key in annotations}
    return {
        **kept,
        "anyOf": [{"type": "null"} if kind == "null" else {**inner, "type": kind} for kind in kinds],
    }


def has_patterns(schema: Schema) -> bool:
    """Return whether the schema has regular expressions, whose check may never end."""
    return any("pattern" in node or "patternProperties" in node for node in _nodes(schema))
