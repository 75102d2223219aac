"""Static files: small ones leave from memory.

ServeStatic opens each file in a thread of its own. A first visit loads some eighty small modules, and their threads
took most of the server's time for it.
"""

import asyncio
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from servestatic.middleware import ServeStaticMiddleware
from servestatic.responders import Redirect, StaticFile

LARGEST_KEPT_BYTES = 65_536


class StaticFilesMiddleware(ServeStaticMiddleware):
    """Serves what ServeStatic found when the process started; such a file does not change while it runs."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._kept: dict[str, bytes] = {}

    async def aserve(self, static_file: StaticFile | Redirect, request: HttpRequest) -> HttpResponseBase:
        # `pathsend` only says that the file need not be opened here.
        found = await static_file.aget_response(request.method or "GET", request.META, pathsend=True)
        headers = {name: value for name, value in found.headers if value is not None}
        if (
            found.path is None
            or found.file is not None
            or self.autorefresh
            or int(headers.get("Content-Length", LARGEST_KEPT_BYTES + 1)) > LARGEST_KEPT_BYTES
        ):
            streamed: HttpResponseBase = await ServeStaticMiddleware.aserve(static_file, request)
            return streamed
        response = HttpResponse(await self._content(found.path), status=int(found.status))
        del response.headers["Content-Type"]
        for name, value in headers.items():
            response.headers[name] = value
        return response

    async def _content(self, path: str) -> bytes:
        if path not in self._kept:
            self._kept[path] = await asyncio.to_thread(Path(path).read_bytes)
        return self._kept[path]
