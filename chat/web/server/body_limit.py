"""Refuses too large bodies before they fill the disk: Django spools a whole body before a view runs."""

import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from io import BytesIO
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _

from chat.models.catalogue.platforms import MB

LONGEST_BODY_BYTES = 33_554_432  # the largest request that the Messages API accepts: 32 MiB
Refusal = Callable[[int], HttpResponse]


@dataclasses.dataclass(frozen=True, slots=True)
class LargeBodies:
    """Paths whose bodies may be larger, for requests that `admit` knows: others could fill the disk with them."""

    paths: frozenset[str]
    longest_bytes: int
    admit: Callable[[Mapping[str, Any]], Awaitable[object]]


def plain_text_response(longest_bytes: int) -> HttpResponse:
    words = _("The request is larger than %(most)s MB. Split it into smaller ones.") % {
        "most": longest_bytes // MB
    }
    return HttpResponse(f"{words}\n", status=413, content_type="text/plain; charset=utf-8")


class BodyLimit:
    """An ASGI application that wraps another. A body over the limit gets 413, regardless of its headers.

    `refusals` are the functions that build the response below a path, such as {"/api/": …}.
    """

    def __init__(
        self,
        app: Any,
        longest_bytes: int = LONGEST_BODY_BYTES,
        *,
        refusals: Mapping[str, Refusal] | None = None,
        large: LargeBodies | None = None,
    ) -> None:
        self._app, self._longest, self._refusals, self._large = app, longest_bytes, refusals or {}, large

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared, longest = self._declared(scope), self._longest
        # Most requests need not be looked at: they say that they are small.
        large = self._large
        if large is not None and scope["path"] in large.paths and not 0 < declared <= longest:
            longest = large.longest_bytes if await large.admit(scope) else longest
        if declared > longest:
            await self._refuse(scope, send, longest)
            return
        received, answered, over = 0, False, False

        async def counted() -> dict[str, Any]:
            nonlocal received, over
            message: dict[str, Any] = await receive()
            received += len(message.get("body", b""))
            over = over or received > longest
            return {"type": "http.disconnect"} if over else message

        async def noted(message: dict[str, Any]) -> None:
            nonlocal answered
            answered = True
            await send(message)

        await self._app(scope, counted, noted)
        if over and not answered:
            await self._refuse(scope, send, longest)

    @staticmethod
    def _declared(scope: dict[str, Any]) -> int:
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit():
                return int(value[:20])
        return 0

    async def _refuse(self, scope: dict[str, Any], send: Any, longest: int) -> None:
        fitting = [form for prefix, form in self._refusals.items() if scope["path"].startswith(prefix)]
        request = ASGIRequest(scope, BytesIO())
        with translation.override(translation.get_language_from_request(request)):
            response = (fitting or [plain_text_response])[0](longest)
        headers = {**response.headers, "Content-Length": str(len(response.content)), "Connection": "close"}
        encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": response.status_code, "headers": encoded})
        await send({"type": "http.response.body", "body": response.content})
