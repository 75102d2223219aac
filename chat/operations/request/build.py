"""Build the request that is sent to a model from a frame and a conversation's path."""

import dataclasses
from typing import Any

from chat.claude.cache.cache_control import CACHE_CONTROL, without_breakpoints
from chat.claude.limits import compaction
from chat.claude.limits.lasting_context import with_changes_only
from chat.claude.request import mcp_connector, server_tool_text
from chat.claude.request.build import build_request, continues_loop
from chat.claude.request.frame import frame_digest
from chat.claude.request.requested_length import with_requested_lengths
from chat.claude.request.transcript import PathMessage
from chat.models import Frame, LanguageModel, Message
from chat.operations.conversations.path import ConversationPath
from chat.operations.request.attachments import resolve, resolve_path
from chat.operations.request.cache_plan import Measured, measure
from chat.operations.request.compaction import with_api_compaction
from chat.operations.request.thinking_binding import account_tag, binding, path_message
from chat.operations.request.tool_selection import FIRST_WEB_SEARCH, runs_with
from chat.operations.running_turn import RunningTurn


def request_for(running: RunningTurn) -> dict[str, Any]:
    """Build the keyword arguments of the next API call from the frozen frame and the path to its message.

    Messages above a written summary are not sent; near the end of the context the API is asked to summarise, where it
    can. Sets what the turn needs of the request later: `expected_cache`, and the binding of its answer.

    Raises:
        RequestError: the path can't be sent.
    """
    path = running.path()
    request, measured = _measured_request(running, path, next_length=running.message.requested_length)
    running.expected_cache = measured.expected_cache
    running.message.binding = binding(
        account_tag(running.connection), running.turn.frame_id, request["messages"]
    )
    return with_api_compaction(request, running.turn, path)


def loop_goes_on(running: RunningTurn, model: LanguageModel, frame: Frame) -> bool:
    """Return whether a model and a frame can take up the tool loop before the open answer without a refusal.

    Raises:
        RequestError: the path can't be sent.
    """
    path = running.path()
    leaf = path.leaf
    if leaf is None or (leaf.role == Message.Role.USER and leaf.kind != Message.Kind.RESULTS):
        return True  # a person's message: no loop is running
    sent = _as_sent(
        resolve_path(path, model, frame.body),
        model,
        running.message.requested_length,
        own_summaries=bool(frame.body.get("documents")),
    )
    if sent and sent[-1].role == "assistant" and sent[-1].edited:
        return False  # a pause that was rewritten can't be continued
    return continues_loop(
        _with_documents(running, frame.body, model),
        sent,
        frame_digest=frame.digest,
        system_role=model.supports.system_messages,
    )


def request_of(
    running: RunningTurn,
    path: ConversationPath,
    *,
    body: dict[str, Any] | None = None,
    asking: str = "",
    max_tokens: int = 0,
) -> dict[str, Any]:
    """Build the arguments for an answer at the end of `path`; `asking` is one more user message behind it.

    `body` and `max_tokens` replace those of the turn; a body with other tools is another prefix for thinking.

    Raises:
        RequestError: the path can't be sent.
    """
    return _measured_request(running, path, body=body, asking=asking, max_tokens=max_tokens)[0]


def _measured_request(
    running: RunningTurn,
    path: ConversationPath,
    *,
    body: dict[str, Any] | None = None,
    asking: str = "",
    max_tokens: int = 0,
    next_length: str = "",
) -> tuple[dict[str, Any], Measured]:
    frame = running.turn.frame
    body = frame.body if body is None else body
    measured = measure(running.turn, running.model, path.sent)
    messages = _as_sent(
        resolve_path(path, running.model, body),
        running.model,
        next_length,
        own_summaries=bool(body.get("documents")),
    )
    if asking:
        messages.append(PathMessage(role="user", content=[{"type": "text", "text": asking}]))
    request = build_request(
        _with_documents(running, body, running.model),
        messages,
        max_tokens=max_tokens or running.turn.max_tokens,
        frame_digest=frame.digest if body.get("tools") == frame.body.get("tools") else frame_digest(body),
        cache=measured.plan(running.prices),
        system_role=running.model.supports.system_messages,
    )
    if not running.connection.takes_cache_control:
        request = without_breakpoints(request)
    request = {**request, **measured.diagnostics(running.connection)}
    return compaction.with_compaction_beta(mcp_connector.with_connector_beta(request)), measured


def first_request(running: RunningTurn, text: str) -> dict[str, Any]:
    """Build the arguments for an answer to a text as the first message, without breakpoints of a cache plan.

    Raises:
        RequestError: it can't be sent.
    """
    frame = running.turn.frame
    return build_request(
        _with_documents(running, frame.body, running.model),
        [PathMessage(role="user", content=[{"type": "text", "text": text}])],
        max_tokens=running.turn.max_tokens,
        frame_digest=frame.digest,
    )


def _with_documents(running: RunningTurn, body: dict[str, Any], model: LanguageModel) -> dict[str, Any]:
    """Return a frame's body with the contents of its documents in place of references, marked for an hour."""
    references = body.get("documents")
    if not references:
        return body
    cites = not (body.get("output_config") or {}).get("format")
    documents = resolve(references, model, running.documents(references), cites=cites)
    documents[-1] = {**documents[-1], "cache_control": dict(CACHE_CONTROL["1h"])}
    return {**body, "documents": documents}


def _as_sent(
    path: list[Message], model: LanguageModel, next_length: str, *, own_summaries: bool
) -> list[PathMessage]:
    """Return the path with unsupported blocks replaced.

    The result depends only on the path, the model, the length that the next answer was asked to have, and whether
    the frame has documents. An API's summary would take them away too, so then it becomes one of Parley's, behind them.
    """
    account, knows_context = account_tag(model.connection), model.supports.context
    messages = [path_message(message, account) for message in path]
    if not knows_context:  # a very small model answers the context instead of the question
        messages = [dataclasses.replace(message, context="") for message in messages]
    messages = with_changes_only(messages)
    messages = with_requested_lengths(messages, next_length, as_context=knows_context)
    if own_summaries or not model.supports.compaction:
        messages = compaction.from_last_compaction(messages)
    if not model.supports.mcp_connector:
        messages = mcp_connector.without_mcp_blocks(messages)
    return server_tool_text.missing_tools_as_text(messages, lambda tool: _lacks(model, tool))


def _lacks(model: LanguageModel, tool: str) -> bool:
    """Return whether a model refuses earlier calls of a server tool, given by its name; "" is no tool."""
    kind = {"web_search": FIRST_WEB_SEARCH, "web_fetch": "web_fetch_"}.get(tool, tool)
    kind = "code_execution_" if tool in server_tool_text.CODE_EXECUTION else kind
    return bool(tool) and not runs_with({"type": kind}, model)
