"""An upstream that records requests in front of the simulator, which checks them."""

import json
from typing import Any

from chat.simulator.app import create_app
from tests.support.asgi import read_body, replay_body


class Recorder:
    """`sent` has each POST in order: its path, its headers and its body as JSON."""

    def __init__(self, **options: Any) -> None:
        self.sent: list[dict[str, Any]] = []
        self._app = create_app(**{"pace": 0, **options})

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        body = await read_body(receive)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.sent.append({"path": scope["path"], "headers": headers, "body": json.loads(body)})
        await self._app(scope, replay_body(body, receive), send)

    def last(self, path: str = "/v1/messages") -> dict[str, Any]:
        return [one for one in self.sent if one["path"] == path][-1]
