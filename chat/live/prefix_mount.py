"""Mounting a plain ASGI application under a path prefix of another."""

import asyncio
from collections.abc import Callable
from typing import Any

App = Any


class Mount:
    """Passes requests below `prefix` to what `load` returns, without the prefix, and all others on unchanged.

    `load` is called once, in a thread, with the first request below the prefix: it may import what most servers
    never use.
    """

    def __init__(self, prefix: str, load: Callable[[], App], *, otherwise: App) -> None:
        self._prefix, self._load, self._otherwise = prefix, load, otherwise
        self._loading: asyncio.Future[App] | None = None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        path = scope["path"]
        if path == self._prefix or path.startswith(self._prefix + "/"):
            inner = {**scope, "path": path.removeprefix(self._prefix) or "/", "root_path": self._prefix}
            inner.pop("raw_path", None)
            app = await self._loaded()
            await app(inner, receive, send)
        else:
            await self._otherwise(scope, receive, send)

    async def _loaded(self) -> App:
        if self._loading is None:
            self._loading = asyncio.ensure_future(asyncio.to_thread(self._load))
        return await asyncio.shield(self._loading)  # who leaves meanwhile does not end it for others
