"""Checks requests of random sequences: the simulator validates them, and each platform's gaps are checked here."""

import asyncio
import collections
import warnings
from collections.abc import Iterator
from typing import Any

from chat.claude.content.blocks import Block
from chat.claude.request.betas import HEADER
from chat.claude.request.build import LOOP_CLOSED_TEXT

# What the platforms of `SequenceRows` do not support, as parts of the names of blocks, tools and betas. The simulator
# is Anthropic's own API; its beta for tools of MCP servers does not exist elsewhere.
NO_MCP, NO_SUMMARIES = "mcp", "compact"
UNSUPPORTED = {
    "anthropic": (),
    "aws": (NO_SUMMARIES,),
    "vertex": (NO_SUMMARIES, NO_MCP, "web_fetch", "code_execution"),
    "bedrock_mantle": (
        *(NO_SUMMARIES, NO_MCP, "web_fetch", "code_execution"),
        *("web_search", "server_tool_use", "json_schema"),
    ),
}

COUNTED_BLOCKS = (
    *("tool_result", "compaction", "web_search_tool_result", "mcp_tool_result"),
    *("image", "document", "search_result"),
)


class RequestChecker:
    """The simulator behind the SDK. `refusals` are refused requests; `counts` says how often what was seen."""

    def __init__(self) -> None:
        from chat.simulator.app import create_app

        self._app = create_app(pace=0)
        self._loop = asyncio.new_event_loop()
        self._clients: dict[str, Any] = {}
        self.refusals: list[str] = []
        self.counts: collections.Counter[str] = collections.Counter()

    def send(self, request: dict[str, Any], *, kind: str, model: str, key: str) -> list[dict[str, Any]]:
        """Return the events of the answer, none if the request is refused. `model` is Anthropic's id of the model."""
        self.counts["requests"] += 1
        unsupported = [
            f"{kind} has no {part}" for part in UNSUPPORTED[kind] for name in _names(request) if part in name
        ]
        if unsupported:
            self.refusals.append(unsupported[0])
            return []
        if "server_tool_use" in UNSUPPORTED[kind] and "scenario:pause_turn" in str(request["messages"]):
            # A platform without server tools never pauses.
            headers = {**(request.get("extra_headers") or {}), "x-simulator-scenario": "default tokens=12"}
            request = {**request, "extra_headers": headers}
        return self._loop.run_until_complete(self._events({**request, "model": model}, key))

    def count_contents(self, request: dict[str, Any]) -> None:
        """Count the kinds of content of a request."""
        counts, types = self.counts, list(block_types(request))
        counts["loops closed"] += str(request["messages"][-1]).count(LOOP_CLOSED_TEXT)
        counts["thinking sent"] += sum("thinking" in name for name in types)
        documents = [block for block in request["messages"][0]["content"] if block["type"] == "document"]
        counts["documents of projects sent"] += any(
            block["title"].startswith(("text ", "note ")) for block in documents
        )
        named = {tool.get("name") for tool in request.get("tools", ())}
        counts["projects searched"] += "search_project" in named
        counts["projects sent"] += "<project name" in str(request.get("system"))
        for name in COUNTED_BLOCKS:
            counts[f"{name} sent"] += types.count(name)
        counts["searches sent as text"] += str(request["messages"]).count("<web_search_result>")
        counts["schemas"] += "format" in (request.get("output_config") or {})
        counts["system messages"] += sum(message["role"] == "system" for message in request["messages"])

    async def _events(self, request: dict[str, Any], key: str) -> list[dict[str, Any]]:
        from chat.providers.upstream import UpstreamError, open_stream

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the SDK's, about models that retire soon
                async with open_stream(self._client(key), request) as stream:
                    return [event async for events in stream.events() for event in events]
        except UpstreamError as error:
            self.refusals.append(f"{error.failure.status}: {error.failure.message}")
            return []

    def _client(self, key: str) -> Any:
        import httpx2
        from anthropic import AsyncAnthropic

        if key not in self._clients:
            http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=self._app))
            self._clients[key] = AsyncAnthropic(
                api_key=key, base_url="http://simulator.test", http_client=http, max_retries=0
            )
        return self._clients[key]

    def close(self) -> None:
        for client in self._clients.values():
            self._loop.run_until_complete(client.close())
        self._loop.close()


def block_types(request: dict[str, Any]) -> Iterator[str]:
    """Yield the type of every block of the messages, with those of citations and of results' contents."""
    for message in request["messages"]:
        for block in message["content"]:
            yield from _types(block)


def _names(request: dict[str, Any]) -> Iterator[str]:
    yield from block_types(request)
    yield from (str(tool.get("type")) for tool in request.get("tools", ()))
    yield str((request.get("extra_headers") or {}).get(HEADER))
    yield str((request.get("output_config") or {}).get("format"))


def _types(block: Block) -> Iterator[str]:
    yield str(block["type"])
    if block["type"] == "server_tool_use":
        yield str(block["name"])
    inner = block.get("content")
    for part in [*(block.get("citations") or ()), *(inner if isinstance(inner, list) else ())]:
        if isinstance(part, dict) and "type" in part:
            yield from _types(part)
