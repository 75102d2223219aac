"""Answers of a given shape: which JSON Schemas can be asked for, and whether an answer has the shape.

Rules of the provider's page on structured outputs: no recursion, references inside the schema only, none of them
in allOf. A schema comes from outside, so its cost is bounded here: size, depth, what its references expand to, and
regular expressions are told apart, so that they are run only where they can be ended.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from chat.claude.blocks import Block, plain_text, without
from chat.claude.request import FrameSpec, exact_json
from chat.claude.text import too_deep

ANSWER_TOOL = "answer"
LONGEST_SCHEMA = 100_000
DEEPEST_SCHEMA = 60
MOST_EXPANDED = 20_000
FORMAT, TOOL = "format", "tool"
_NAMED = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_LISTED = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLE = (
    *("items", "additionalProperties", "unevaluatedProperties", "unevaluatedItems", "contains"),
    *("propertyNames", "not", "if", "then", "else"),
)
_FOREIGN = ("$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor")
_INTERNAL = re.compile(r"#(/.*)?")
Schema = dict[str, Any]


class SchemaError(ValueError):
    """The schema can't be asked for; the message says why, in plain English."""


class ShapeError(ValueError):
    """An answer is not of the kind that was asked for; the message says where."""


def check_schema(schema: object) -> Schema:
    """Return the schema if answers can be asked for in it, without what only names it ($schema, $id).

    Raises:
        SchemaError: not an object, too large, no valid JSON Schema, recursive, or with outside references.
    """
    if not isinstance(schema, dict) or not schema:
        raise SchemaError("the schema must be a JSON object that says something")
    if too_deep(schema, DEEPEST_SCHEMA):
        raise SchemaError(f"the schema is nested deeper than {DEEPEST_SCHEMA} levels")
    schema = without(schema, "$schema", "$id")
    if len(exact_json(schema)) > LONGEST_SCHEMA:
        raise SchemaError(f"the schema is longer than {LONGEST_SCHEMA:,} characters")
    _check_meta(schema)
    _check_nodes(schema)
    known: dict[str, int] = {}
    for part in (schema, *schema.get("$defs", {}).values(), *schema.get("definitions", {}).values()):
        _expanded(schema, part, known, ())
    return schema


def sendable(schema: Schema) -> Schema:
    """Rewrite what the SDK's transform does not know: `definitions` become `$defs`, a list of types anyOf."""
    return _sendable(schema)


def shaped(spec: FrameSpec, schema: Schema, way: str) -> FrameSpec:
    """Make a frame ask for answers of a (transformed) schema.

    By `way` "format" the API itself keeps to it; by "tool" the model has to call one tool, whose input is the answer.
    """
    parts = {name: getattr(spec, name) for name in ("model", "system", "tools", "thinking", "output_config")}
    if way == FORMAT:
        answer = {"type": "json_schema", "schema": schema}
        parts["output_config"] = {**(spec.output_config or {}), "format": answer}
        # Citations, such as those of fetched pages, and a format exclude each other.
        parts["tools"] = [without(tool, "citations") for tool in spec.tools]
        return FrameSpec(**parts)
    tool = {
        "name": ANSWER_TOOL,
        "description": "Give your answer as the input of this tool.",
        "input_schema": schema,
    }
    if (spec.thinking or {}).get("type") == "enabled":
        parts["thinking"] = None  # a forced tool and manual thinking exclude each other
    return FrameSpec(**{**parts, "tools": [tool], "tool_choice": {"type": "tool", "name": ANSWER_TOOL}})


def as_text(content: Sequence[Block]) -> list[Block]:
    """Write the input of the answer tool as the text that it stands for; what was said beside it goes."""
    if not gives_answer(content):
        return list(content)
    return [
        {"type": "text", "text": exact_json(block.get("input"))} if _is_answer(block) else block
        for block in content
        if block.get("type") != "text"
    ]


def gives_answer(content: Sequence[Block]) -> bool:
    """Say whether the answer tool was called: that is the answer itself, and nothing is to be run."""
    return any(map(_is_answer, content))


