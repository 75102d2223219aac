"""Parts of ASGI applications that tests put in front of the simulator or serve themselves."""

from typing import Any


async def read_body(receive: Any) -> bytes:
    """Read the whole body of a request."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


def replay_body(body: bytes, receive: Any) -> Any:
    """Return a `receive` that gives a body that was read already, and then what follows."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Any:
        return waiting.pop() if waiting else await receive()

    return receive_again
