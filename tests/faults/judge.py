"""Who random lives are judged by: the simulator, asked through the SDK, and what each platform does not take."""

import asyncio
import collections
import warnings
from collections.abc import Iterator
from typing import Any

from chat.claude.betas import HEADER
from chat.claude.blocks import Block
from chat.claude.request import LOOP_CLOSED_TEXT

# What the platforms of the world (see `World`) refuse, by words in the types of blocks and tools and in betas. The
# simulator is Anthropic's own; of its beta for tools of MCP servers the others know nothing.
NO_MCP, NO_SUMMARIES = "mcp", "compact"
LACKING = {
    "anthropic": (),
    "aws": (NO_SUMMARIES,),
    "vertex": (NO_SUMMARIES, NO_MCP, "web_fetch", "code_execution"),
    "bedrock_mantle": (
        *(NO_SUMMARIES, NO_MCP, "web_fetch", "code_execution"),
        *("web_search", "server_tool_use", "json_schema"),
    ),
}

COUNTED = (
    *("tool_result", "compaction", "web_search_tool_result", "mcp_tool_result"),
    *("image", "document"),
)


class Judge:
    """The simulator's application behind the SDK; `refusals` are the requests that it or a platform did not take."""

    def __init__(self) -> None:
        from chat.simulator.app import create_app

        self._app = create_app(pace=0)
        self._loop = asyncio.new_event_loop()
        self._clients: dict[str, Any] = {}
        self.refusals: list[str] = []
        self.seen: collections.Counter[str] = collections.Counter()

    def ask(self, request: dict[str, Any], *, kind: str, model: str, key: str) -> list[dict[str, Any]]:
        """Return the events of the answer; none when the request is refused. `model` is the simulator's name for it."""
        self.seen["requests"] += 1
        lacking = [
            f"{kind} has no {word}" for word in LACKING[kind] for found in _named(request) if word in found
        ]
        if lacking:
            self.refusals.append(lacking[0])
            return []
        if "server_tool_use" in LACKING[kind] and "scenario:pause_turn" in str(request["messages"]):
            # Where nothing is run for the model, nothing pauses.
            named = {**(request.get("extra_headers") or {}), "x-simulator-scenario": "default tokens=12"}
            request = {**request, "extra_headers": named}
        return self._loop.run_until_complete(self._events({**request, "model": model}, key))

    def note(self, request: dict[str, Any]) -> None:
        """Count what a request is made of."""
        seen, kinds = self.seen, list(kinds_of(request))
        seen["loops closed"] += str(request["messages"][-1]).count(LOOP_CLOSED_TEXT)
        seen["thinking sent"] += sum("thinking" in kind for kind in kinds)
        for kind in COUNTED:
            seen[f"{kind} sent"] += kinds.count(kind)
        seen["searches told"] += str(request["messages"]).count("<web_search_result>")
        seen["schemas"] += "format" in (request.get("output_config") or {})
        seen["system messages"] += sum(message["role"] == "system" for message in request["messages"])

    async def _events(self, request: dict[str, Any], key: str) -> list[dict[str, Any]]:
        from chat.providers.upstream import UpstreamError, open_stream

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the SDK's, of models that retire soon
                async with open_stream(self._client(key), request) as stream:
                    return [event async for event in stream.events()]
        except UpstreamError as error:
            self.refusals.append(f"{error.failure.status}: {error.failure.message}")
            return []

    def _client(self, key: str) -> Any:
        import httpx2
        from anthropic import AsyncAnthropic

        if key not in self._clients:
            wire = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=self._app))
            self._clients[key] = AsyncAnthropic(
                api_key=key, base_url="http://judge.test", http_client=wire, max_retries=0
            )
        return self._clients[key]

    def close(self) -> None:
        for client in self._clients.values():
            self._loop.run_until_complete(client.close())
        self._loop.close()


def kinds_of(request: dict[str, Any]) -> Iterator[str]:
    """Give the type of every block of the messages, citations and contents of results included."""
    for message in request["messages"]:
        for block in message["content"]:
            yield from _types(block)


def _named(request: dict[str, Any]) -> Iterator[str]:
    yield from kinds_of(request)
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
