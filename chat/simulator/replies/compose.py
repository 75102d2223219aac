"""What each answer scenario writes, and how the default one decides between text, tools, titles and more."""

import re
from collections.abc import Callable
from typing import Any

import orjson

from chat.simulator.checks import mcp_servers, media
from chat.simulator.checks.dialogue import is_paused
from chat.simulator.checks.schemas import resolve
from chat.simulator.prompts import tokens
from chat.simulator.replies import texts
from chat.simulator.replies.reply import Reply, Writer

TOOL_LINE = re.compile(r"^\s*/tool\s+([a-zA-Z0-9_-]{1,64})[ \t]*(.*)$", re.MULTILINE)
FALLBACK_TOOL = "simulated_tool"


def compose(writer: Writer) -> Reply:
    """Return the reply that the writer's scenario asks for."""
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
    """Write a paragraph a document; says whether there was any."""
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
        return orjson.dumps(instance(shape["schema"], texts.quote(prompt.user_text(), 80))).decode()
    if results and not any(block["type"] == "text" for block in prompt.last.blocks):
        return texts.report(prompt, results)
    if texts.asks_to_continue(prompt):
        return texts.continuation(prompt)
    usage = writer.reply.usage
    written = usage.written_5m_tokens + usage.written_1h_tokens
    counts = {"total": usage.total_tokens, "read": usage.read_tokens, "written": written}
    return texts.demo(prompt, writer.rng, counts)


def _sized(writer: Writer, text: str) -> str:
    """Return the text cut or lengthened to the parameter `tokens`, when the request sets it."""
    wanted = writer.choice.whole("tokens")
    have = tokens.count(text, writer.per)
    if wanted > have:
        text += "\n" + texts.prose(writer.seed, wanted - have, writer.per)
    return tokens.cut(text, wanted, writer.per) if wanted else text


def _resume(writer: Writer) -> None:
    """Go on with an assistant turn: answer the searches of a paused one, or complete a prefilled one."""
    if is_paused(writer.prompt.last):
        _answer_searches(writer)
        writer.say(_sized(writer, _plain_answer(writer)))
    else:
        writer.say(" " + texts.continuation(writer.prompt))


def _answer_searches(writer: Writer) -> None:
    answered = {block.get("tool_use_id") for block in writer.prompt.last.blocks}
    for block in writer.prompt.last.blocks:
        if block["type"] == "server_tool_use" and block["id"] not in answered:
            writer.found(block["id"])


def tool_calls(writer: Writer) -> list[tuple[str, dict[str, Any]]]:
    """Return the calls (name, input) that the last user message asks for: by `/tool` lines, by name, or forced."""
    prompt = writer.prompt
    choice = prompt.body.get("tool_choice") or {}
    tools = {tool["name"]: tool for tool in prompt.tools if tool.get("type") in (None, "custom")}
    given = [block["text"] for block in prompt.last.blocks if block["type"] == "text"]
    if not tools or choice.get("type") == "none" or not given:
        return []
    text = prompt.user_text()
    calls = [(name, _input(written, tools.get(name), text)) for name, written in TOOL_LINE.findall(text)]
    if not calls:
        calls = [(name, _input("", tools[name], text)) for name in tools if _mentions(text, name)]
    if not calls and choice.get("type") in ("any", "tool"):
        name = choice.get("name") or next(iter(tools))
        calls = [(name, _input("", tools.get(name), text))]
    return calls[:1] if choice.get("disable_parallel_tool_use") else calls


def _mentions(text: str, name: str) -> bool:
    spoken = re.escape(name).replace("_", "[_ ]").replace(r"\-", "[- ]")
    return bool(re.search(rf"(?<![\w-]){spoken}(?![\w-])", text, re.IGNORECASE))


def _input(written: str, tool: dict[str, Any] | None, text: str) -> dict[str, Any]:
    if not written.strip():
        return dict(instance((tool or {}).get("input_schema", {"type": "object"}), texts.quote(text, 80)))
    try:
        value = orjson.loads(written)
    except orjson.JSONDecodeError:
        return {"input": written}
    return value if isinstance(value, dict) else {"input": value}


