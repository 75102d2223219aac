"""Checks of a conversation: roles, blocks, tool uses with their results, and the rules of both API versions."""

import re
from typing import Any

from chat.simulator.models import Model
from chat.simulator.prompts.prompt import Block, Turn, blocks_of, merge
from chat.simulator.transport.wire import ApiError, invalid

MAX_MESSAGES = 100_000
TOOL_ID = re.compile(r"[a-zA-Z0-9_-]+")
IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")
INVENTED_BLOCK = "simulated_card"  # what the `unknown_block` scenario sends; it must be accepted back
RUN_BY_SERVER = ("server_tool_use", "mcp_tool_use")
ONLY_NESTED = ("tool_reference", "browser_state")  # blocks that exist inside tool results alone
BY_ROLE = {
    "user": {"text", "image", "document", "search_result", "tool_result", "container_upload"},
    "assistant": {
        *("text", "thinking", "redacted_thinking", "tool_use", "server_tool_use", "fallback", "document"),
        *("web_search_tool_result", "web_fetch_tool_result", "code_execution_tool_result", "search_result"),
        *("bash_code_execution_tool_result", "text_editor_code_execution_tool_result"),
        *("tool_search_tool_result", "container_upload", "compaction", INVENTED_BLOCK),
        *("mcp_tool_use", "mcp_tool_result"),
    },
    "system": {"text"},
}


def check_system(system: Any) -> None:
    """Check the system prompt: a string or text blocks.

    Raises:
        ApiError: 400.
    """
    if system is None or isinstance(system, str):
        return
    if not isinstance(system, list):
        raise invalid("system", "Input should be a valid string or list")
    for position, block in enumerate(system):
        if not isinstance(block, dict) or block.get("type") != "text":
            raise invalid(f"system.{position}.type", "Input should be 'text'")
        _check_text(f"system.{position}", block)


def check_messages(messages: Any, model: Model, *, strict: bool) -> None:
    """Check the messages. `strict` adds the rules of API version 2026-10-21.

    Raises:
        ApiError: 400.
    """
    if not isinstance(messages, list) or not messages:
        raise invalid("messages", "at least one message is required")
    if len(messages) > MAX_MESSAGES:
        raise invalid("messages", f"List should have at most {MAX_MESSAGES} items")
    for number, message in enumerate(messages):
        _check_message(number, message, last=number == len(messages) - 1)
        if strict:
            _check_strict(number, message)
    if messages[0]["role"] != "user":
        raise ApiError(400, 'messages: first message must use the "user" role')
    turns = merge(messages)
    _check_system_turns(turns, model)
    _check_pairs([turn for turn in turns if turn.role != "system"])
    _check_ending(turns[-1], model)


def _check_message(number: int, message: Any, *, last: bool) -> None:
    where = f"messages.{number}"
    if not isinstance(message, dict):
        raise invalid(where, "Input should be an object")
    if message.get("role") not in tuple(BY_ROLE):
        raise invalid(f"{where}.role", "Input should be 'user', 'assistant' or 'system'")
    for name in message:
        if name not in ("role", "content"):
            raise invalid(f"{where}.{name}", "Extra inputs are not permitted")
    content = message.get("content")
    if not isinstance(content, str | list):
        raise invalid(f"{where}.content", "Input should be a valid string or list")
    if not content and not (last and message["role"] == "assistant"):
        raise invalid(where, "all messages must have non-empty content")
    for position, block in enumerate(blocks_of(content)):
        _check_block(f"{where}.content.{position}", message["role"], block)


def _check_block(where: str, role: str, block: Any) -> None:
    if not isinstance(block, dict) or not isinstance(block.get("type"), str):
        raise invalid(f"{where}.type", "Field required")
    if block["type"] not in BY_ROLE[role]:
        raise invalid(
            where, f"Input tag '{block['type']}' does not match any of the expected tags for role '{role}'"
        )
    match block["type"]:
        case "text":
            _check_text(where, block)
        case "image":
            _check_image(where, block.get("source"))
        case "document":
            _check_source(where, block.get("source"))
        case "search_result":
            _check_nested(f"{where}.search_result.content", block.get("content"))
        case "tool_use" | "server_tool_use" | "mcp_tool_use":
            _check_tool_use(where, block)
        case "tool_result" | "mcp_tool_result":
            _check_tool_result(where, block)
        case "thinking" | "redacted_thinking":
            _check_thinking(where, block)


def _check_text(where: str, block: Block) -> None:
    text = block.get("text")
    if not isinstance(text, str):
        raise invalid(f"{where}.text", "Input should be a valid string")
    if not text:
        raise invalid(where, "text content blocks must be non-empty")
    if not text.strip():
        raise invalid(where, "text content blocks must contain non-whitespace text")


def _check_source(where: str, source: Any) -> None:
    if not isinstance(source, dict) or source.get("type") not in ("base64", "text", "content", "url", "file"):
        raise invalid(f"{where}.source", "Field required")
    if source["type"] == "file":
        raise ApiError(404, f"File not found: {source.get('file_id')}")
    if source["type"] in ("base64", "text") and not (isinstance(source.get("data"), str) and source["data"]):
        raise invalid(f"{where}.source.data", "Field required")
    if source["type"] == "content" and not isinstance(source.get("content"), str):
        _check_nested(f"{where}.source.content", source.get("content"))


def _check_image(where: str, source: Any) -> None:
    _check_source(where, source)
    if source["type"] == "base64" and source.get("media_type") not in IMAGE_TYPES:
        raise invalid(f"{where}.source.base64.media_type", "Input should be " + ", ".join(IMAGE_TYPES))


