"""Ends an answer's body with an error when its connection closed before the body was whole: a hook of the HTTP client.

aiohttp closes a connection on which it can't read a chunk, but the reader of the body learns nothing of it: the parser
has let go of the body by then. It would wait for its whole time limit.
"""

from typing import Any, cast

import httpx2


async def end_with_connection(response: httpx2.Response) -> None:
    """Let the reader of a response's body fail as soon as the connection is closed."""
    import aiohttp

    # No public name leads from httpx's response to aiohttp's.
    answer = cast("aiohttp.ClientResponse", cast("Any", response.stream)._stream._aiohttp_response)
    body, connection = answer.content, answer.connection
    protocol = None if connection is None else connection.protocol
    closed = None if protocol is None else protocol.closed

    def fail(_closed: object = None) -> None:
        if not body.is_eof() and body.exception() is None:
            body.set_exception(aiohttp.ClientPayloadError("closed before the answer was whole"))

    if closed is None:
        fail()
        return

    def forget() -> None:
        closed.remove_done_callback(fail)  # the connection may live on for other requests

    closed.add_done_callback(fail)
    body.on_eof(forget)