def instance(schema: Any, text: str, root: Any = None) -> Any:
    """Return a small value that a JSON schema allows; strings are `text`. References lead into `root`."""
    root = schema if root is None else root
    schema = resolve(root, schema)
    if not isinstance(schema, dict):
        return text
    for name in ("const", "default"):
        if name in schema:
            return schema[name]
    for name in ("enum", "examples", "anyOf", "oneOf", "allOf"):
        choices = schema.get(name)
        if isinstance(choices, list) and choices:
            return instance(choices[0], text, root) if name.endswith("Of") else choices[0]
    kind = schema.get("type")
    match kind[0] if isinstance(kind, list) and kind else kind:
        case "integer" | "number":
            least = schema.get("minimum")
            return max(1, least) if isinstance(least, int | float) else 1
        case "boolean":
            return True
        case "null":
            return None
        case "array":
            return [instance(schema.get("items"), text, root)]
        case "object":
            parts = schema.get("properties")
            return (
                {name: instance(part, text, root) for name, part in parts.items()}
                if isinstance(parts, dict)
                else {}
            )
        case _:
            return text


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
    return texts.prose(writer.seed, min(writer.choice.whole("tokens"), writer.budget + 1), writer.per)


def _some(writer: Writer) -> str:
    return texts.prose(writer.seed, writer.choice.whole("after"), writer.per)


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
    size = min(writer.choice.whole("bytes"), 16 * 1024 * 1024)
    text = (texts.prose(writer.seed, 1000, writer.per) * (size // 2000 + 1))[:size]
    writer.say(text, single=True, unbounded=True)


def _first_tool(writer: Writer) -> tuple[str, dict[str, Any]]:
    tool = next((tool for tool in writer.prompt.tools if "name" in tool), None)
    if tool is None:
        return FALLBACK_TOOL, {"text": "no tool was sent"}
    return tool["name"], _input("", tool, writer.prompt.user_text())


def _tool_loop(writer: Writer) -> None:
    if len(writer.prompt.loop_turns()) >= writer.choice.whole("rounds"):
        _default(writer)
        return
    writer.think()
    _call(writer, [_first_tool(writer)])


def _max_tokens_tool(writer: Writer) -> None:
    name, value = _first_tool(writer)
    written = orjson.dumps(value or {"text": "cut"}).decode()
    writer.think()
    writer.call(name, {}, broken=written[: max(2, len(written) // 2)])
    writer.stop("max_tokens")


def _bad_tool_json(writer: Writer) -> None:
    writer.think()
    writer.call(_first_tool(writer)[0], {}, broken='{"city": "Seoul", oops]')
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
    if last.role == "assistant" and len(searches) >= writer.choice.whole("rounds"):
        _default(writer)
        return
    if last.role == "user":
        writer.think()
    _answer_searches(writer)
    writer.say(texts.words_for(writer.prompt)["calling"])
    writer.search(texts.quote(writer.prompt.user_text(), 60))
    writer.stop("pause_turn")


def _web_search(writer: Writer) -> None:
    """Search in one go, as the server does unless it pauses; without the tool this is the default answer."""
    if not any(str(tool.get("type")).startswith("web_search_") for tool in writer.prompt.tools):
        _default(writer)
        return
    writer.think()
    writer.say(texts.words_for(writer.prompt)["calling"])
    query = texts.quote(writer.prompt.user_text(), 60)
    if found := writer.search(query):
        citation = writer.found(found, brings=writer.choice.whole("found"))
        writer.cite(texts.quote(query), citation)
        writer.say(" " + texts.words_for(writer.prompt)["tools_done"])


def _mcp(writer: Writer) -> None:
    """Call the first enabled tool of an MCP server; without one this is the default answer."""
    enabled = mcp_servers.enabled_tools(writer.prompt)
    if not enabled:
        _default(writer)
        return
    server, name = enabled[0]
    words = texts.words_for(writer.prompt)
    writer.think()
    writer.say(words["calling"])
    value = {"text": texts.quote(writer.prompt.user_text(), 80)}
    writer.ask_server(server, name, value, fails=bool(writer.choice.whole("fails")))
    writer.say(words["tools_done"])


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
    "web_search": _web_search,
    "mcp": _mcp,
}