def _check_tool_use(where: str, block: Block) -> None:
    if not isinstance(block.get("id"), str) or not TOOL_ID.fullmatch(block["id"]):
        raise invalid(f"{where}.{block['type']}.id", "String should match pattern '^[a-zA-Z0-9_-]+$'")
    if not isinstance(block.get("name"), str):
        raise invalid(f"{where}.{block['type']}.name", "Field required")
    if not isinstance(block.get("input"), dict):
        raise invalid(f"{where}.{block['type']}.input", "Input should be a valid dictionary")


def _check_tool_result(where: str, block: Block) -> None:
    if not isinstance(block.get("tool_use_id"), str):
        raise invalid(f"{where}.tool_result.tool_use_id", "Field required")
    content = block.get("content", "")
    if content is not None and not isinstance(content, str | list):
        raise invalid(f"{where}.tool_result.content", "Input should be a valid string or list")
    if isinstance(content, list):
        _check_nested(f"{where}.tool_result.content", content)


def _check_nested(where: str, content: Any) -> None:
    if not isinstance(content, list):
        raise invalid(where, "Input should be a valid list")
    for position, part in enumerate(content):
        if not isinstance(part, dict) or part.get("type") == "tool_result":
            raise invalid(f"{where}.{position}", "Input should be a content block")
        if part.get("type") not in ONLY_NESTED:
            _check_block(f"{where}.{position}", "user", part)


def _check_thinking(where: str, block: Block) -> None:
    fields = ("thinking", "signature") if block["type"] == "thinking" else ("data",)
    for name in fields:
        if not isinstance(block.get(name), str):
            raise invalid(f"{where}.{block['type']}.{name}", "Field required")


def _check_strict(number: int, message: dict[str, Any]) -> None:
    for position, block in enumerate(blocks_of(message["content"])):
        where = f"messages.{number}.content.{position}"
        if message["role"] == "assistant" and block["type"] == "document":
            raise invalid(where, "document blocks are not permitted in assistant messages")
        if message["role"] != "user":
            continue
        nested = block.get("content") if block["type"] == "search_result" else []
        for part in [block, *(nested if isinstance(nested, list) else [])]:
            if isinstance(part, dict) and part.get("type") == "text" and part.get("citations"):
                raise invalid(f"{where}.citations", "citations are not permitted in user messages")


def _check_system_turns(turns: list[Turn], model: Model) -> None:
    for number, turn in enumerate(turns):
        if turn.role != "system":
            continue
        where = f"messages.{turn.positions[0][0]}"
        if not model.system_messages:
            raise invalid(f"{where}.role", "role 'system' is not supported in messages for this model")
        before = turns[number - 1]
        if before.role != "user" and not before.blocks[-1]["type"].endswith("_tool_result"):
            raise invalid(where, "a system message must follow a user message")
        if number + 1 < len(turns) and turns[number + 1].role != "assistant":
            raise invalid(where, "a system message must come before an assistant message or last")


def _check_pairs(turns: list[Turn]) -> None:
    seen: set[str] = set()
    open_ids: list[str] = []
    for number, turn in enumerate(turns):
        if turn.role == "user":
            _check_results(turn, open_ids)
            open_ids = []
            continue
        open_ids = [block["id"] for block in turn.blocks if block["type"] == "tool_use"]
        where = f"messages.{turn.positions[0][0]}"
        if len(set(open_ids)) < len(open_ids) or seen & set(open_ids):
            raise invalid(where, "`tool_use` ids must be unique")
        seen |= set(open_ids)
        answered = turns[number + 1].blocks if number + 1 < len(turns) else []
        missing = set(open_ids) - {block.get("tool_use_id") for block in answered}
        if missing:
            raise invalid(
                where,
                "`tool_use` ids were found without `tool_result` blocks immediately after: "
                + ", ".join(name for name in open_ids if name in missing)
                + ". Each `tool_use` must have a corresponding `tool_result` in the next message.",
            )


def _check_results(turn: Turn, open_ids: list[str]) -> None:
    waiting = list(open_ids)
    other_seen = False
    for (number, position), block in zip(turn.positions, turn.blocks, strict=True):
        where = f"messages.{number}.content.{position}"
        if block["type"] != "tool_result":
            other_seen = True
            continue
        if block["tool_use_id"] not in open_ids:
            raise invalid(
                where,
                f"unexpected `tool_use_id` found in `tool_result` blocks: {block['tool_use_id']}. Each "
                "`tool_result` block must have a corresponding `tool_use` block in the previous message.",
            )
        if block["tool_use_id"] not in waiting:
            raise invalid(where, "each `tool_use` must have a single result")
        if other_seen:
            raise invalid(where, "`tool_result` blocks must come before other content")
        waiting.remove(block["tool_use_id"])


def _check_ending(turn: Turn, model: Model) -> None:
    if turn.role != "assistant" or is_paused(turn):
        return
    if not model.prefill:
        raise ApiError(
            400,
            "This model does not support assistant message prefill. "
            "The conversation must end with a user message.",
        )
    if turn.blocks and turn.blocks[-1].get("text", "") != turn.blocks[-1].get("text", "").rstrip():
        raise ApiError(400, "messages: final assistant content cannot end with trailing whitespace")


def is_paused(turn: Turn) -> bool:
    """Return whether an assistant turn ends with an unanswered server tool (stop reason pause_turn)."""
    answered = {block.get("tool_use_id") for block in turn.blocks}
    return any(block["type"] in RUN_BY_SERVER and block["id"] not in answered for block in turn.blocks)
