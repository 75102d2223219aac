"""Writes the answer of each scenario. The default scenario chooses between text, tools, titles and more."""

from collections.abc import Callable
from typing import Any

import orjson

from chat.simulator.checks import mcp_servers, media
from chat.simulator.checks.dialogue import is_paused
from chat.simulator.prompts import tokens
from chat.simulator.replies import server_tools, texts
from chat.simulator.replies.reply import Reply, Writer
from chat.simulator.replies.tool_calls import first_tool_call, sample_value, tool_calls


def compose(writer: Writer) -> Reply:
    """Return the reply of the writer's scenario."""
    if writer.prompt.max_tokens == 0:
        writer.stop("max_tokens")
    else:
        _SCENARIOS.get(writer.choice.name, _default)(writer)
    return writer.reply


def _default(writer: Writer) -> None:
    prompt = writer.prompt
    if prompt.asks_for_title():
        writer.say(texts.title(prompt))
    elif prompt.last.role == "assistant":
        _resume(writer)
    elif calls := tool_calls(writer):
        writer.think()
        writer.say(texts.words_for(prompt)["calling"])
        _call(writer, calls)
    else:
        writer.think()
        documents = any(block["type"] == "document" for block in prompt.last.blocks)
        lead = "\n\n" if documents and _cite_all(writer) else ""
        writer.say(lead + _sized(writer, _plain_answer(writer)))


def _citations(writer: Writer) -> None:
    """Name each document that may be cited, with a passage of it."""
    writer.think()
    _cite_all(writer)


def _cite_all(writer: Writer) -> bool:
    """Write one paragraph per document; return whether there was any."""
    words = texts.words_for(writer.prompt)
    found = media.citations(writer.prompt.body["messages"])
    for number, citation in enumerate(found):
        title = citation["document_title"] or "?"
        writer.say("\n\n" * bool(number) + words["according"].format(title=title))
        writer.cite(citation["cited_text"], citation)
    return bool(found)


def _plain_answer(writer: Writer) -> str:
    prompt = writer.prompt
    shape = (prompt.body.get("output_config") or {}).get("format")
    results = [block for block in prompt.last.blocks if block["type"] == "tool_result"]
    if shape:
        return orjson.dumps(sample_value(shape["schema"], texts.quote(prompt.user_text(), 80))).decode()
    if results and not any(block["type"] == "text" for block in prompt.last.blocks):
        return texts.report(prompt, results)
    if texts.asks_to_continue(prompt):
        return texts.continuation(prompt)
    usage = writer.reply.usage
    written = usage.written_5m_tokens + usage.written_1h_tokens
    counts = {"total": usage.total_tokens, "read": usage.read_tokens, "written": written}
    return texts.demo(prompt, writer.rng, counts)


def _sized(writer: Writer, text: str) -> str:
    """Return the text cut or extended to the parameter `tokens`, if the request sets it."""
    wanted = writer.choice.integer("tokens")
    have = tokens.count(text, writer.chars_per_token)
    if wanted > have:
        text += "\n" + texts.prose(writer.seed, wanted - have, writer.chars_per_token)
    return tokens.cut(text, wanted, writer.chars_per_token) if wanted else text


def _resume(writer: Writer) -> None:
    """Continue an assistant turn: answer the searches of a paused one, or complete a prefilled one."""
    if is_paused(writer.prompt.last):
        _answer_searches(writer)
        writer.say(_sized(writer, _plain_answer(writer)))
    else:
        writer.say(" " + texts.continuation(writer.prompt))


def _answer_searches(writer: Writer) -> None:
    answered = {block.get("tool_use_id") for block in writer.prompt.last.blocks}
    for block in writer.prompt.last.blocks:
        if block["type"] == "server_tool_use" and block["id"] not in answered:
            server_tools.search_result(writer, block["id"])


def _call(writer: Writer, calls: list[tuple[str, dict[str, Any]]]) -> None:
    for name, value in calls:
        writer.call(name, value)
    writer.stop("tool_use")


def _say(text: Callable[[Writer], str]) -> Callable[[Writer], None]:
    def write(writer: Writer) -> None:
        writer.think()
        writer.say(text(writer))

    return write


def _long(writer: Writer) -> str:
    return texts.prose(
        writer.seed, min(writer.choice.integer("tokens"), writer.budget + 1), writer.chars_per_token
    )


def _some(writer: Writer) -> str:
    return texts.prose(writer.seed, writer.choice.integer("after"), writer.chars_per_token)


def _empty(writer: Writer) -> None:
    writer.stop("end_turn")


def _blank(text: str) -> Callable[[Writer], None]:
    def write(writer: Writer) -> None:
        writer.say(text)

    return write


