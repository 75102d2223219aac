"""Writes the calls and results of tools that the API itself runs: web search, code execution, tools of MCP servers."""

from dataclasses import replace
from typing import Any

from chat.simulator.prompts import thinking, tokens
from chat.simulator.replies.reply import Part, Writer
from chat.simulator.transport.wire import encode, printable


def search(writer: Writer, query: str) -> str:
    """Write a call of the server's web search and return its id; "" if the reply has stopped."""
    if writer.stopped:
        return ""
    writer.calls += 1
    value = {"query": query}
    block = {"id": "srvtoolu_01" + printable(writer.digest), "name": "web_search", "input": value}
    text = encode(value).decode()
    writer.reply.parts.append(
        Part("server_tool_use", text, tokens.count(text, writer.chars_per_token), block)
    )
    return str(block["id"])


def search_result(writer: Writer, search_id: str, *, result_tokens: int = 0) -> dict[str, Any]:
    """Write the complete result of a search and return a citation of it.

    The result adds `result_tokens` to the prompt; they are read and billed within this request.
    """
    url = "https://example.com/simulated-result"
    result = {
        "type": "web_search_result",
        "url": url,
        "title": "A simulated search result",
        "page_age": None,
        "encrypted_content": thinking.seal(url),
    }
    block = {"type": "web_search_tool_result", "tool_use_id": search_id, "content": [result]}
    writer.reply.parts.append(Part("web_search_tool_result", "", 0, block))
    writer.reply.searches += 1
    usage = writer.reply.usage
    writer.reply.usage = replace(usage, input_tokens=usage.input_tokens + result_tokens)
    about = {"url": url, "title": result["title"], "encrypted_index": thinking.seal(f"{url}#1")}
    return {"type": "web_search_result_location", "cited_text": "It was found there.", **about}


def run_command(writer: Writer, command: str, file_ids: list[str]) -> None:
    """Write a run of the code execution tool that printed something and made these files."""
    if writer.stopped:
        return
    writer.calls += 1
    value = {"command": command}
    call_id = "srvtoolu_01" + printable(writer.digest)
    block = {"id": call_id, "name": "bash_code_execution", "input": value}
    text = encode(value).decode()
    writer.reply.parts.append(
        Part("server_tool_use", text, tokens.count(text, writer.chars_per_token), block)
    )
    ran = {
        "type": "bash_code_execution_result",
        "stdout": "".join(f"made {name}\n" for name in file_ids),
        "stderr": "",
        "return_code": 0,
        "content": [{"type": "bash_code_execution_output", "file_id": name} for name in file_ids],
    }
    result = {"type": "bash_code_execution_tool_result", "tool_use_id": call_id, "content": ran}
    writer.reply.parts.append(Part("bash_code_execution_tool_result", "", 0, result))


def call_mcp_tool(writer: Writer, server: str, name: str, value: dict[str, Any], *, fails: bool) -> None:
    """Write a call of an MCP server's tool and its result."""
    if writer.stopped:
        return
    call_id = "mcptoolu_01" + printable(writer.digest)
    block = {"id": call_id, "name": name, "server_name": server, "input": value}
    text = encode(value).decode()
    writer.reply.parts.append(Part("mcp_tool_use", text, tokens.count(text, writer.chars_per_token), block))
    words = f"{server} can't run {name}." if fails else f"{server} ran {name}: {text}"
    result = {
        "type": "mcp_tool_result",
        "tool_use_id": call_id,
        "is_error": fails,
        "content": [{"type": "text", "text": words}],
    }
    writer.reply.parts.append(Part("mcp_tool_result", "", 0, result))
