"""The platforms that resell the Messages API, as one server on loopback: it records requests and answers in their wire.

Bedrock answers in Amazon's binary event stream, the others in SSE. A Google token endpoint is at /token. A word in
the model's id asks for a failure: "throttled", "forbidden", "breaks" (an exception inside the stream), "garbled".
"""

import binascii
import dataclasses
import json
import struct
import urllib.parse
from base64 import b64encode
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.support.simulator import Loopback

ACCESS, SECRET, SESSION = "AKIATESTTESTTESTTEST", "aws-secret-of-the-tests", "aws-session-of-the-tests"
GOOGLE_TOKEN = "ya29.google-token-of-the-tests"
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-opus-5",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": {"input_tokens": 7, "output_tokens": 1, "of_tomorrow": {"z": 1, "a": 2}},
}
# Fields, a delta, a block and an event that no SDK of today knows, in an order that no schema has.
EVENTS: list[dict[str, Any]] = [
    {"type": "message_start", "message": MESSAGE, "of_tomorrow": True},
    {"type": "content_block_start", "index": 0, "content_block": {"zeta": 1, "type": "text", "text": ""}},
    {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": "Héllo ", "alpha": [1]},
    },
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "안녕"}},
    {"type": "content_block_stop", "index": 0},
    {
        "type": "content_block_start",
        "index": 1,
        "content_block": {"type": "hologram", "depth": 1.5, "beam": None},
    },
    {"type": "content_block_stop", "index": 1},
    {"type": "event_of_tomorrow", "value": 1},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"output_tokens": 4},
    },
    {"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 7}},
]
DIGITS = "[1.10,18446744073709551616,-0,-0.0,1e400,1E5,0.1000000000000000055511151231257827]"
WHOLE = MESSAGE | {"content": [{"type": "text", "text": "Hello"}], "stop_reason": "end_turn"}


@dataclasses.dataclass(slots=True)
class Asked:
    """One request as it came over the wire; `path` is not decoded."""

    method: str
    path: str
    headers: dict[str, str]
    content: bytes
    query: str = ""

    @property
    def body(self) -> dict[str, Any]:
        return dict(json.loads(self.content))


class Platforms(Loopback):
    """The server; `asked` are the requests to the models, `tokens` those to the token endpoint."""

    def __init__(self) -> None:
        super().__init__(self._answer, interface="asgi3")
        self.asked: list[Asked] = []
        self.tokens: list[dict[str, str]] = []
        self.token_status = 200

    def forget(self) -> None:
        self.asked, self.tokens, self.token_status = [], [], 200

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        content, more = b"", True
        while more:
            event = await receive()
            content, more = content + event.get("body", b""), event.get("more_body", False)
        path = scope["raw_path"].decode()
        if path == "/token":
            status, kind, answer = self._token(content)
        else:
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            asked = Asked(scope["method"], path, headers, content, scope["query_string"].decode())
            self.asked.append(asked)
            status, kind, answer = _reply(asked)
        ids = [(b"x-amzn-requestid", b"amzn-1")] if "/model/" in path else [(b"request-id", b"req_1")]
        if status >= 400 and "/model/" in path:
            ids.append(
                (
                    b"x-amzn-errortype",
                    b"ThrottlingException:http://internal"
                    if status == 400
                    else b"UnrecognizedClientException",
                )
            )
        head = [(b"content-type", kind.encode()), (b"content-length", str(len(answer)).encode()), *ids]
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": answer})

    def _token(self, content: bytes) -> tuple[int, str, bytes]:
        self.tokens.append(dict(urllib.parse.parse_qsl(content.decode())))
        if self.token_status != 200:
            said = {"error": "invalid_grant", "error_description": "the token endpoint echoes a-private-word"}
            return self.token_status, "application/json", json.dumps(said).encode()
        said = {"access_token": GOOGLE_TOKEN, "expires_in": 3600, "token_type": "Bearer"}
        return 200, "application/json", json.dumps(said).encode()


