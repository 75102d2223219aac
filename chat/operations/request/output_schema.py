"""Structured outputs: the schema of a turn, how its model is asked for it, and the check of the answer."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from chat.claude.content.blocks import Block
from chat.claude.encoding.exact_numbers import exact_json
from chat.claude.request.frame import FrameSpec
from chat.claude.request.output_schema import FORMAT, TOOL, AnswerError, read_answer, with_output_schema
from chat.claude.schemas.json_schema import (
    Schema,
    answer_problem,
    check_schema,
    has_patterns,
    normalize_schema,
)
from chat.claude.schemas.tool_definitions import input_schema_fault
from chat.models import Assistant, LanguageModel
from chat.operations.errors import OperationError
from chat.presentation.tool_faults import fault_text
from chat.providers.sdk import transformed_schema
from chat.readers.errors import Exceeded, Refused
from chat.readers.process import sandbox

INVALID, TRUNCATED = "invalid_output", "output_truncated"
CUT = frozenset({"max_tokens", "model_context_window_exceeded"})


@dataclasses.dataclass(frozen=True, slots=True)
class SchemaFault:
    """Why an answer is refused: `code` is invalid_output or output_truncated, `detail` is technical."""

    code: str
    detail: str


def checked_schema(schema: Any) -> Schema:
    """Return a checked schema in the form that the turn keeps.

    Raises:
        OperationError: invalid_schema.
    """
    try:
        checked = check_schema(schema)
        transformed_schema(normalize_schema(checked))
    except ValueError as error:
        text = _("This JSON Schema can’t be used: %(problem)s.") % {"problem": str(error).rstrip(".")}
        raise OperationError("invalid_schema", text, status=422) from error
    return checked


def schema_for(wish: Any, assistant: Assistant | None) -> Schema | None:
    """Return the schema of a turn: the caller's, or the assistant's, or None.

    Raises:
        OperationError: invalid_schema.
    """
    wanted = wish if wish is not None else assistant.output_schema if assistant else None
    return None if wanted is None else checked_schema(wanted)


def way_of(model: LanguageModel, schema: Schema) -> str:
    """Return how a model is held to a schema: by "format", or by the "tool" that it is forced to call.

    Raises:
        OperationError: no_structured_output, when it can do neither, or not for this schema; invalid_schema, when
            the API refuses it as a tool's.
    """
    if model.supports.structured_outputs:
        return FORMAT
    if model.supports.forced_tool_choice and schema.get("type") == "object":
        if fault := input_schema_fault(schema):
            text = _("This JSON Schema can’t be used: %(problem)s.") % {"problem": fault_text(fault)}
            raise OperationError("invalid_schema", text, status=422)
        return TOOL
    text = _("%(model)s does not support JSON Schemas. Choose another model.")
    if model.supports.forced_tool_choice:
        text = _("%(model)s supports only JSON Schemas of type “object”.")
    raise OperationError("no_structured_output", text % {"model": model.display_name}, status=422)


def shaped_spec(spec: FrameSpec, model: LanguageModel, schema: Schema | None) -> FrameSpec:
    """Return a frame that asks for answers of a checked schema; without a schema the same frame.

    Raises:
        OperationError: no_structured_output.
    """
    if schema is None:
        return spec
    return with_output_schema(spec, transformed_schema(normalize_schema(schema)), way_of(model, schema))


def schema_fault(schema: Schema, content: Sequence[Block], stop_reason: str) -> SchemaFault | None:
    """Check a finished answer against its schema; return None when it matches."""
    if stop_reason in CUT:
        return SchemaFault(TRUNCATED, f"the answer was cut: {stop_reason}")
    try:
        answer = read_answer(content)
    except AnswerError as error:
        return SchemaFault(INVALID, str(error))
    found = _fault_in_sandbox(schema, answer) if has_patterns(schema) else answer_problem(schema, answer)
    return SchemaFault(INVALID, found) if found else None


def _fault_in_sandbox(schema: Schema, answer: Any) -> str:
    """Check in a process of its own: a regular expression may never end, and only its process can be killed."""
    try:
        return str(sandbox.run("answer", exact_json([schema, answer]).encode(), bounds=sandbox.CHECKS).value)
    except Exceeded:
        return "the answer couldn't be checked in time: simplify the schema's patterns"
    except Refused:
        return "the answer couldn't be checked: the schema can't be followed"
