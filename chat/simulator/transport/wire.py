"""The wire format of the Messages API: ids, error bodies, response headers and the framing of event streams."""

import hashlib
import json
import uuid
from typing import Any

import orjson

ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
ORGANIZATION_ID = "6d1c1f8e-4d6f-5d0b-9a55-2f1f6f6c7a10"
PING = b'event: ping\ndata: {"type":"ping"}\n\n'

ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    502: "api_error",
    503: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}

Headers = list[tuple[bytes, bytes]]


class ApiError(Exception):
    """An error response of the API: HTTP status, message and optional `details.error_code`."""

    def __init__(
        self, status: int, message: str, *, code: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = headers or {}

    @property
    def type(self) -> str:
        return ERROR_TYPES.get(self.status, "api_error" if self.status >= 500 else "invalid_request_error")


def invalid(where: str, message: str) -> ApiError:
    """Return the 400 for one field: its dotted path, a colon and the problem."""
    return ApiError(400, f"{where}: {message}" if where else message)


def encode(value: Any) -> bytes:
    r"""Return compact JSON. Lone surrogates, which UTF-8 can't encode, become `\ud800` escapes."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":")).encode()


def error_body(kind: str, message: str, request_id: str | None, code: str | None = None) -> dict[str, Any]:
    """Return {"type": "error", "error": {"type", "message", "details"?}, "request_id"?}."""
    error: dict[str, Any] = {"type": kind, "message": message}
    if code:
        error["details"] = {"error_code": code}
    body: dict[str, Any] = {"type": "error", "error": error}
    return body | {"request_id": request_id} if request_id else body


def event(name: str, payload: dict[str, Any]) -> bytes:
    """Return one server-sent event. The payload's `type` is the event's name unless the payload has its own."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), encode({"type": name} | payload))


def delta_head(index: int, kind: str, field: str) -> bytes:
    """Return the bytes of a content_block_delta up to the value of its one string field."""
    payload = encode({"type": kind, field: ""})[:-3]
    return b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":%b' % (
        index,
        payload,
    )


def printable(digest: bytes, length: int = 22) -> str:
    """Return `length` letters and digits derived from a digest of at least 16 bytes."""
    number = int.from_bytes(digest[:20], "big")
    letters = []
    for _ in range(length):
        number, rest = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[rest])
    return "".join(letters)


def new_request_id() -> str:
    """Return a unique request id."""
    return "req_011C" + printable(uuid.uuid4().bytes, 20)


def workspace_of(key: str) -> str:
    """Return the workspace of an API key. It is stable, and the key can't be derived from it."""
    return "wrkspc_01" + printable(hashlib.sha256(b"workspace:" + key.encode("utf-8", "replace")).digest())


def ascii_headers(headers: dict[str, str]) -> Headers:
    """Return headers in the format of ASGI."""
    return [
        (name.lower().encode("ascii"), value.encode("latin-1", "replace")) for name, value in headers.items()
    ]
