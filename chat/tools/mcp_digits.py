"""Keeps the digits of numbers on their way through the MCP SDK, which reads and writes them as floats.

Numbers that a float or an integer would change pass the SDK as marked texts. Hooks of the HTTP client replace
them in what is sent, and put them into what is received; `chat.tools.mcp_wire` turns the texts of a result back
into numbers.
"""

import re
from collections.abc import AsyncIterator

import httpx2

from chat.claude.encoding.exact_numbers import mark_text, unmarked

# A line of an event stream that holds JSON. A number of JSON never goes over two lines.
_DATA = re.compile(rb"(?:^|(?<=[\r\n]))data:[^\r\n]*+")


async def write_digits(request: httpx2.Request) -> None:
    """Write the numbers of a call with their digits. They come as marked texts."""
    exact = unmarked(request.content.decode()).encode()
    if exact != request.content:
        request.stream = httpx2.ByteStream(exact)
        request.headers["content-length"] = str(len(exact))


async def keep_digits(response: httpx2.Response) -> None:
    """Mark the numbers of a response to a JSON-RPC request, and those of an event stream.

    Other responses belong to the sign-in and are left alone.
    """
    streams = response.headers.get("content-type", "").lower().startswith("text/event-stream")
    if streams or b'"jsonrpc"' in response.request.content:
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _MarkedBody(response.stream, streams=streams)


class _MarkedBody(httpx2.AsyncByteStream):
    """A body whose numbers are marked, line by line."""

    def __init__(self, body: httpx2.AsyncByteStream, *, streams: bool) -> None:
        self._body, self._streams = body, streams

    async def __aiter__(self) -> AsyncIterator[bytes]:
        rest = bytearray()
        async for chunk in self._body:
            end = 1 + max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
            if end:
                yield self._marked(b"".join((rest, chunk[:end])))
                rest = bytearray(chunk[end:])
            else:
                rest += chunk
        yield self._marked(bytes(rest))

    def _marked(self, lines: bytes) -> bytes:
        return _DATA.sub(lambda data: mark_text(data[0]), lines) if self._streams else mark_text(lines)

    async def aclose(self) -> None:
        await self._body.aclose()
