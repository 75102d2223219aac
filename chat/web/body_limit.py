"""Refuses bodies that are too large before they fill the disk: Django spools a body whole before a view runs."""

from typing import Any

LONGEST_BODY_BYTES = 33_554_432  # the largest request that the Messages API takes: 32 MiB
_REFUSAL = b"The request is larger than 32 MiB. Send less at once.\n"


class BodyLimit:
    """An ASGI application around another; a body over the limit gets 413, whatever its headers claim."""

    def __init__(self, app: Any, longest_bytes: int = LONGEST_BODY_BYTES) -> None:
        self._app, self._longest = app, longest_bytes

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._declared(scope) > self._longest:
            await _refuse(send)
            return
        received, answered, over = 0, False, False

        async def counted() -> dict[str, Any]:
            nonlocal received, over
            message: dict[str, Any] = await receive()
            received += len(message.get("body", b""))
            over = over or received > self._longest
            return {"type": "http.disconnect"} if over else message

        async def noted(message: dict[str, Any]) -> None:
            nonlocal answered
            answered = True
            await send(message)

        await self._app(scope, counted, noted)
        if over and not answered:
            await _refuse(send)

    @staticmethod
    def _declared(scope: dict[str, Any]) -> int:
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit():
                return int(value[:20])
        return 0


async def _refuse(send: Any) -> None:
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(_REFUSAL)),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": _REFUSAL})