def _stops(reason: str) -> Callable[[Writer], None]:
    def write(writer: Writer) -> None:
        writer.think()
        writer.say(_some(writer))
        writer.stop(reason)

    return write


def _stops_as_asked(writer: Writer) -> None:
    _stops(writer.choice.text("reason"))(writer)


def _huge_delta(writer: Writer) -> None:
    size = min(writer.choice.integer("bytes"), 16 * 1024 * 1024)
    text = (texts.prose(writer.seed, 1000, writer.chars_per_token) * (size // 2000 + 1))[:size]
    writer.say(text, single=True, unbounded=True)


def _tool_loop(writer: Writer) -> None:
    if len(writer.prompt.loop_turns()) >= writer.choice.integer("rounds"):
        _default(writer)
        return
    writer.think()
    _call(writer, [first_tool_call(writer)])


def _max_tokens_tool(writer: Writer) -> None:
    name, value = first_tool_call(writer)
    written = orjson.dumps(value or {"text": "cut"}).decode()
    writer.think()
    writer.call(name, {}, broken=written[: max(2, len(written) // 2)])
    writer.stop("max_tokens")


def _bad_tool_json(writer: Writer) -> None:
    writer.think()
    writer.call(first_tool_call(writer)[0], {}, broken='{"city": "Seoul", oops]')
    writer.stop("tool_use")


def _refusal(writer: Writer) -> None:
    writer.refuse()


def _refusal_mid(writer: Writer) -> None:
    writer.think()
    writer.say(_some(writer))
    writer.refuse()


def _pause_turn(writer: Writer) -> None:
    last = writer.prompt.last
    searches = [block for block in last.blocks if block["type"] == "server_tool_use"]
    if last.role == "assistant" and len(searches) >= writer.choice.integer("rounds"):
        _default(writer)
        return
    if last.role == "user":
        writer.think()
    _answer_searches(writer)
    writer.say(texts.words_for(writer.prompt)["calling"])
    server_tools.search(writer, texts.quote(writer.prompt.user_text(), 60))
    writer.stop("pause_turn")


def _code_execution(writer: Writer) -> None:
    writer.think()
    names = writer.choice.text("files").split(",")
    server_tools.run_command(writer, "python3 chart.py", [f"file_sim_{name}" for name in names])
    writer.say(_plain_answer(writer))


def _web_search(writer: Writer) -> None:
    """Search in one request, as the server does unless it pauses. Without the tool, give the default answer."""
    if not any(str(tool.get("type")).startswith("web_search_") for tool in writer.prompt.tools):
        _default(writer)
        return
    writer.think()
    writer.say(texts.words_for(writer.prompt)["calling"])
    query = texts.quote(writer.prompt.user_text(), 60)
    if found := server_tools.search(writer, query):
        citation = server_tools.search_result(writer, found, result_tokens=writer.choice.integer("found"))
        writer.cite(texts.quote(query), citation)
        writer.say(" " + _sized(writer, texts.words_for(writer.prompt)["tools_done"]))


def _mcp(writer: Writer) -> None:
    """Call the first enabled tool of an MCP server. Without one, give the default answer."""
    enabled = mcp_servers.enabled_tools(writer.prompt)
    if not enabled:
        _default(writer)
        return
    server, name = enabled[0]
    words = texts.words_for(writer.prompt)
    writer.think()
    writer.say(words["calling"])
    value = {"text": texts.quote(writer.prompt.user_text(), 80)}
    server_tools.call_mcp_tool(writer, server, name, value, fails=bool(writer.choice.integer("fails")))
    writer.say(_sized(writer, words["tools_done"]))


_SCENARIOS: dict[str, Callable[[Writer], None]] = {
    "echo": _say(lambda writer: writer.prompt.user_text()),
    "citations": _citations,
    "long": _say(_long),
    "huge_delta": _huge_delta,
    "odd_text": _say(lambda _: texts.ODD_TEXT),
    "lone_surrogate": _say(lambda _: texts.LONE_SURROGATE),
    "hostile": _say(lambda _: texts.HOSTILE),
    "empty": _empty,
    "empty_text": _blank(""),
    "whitespace": _blank(" \n\n  \n"),
    "max_tokens": _stops("max_tokens"),
    "max_tokens_tool": _max_tokens_tool,
    "bad_tool_json": _bad_tool_json,
    "tool_loop": _tool_loop,
    "stops": _stops_as_asked,
    "context_exceeded": _stops("model_context_window_exceeded"),
    "refusal": _refusal,
    "refusal_mid": _refusal_mid,
    "pause_turn": _pause_turn,
    "code_execution": _code_execution,
    "web_search": _web_search,
    "mcp": _mcp,
}