def _is_answer(block: Block) -> bool:
    return block.get("type") == "tool_use" and block.get("name") == ANSWER_TOOL


def read_answer(content: Sequence[Block]) -> Any:
    """Read the answer out of an assistant message; its shape is not checked yet, see `fault_in`.

    Raises:
        ShapeError: it is empty or no JSON.
    """
    text = plain_text(as_text(content))
    if not text.strip():
        raise ShapeError("the answer is empty")
    try:
        answer = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ShapeError(f"the answer is not JSON: {str(error)[:200]}") from None
    if too_deep(answer):
        raise ShapeError("the answer is nested too deep")
    return answer


def fault_in(schema: Schema, answer: Any) -> str:
    """Say where and how `answer` breaks the schema; "" when it does not."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415  only structured turns pay for the import
    from referencing import Registry  # noqa: PLC0415

    # An empty registry: nothing is ever fetched from an address in a schema.
    faults = Draft202012Validator(schema, registry=Registry()).iter_errors(answer)
    first = next(iter(faults), None)
    if first is None:
        return ""
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first.absolute_path)
    return f"at {where.lstrip('.') or 'the root'}: {first.message[:300]}"


def _check_meta(schema: Schema) -> None:
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
        if found := next((name for name in _FOREIGN if name in node), None):
            raise SchemaError(f"{found} is not supported: refer to parts of the schema by #/$defs/…")
        if "$ref" in node and not _INTERNAL.fullmatch(node["$ref"]):
            raise SchemaError("a $ref may only lead inside this schema: #/$defs/…")
        if any("$ref" in part for part in node.get("allOf", ()) if isinstance(part, dict)):
            raise SchemaError("a $ref can't stand in allOf")


def _children(node: Schema) -> Iterator[tuple[str, Any]]:
    """Give the subschemas of a schema with their keyword; of additionalProperties and the like only objects."""
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


def _expanded(root: Schema, node: Any, known: dict[str, int], way: tuple[str, ...]) -> int:
    """Count the schema's parts with every reference followed; `way` are the references being followed."""
    count = 1 + sum(
        _expanded(root, part, known, way)
        for name, part in _children(node)
        if name not in ("$defs", "definitions")
    )
    reference = node.get("$ref")
    if reference is not None:
        if reference in way:
            raise SchemaError(f"the schema is recursive: {reference} leads back to itself")
        if reference not in known:
            known[reference] = _expanded(root, _target(root, reference), known, (*way, reference))
        count += known[reference]
    if count > MOST_EXPANDED:
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


def _sendable(node: Schema) -> Schema:
    result: Schema = {}
    for key, value in node.items():
        if key == "$ref":
            result[key] = re.sub(r"^#/definitions/", "#/$defs/", value)
        elif key in _NAMED:
            parts = {name: _sendable(part) for name, part in value.items()}
            name = "$defs" if key == "definitions" else key
            result[name] = {**result.get(name, {}), **parts}
        elif key in _LISTED:
            result[key] = [_sendable(part) for part in value]
        elif key in _SINGLE and isinstance(value, dict):
            result[key] = _sendable(value)
        else:
            result[key] = value
    kinds = result.get("type")
    return _by_type(result, kinds) if isinstance(kinds, list) else result


def _by_type(node: Schema, kinds: list[str]) -> Schema:
    if "enum" in node or "const" in node:
        return without(node, "type")
    if len(kinds) == 1:
        return {**node, "type": kinds[0]}
    told = ("title", "description", "$defs")
    inner = without(node, *told)
    kept = {key: value for key, value in node.items() if key in told}
    return {
        **kept,
        "anyOf": [{"type": "null"} if kind == "null" else {**inner, "type": kind} for kind in kinds],
    }


def has_patterns(schema: Schema) -> bool:
    """Say whether checking an answer runs regular expressions, which can take for ever."""
    return any("pattern" in node or "patternProperties" in node for node in _nodes(schema))


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
