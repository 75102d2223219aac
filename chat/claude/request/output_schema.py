"""Structured outputs: a frame that asks for an answer in a JSON Schema, and reading the answer."""

from collections.abc import Sequence
from typing import Any

from chat.claude.content.blocks import Block, plain_text, without
from chat.claude.encoding.exact_numbers import exact_json, read_json
from chat.claude.encoding.text import too_deep
from chat.claude.request.frame import FrameSpec
from chat.claude.schemas.json_schema import Schema

ANSWER_TOOL = "answer"
FORMAT, TOOL = "format", "tool"


class AnswerError(ValueError):
    """An answer is not JSON as requested; the message gives the reason."""


def with_output_schema(spec: FrameSpec, schema: Schema, method: str) -> FrameSpec:
    """Return the frame with answers requested in a (transformed) schema.

    With `method` "format" the API enforces it; with "tool" the model must call one tool, whose input is the
    answer.
    """
    kept = ("model", "system", "documents", "tools", "thinking", "output_config")
    parts = {name: getattr(spec, name) for name in kept}
    if method == FORMAT:
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


def without_output_schema(body: dict[str, Any]) -> dict[str, Any]:
    """Return a frame's body with the schema of its answers, whichever way it is asked for, replaced by None."""
    body = dict(body)
    settings = body.get("output_config") or {}
    if "format" in settings:
        body["output_config"] = {**settings, "format": {**settings["format"], "schema": None}}
    if body.get("tool_choice") == {"type": "tool", "name": ANSWER_TOOL}:
        body["tools"] = [
            {**tool, "input_schema": None} if tool.get("name") == ANSWER_TOOL else tool
            for tool in body["tools"]
        ]
    return body


def answer_as_text(content: Sequence[Block]) -> list[Block]:
    """Return the content with the answer tool's input as a text block. Other text beside it is left out."""
    if not has_answer_call(content):
        return list(content)
    return [
        {"type": "text", "text": exact_json(block.get("input"))} if _is_answer(block) else block
        for block in content
        if block.get("type") != "text"
    ]


def has_answer_call(content: Sequence[Block]) -> bool:
    """Return whether the answer tool was called. Its call is the answer, so no tool is run."""
    return any(map(_is_answer, content))


def _is_answer(block: Block) -> bool:
    return block.get("type") == "tool_use" and block.get("name") == ANSWER_TOOL


def read_answer(content: Sequence[Block]) -> Any:
    """Return the JSON value of the answer in an assistant message. `answer_problem` checks it against the schema.

    Raises:
        AnswerError: the answer is empty or not JSON.
    """
    text = plain_text(answer_as_text(content))
    if not text.strip():
        raise AnswerError("the answer is empty")
    try:
        answer = read_json(text)
    except (ValueError, RecursionError) as error:
        raise AnswerError(f"the answer is not JSON: {str(error)[:200]}") from None
    if too_deep(answer):
        raise AnswerError("the answer is nested too deep")
    return answer
