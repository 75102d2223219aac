"""What leaves for the model: the request behind a path, and the row and the money of one attempt to send it."""

import dataclasses
from typing import Any

from chat.claude import compaction, mcp_connector, server_tool_text
from chat.claude.request import build_request, continues_loop, frame_digest
from chat.claude.transcript import PathMessage
from chat.models import Frame, LanguageModel, Message
from chat.operations.conversations.path import path_to
from chat.operations.request.attachments import resolve_path
from chat.operations.request.cache_plan import Measured, measure
from chat.operations.request.compaction import since_summary, with_api_compaction
from chat.operations.request.thinking_binding import account_tag, binding, path_message
from chat.operations.request.tool_selection import FIRST_WEB_SEARCH, runs_with
from chat.operations.running_turn import RunningTurn


def request_for(running: RunningTurn) -> dict[str, Any]:
    """Build the keyword arguments of the next API call from the frozen frame and the path to its message.

    What a summary stands for is not sent; near the end of the context the API is asked to summarise, where it can.

    Raises:
        RequestError: the path can't be sent.
    """
    parent = running.message.parent
    path = since_summary(path_to(parent)) if parent else []
    request, measured = _measured_request(running, path)
    running.foreseen = measured.foreseen
    running.message.binding = binding(
        account_tag(running.connection), running.turn.frame_id, request["messages"]
    )
    return with_api_compaction(request, running.turn, path)


def loop_goes_on(parent: Message | None, model: LanguageModel, frame: Frame) -> bool:
    """Say whether a model and a frame can take up the tool loop that ends with `parent`, without any of it refused.

    Raises:
        RequestError: the path can't be sent.
    """
    if parent is None or (parent.role == Message.Role.USER and parent.kind != Message.Kind.RESULTS):
        return True  # somebody has just said something: no loop is running
    path = resolve_path(since_summary(path_to(parent)), model, frame.body)
    sent = _as_sent(path, model)
    if sent and sent[-1].role == "assistant" and sent[-1].edited:
        return False  # a pause that was rewritten: nobody can go on with it
    return continues_loop(
        frame.body,
        sent,
        frame_digest=frame.digest,
        system_role=model.supports.system_messages,
    )


def request_of(
    running: RunningTurn,
    path: list[Message],
    *,
    body: dict[str, Any] | None = None,
    asking: str = "",
    max_tokens: int = 0,
) -> dict[str, Any]:
    """Build the arguments for an answer at the end of `path`; `asking` is one more user message behind it.

    `body` and `max_tokens` stand for those of the turn; a body with other tools is another prefix for thinking.

    Raises:
        RequestError: the path can't be sent.
    """
    return _measured_request(running, path, body=body, asking=asking, max_tokens=max_tokens)[0]


def _measured_request(
    running: RunningTurn,
    path: list[Message],
    *,
    body: dict[str, Any] | None = None,
    asking: str = "",
    max_tokens: int = 0,
) -> tuple[dict[str, Any], Measured]:
    frame = running.turn.frame
    body = frame.body if body is None else body
    path = resolve_path(path, running.model, body)
    measured = measure(running.turn, running.model, path)
    messages = _as_sent(path, running.model)
    if asking:
        messages.append(PathMessage(role="user", content=[{"type": "text", "text": asking}]))
    request = build_request(
        body,
        messages,
        max_tokens=max_tokens or running.turn.max_tokens,
        frame_digest=frame.digest if body.get("tools") == frame.body.get("tools") else frame_digest(body),
        cache=measured.plan(running.prices),
        system_role=running.model.supports.system_messages,
    )
    request = {**request, **measured.diagnostics(running.connection)}
    return compaction.with_compaction_beta(mcp_connector.with_connector_beta(request)), measured


def _as_sent(path: list[Message], model: LanguageModel) -> list[PathMessage]:
    """Give a path with nothing in it that a model or its platform refuses; what stands for it depends on both alone."""
    account = account_tag(model.connection)
    messages = [path_message(message, account) for message in path]
    if not model.supports.context:  # a very small model answers the context instead of the question
        messages = [dataclasses.replace(message, context="") for message in messages]
    if not model.supports.compaction:
        messages = compaction.from_last_compaction(messages)
    if not model.supports.mcp_connector:
        messages = mcp_connector.without_mcp_blocks(messages)
    return server_tool_text.missing_tools_as_text(messages, lambda tool: _lacks(model, tool))


def _lacks(model: LanguageModel, tool: str) -> bool:
    """Say whether calls of a server tool, by its name, are refused in what was said before; "" is none."""
    kind = {"web_search": FIRST_WEB_SEARCH, "web_fetch": "web_fetch_"}.get(tool, tool)
    kind = "code_execution_" if tool in server_tool_text.CODE_EXECUTION else kind
    return bool(tool) and not runs_with({"type": kind}, model)
