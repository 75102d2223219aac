"""Mounting a plain ASGI application under a path prefix of another."""

from typing import Any

App = Any


class Mount:
    """Passes requests below `prefix` to `app` without the prefix, and all others on unchanged."""

    def __init__(self, prefix: str, app: App, *, otherwise: App) -> None:
        self._prefix, self._app, self._otherwise = prefix, app, otherwise

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        path = scope["path"]
        if path == self._prefix or path.startswith(self._prefix + "/"):
            inner = {**scope, "path": path.removeprefix(self._prefix) or "/", "root_path": self._prefix}
            inner.pop("raw_path", None)
            await self._app(inner, receive, send)
        else:
            await self._otherwise(scope, receive, send)
