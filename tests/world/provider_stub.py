"""An upstream of a stranger on loopback: it answers what a test says, and keeps what it was asked."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.asgi import read_body
from tests.support.simulator import Loopback

INPUTS = Path(__file__).parent / "providers"


@dataclasses.dataclass(slots=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any

    @property
    def streams(self) -> bool:
        return isinstance(self.body, dict) and bool(self.body.get("stream"))

    @property
    def purpose(self) -> str:
        return (
            "count" if self.path.endswith("count_tokens") else "list" if self.method == "GET" else "message"
        )


@dataclasses.dataclass(slots=True)
class Reply:
    """One answer; a body that is no bytes is sent as JSON."""

    status: int = 200
    body: Any = b""
    kind: str = "application/json"
    headers: dict[str, str] = dataclasses.field(default_factory=dict)


class Stub(Loopback):
    """`reply` makes the answer to each request; `asked` are the requests in order."""

    def __init__(self, reply: Callable[[Asked], Reply], **options: Any) -> None:
        super().__init__(self._answer, interface="asgi3", **options)
        self.reply = reply
        self.asked: list[Asked] = []

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        content = await read_body(receive)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        body = json.loads(content) if content[:1] == b"{" else content
        asked = Asked(scope["method"], scope["path"], headers, body)
        self.asked.append(asked)
        told = self.reply(asked)
        sent = told.body if isinstance(told.body, bytes) else json.dumps(told.body).encode()
        given = {"content-type": told.kind, "content-length": str(len(sent)), **told.headers}
        head = [(name.encode(), value.encode()) for name, value in given.items()]
        await send({"type": "http.response.start", "status": told.status, "headers": head})
        await send({"type": "http.response.body", "body": sent})


def error(message: str, status: int = 400, kind: str = "invalid_request_error") -> Reply:
    """An error as the Messages API sends it."""
    return Reply(status, {"type": "error", "error": {"type": kind, "message": message}})


def message(text: str = "A title", **fields: Any) -> dict[str, Any]:
    """A whole message."""
    usage = {"input_tokens": 20, "output_tokens": 3}
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "stub",
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": usage,
        **fields,
    }


def answer(asked: Asked, text: str = "42", usage: dict[str, Any] | None = None) -> Reply:
    """A good answer to any request: a stream where one was asked for, a message, a count, or a list of models."""
    if asked.purpose == "list":
        return Reply(body={"data": [], "has_more": False, "first_id": None, "last_id": None})
    if asked.purpose == "count":
        return Reply(body={"input_tokens": 50})
    if not asked.streams:
        return Reply(body=message())
    usage = {"input_tokens": 20, "output_tokens": 7} if usage is None else usage
    head = {**message(), "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    begun = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    delta = {"type": "text_delta", "text": text}
    ended = {"stop_reason": "end_turn", "stop_sequence": None}
    return stream(
        {"type": "message_start", "message": head},
        begun,
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": ended, "usage": usage},
        {"type": "message_stop"},
    )


def stream(*events: dict[str, Any]) -> Reply:
    lines = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events]
    return Reply(body="".join(lines).encode(), kind="text/event-stream")


def recorded(name: str) -> Callable[[Asked], Reply]:
    """Answer streams with a recorded file, and everything else well."""
    content = (INPUTS / name).read_bytes()

    def reply(asked: Asked) -> Reply:
        return Reply(body=content, kind="text/event-stream") if asked.streams else answer(asked)

    return reply