def _reply(asked: Asked) -> tuple[int, str, bytes]:
    name = asked.path + str(asked.body.get("model", "") if asked.content else "")
    binary = "/model/" in asked.path
    if "throttled" in name or "forbidden" in name:
        return _refusal(asked, 429 if "throttled" in name else 403)
    if asked.path.endswith("/v1/models"):
        return 200, "application/json", b'{"data":[],"has_more":false,"first_id":null,"last_id":null}'
    streamed = asked.body.get("stream") or "tream" in asked.path
    if not streamed:
        return 200, "application/json", json.dumps(WHOLE).encode()
    events = [json.dumps(event) for event in (EVENTS[:4] if "breaks" in name else EVENTS)]
    if "digits" in name:
        events = [event.replace("1.5", DIGITS) for event in events]
    if binary:
        frames = b"".join(_chunk(event) for event in events)
        if "garbled" in name:
            frames = frames[:-1] + bytes([frames[-1] ^ 1])
        return 200, "application/vnd.amazon.eventstream", frames + (_exception() if "breaks" in name else b"")
    lines = [f"event: {json.loads(event)['type']}\ndata: {event}\n\n" for event in events]
    if "breaks" in name:
        lines.append(
            'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"busy"}}\n\n'
        )
    return 200, "text/event-stream", "".join(lines).encode()


def _refusal(asked: Asked, status: int) -> tuple[int, str, bytes]:
    if "/model/" in asked.path:
        # Amazon says with the header what the status leaves open.
        return (400 if status == 429 else 403), "application/json", b'{"message":"no"}'
    if "publishers/anthropic" in asked.path:
        said: Any = [{"error": {"code": status, "message": "no", "status": "RESOURCE_EXHAUSTED"}}]
    elif "api-key" in asked.headers:
        said = {"error": {"code": str(status), "message": "no"}}
    else:
        kind = "rate_limit_error" if status == 429 else "permission_error"
        said = {"type": "error", "error": {"type": kind, "message": "no"}}
    return status, "application/json", json.dumps(said).encode()


def _chunk(event: str) -> bytes:
    payload = json.dumps({"bytes": b64encode(event.encode()).decode(), "p": "abcd"}).encode()
    return _frame(
        {":event-type": "chunk", ":content-type": "application/json", ":message-type": "event"}, payload
    )


def _exception() -> bytes:
    headers = {
        ":exception-type": "throttlingException",
        ":content-type": "application/json",
        ":message-type": "exception",
    }
    return _frame(headers, b'{"message":"Too many requests"}')


def _frame(headers: dict[str, str], payload: bytes) -> bytes:
    """Amazon's event stream encoding: lengths, their checksum, headers of type 7 (text), payload, checksum."""
    head = b"".join(
        struct.pack("!B", len(name))
        + name.encode()
        + b"\x07"
        + struct.pack("!H", len(value))
        + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack("!II", 16 + len(head) + len(payload), len(head))
    message = prelude + struct.pack("!I", binascii.crc32(prelude)) + head + payload
    return message + struct.pack("!I", binascii.crc32(message))


def signature_problem(asked: Asked, url: str, *, service: str, region: str) -> str:
    """Sign what came over the wire anew, as Amazon does, and say what differs; "" when the signature holds."""
    given = asked.headers["authorization"]
    scheme, _, rest = given.partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    day = asked.headers["x-amz-date"][:8]
    if (
        scheme != "AWS4-HMAC-SHA256"
        or parts["Credential"] != f"{ACCESS}/{day}/{region}/{service}/aws4_request"
    ):
        return f"scope {given}"
    signed = parts["SignedHeaders"].split(";")
    if not {"host", "x-amz-date", *({"content-type"} & set(asked.headers))} <= set(signed):
        return f"signed headers {signed}"
    signer = SigV4Auth(
        Credentials(ACCESS, SECRET, asked.headers.get("x-amz-security-token")), service, region
    )
    request = AWSRequest(
        asked.method,
        f"{url}{asked.path}?{asked.query}",
        data=asked.content,
        headers={name: asked.headers.get(name, "") for name in signed if name != "host"},
    )
    request.context["timestamp"] = asked.headers["x-amz-date"]
    canonical = signer.canonical_request(request)
    expected = signer.signature(signer.string_to_sign(request, canonical), request)
    return "" if expected == parts["Signature"] else f"signature over\n{canonical}"
