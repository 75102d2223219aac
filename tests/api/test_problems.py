"""Errors of the API are problems as in RFC 9457, and no request causes an internal error."""

import json
import re

import pytest
from django.db import OperationalError
from django.test import Client

from chat.api import problems, urls
from chat.api.urls import UPLOADS
from chat.claude.encoding.client_json import LONGEST_BYTES
from tests.api.people import BASE, Person, new_id

HOSTILE = {
    "no body": b"",
    "null": b"null",
    "array": b"[]",
    "text": b'"text"',
    "number": b"1",
    "cut": b'{"text": "a',
    "two values": b"{} {}",
    "not UTF-8": b'{"text": "\xff"}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "deep": b'{"text":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "deep and open": b"[" * 100_000,
    "deep objects": b'{"a":' * 10_000,
    "5,000 digits": b'{"text":' + b"7" * 5000 + b"}",
    "NaN": b'{"text": NaN}',
    "Infinity": b'{"text": -Infinity}',
    "beyond a double": b'{"text": 1e999}',
    "wrong types": b'{"text": {"a": 1}, "title": [], "client_id": 7, "wait": "no"}',
    "many members": json.dumps({f"member{number}": 1 for number in range(100_000)}).encode(),
    "long name": json.dumps({"x" * 1_000_000: 1}).encode(),
    "later fields": b'{"text": "a", "thinking": null, "system": []}',
}
# What a body may be left out of; every other hostile body is refused there too.
BODILESS = ("/stop", "/choose", "/continue", "/retry", "/restore", "/fork", "/renew", "/shares")


def is_problem(response, status: int | None = None) -> dict:
    assert response["Content-Type"] == "application/problem+json"
    assert response["Cache-Control"] == "no-store"
    body = json.loads(response.content)
    assert body["status"] == response.status_code
    assert {"type", "title", "status", "code", "detail"} <= set(body)
    assert status in (None, response.status_code), body
    return body


def body_addresses() -> list[tuple[str, str]]:
    """All that take JSON; uploads are forms."""
    return [
        (method, f"{BASE}/{path}")
        for method, path in all_operations()
        if method in ("POST", "PATCH") and path not in UPLOADS and not path.endswith("/files")
    ]


def all_operations() -> list[tuple[str, str]]:
    """Every (method, path) of the API, read from its routers."""
    return [
        (method, path.lstrip("/"))
        for router in urls.api._get_bound_routers()
        for path, view in router.path_operations.items()
        for operation in view.operations
        for method in operation.methods
    ]


def filled(address: str) -> str:
    return re.sub(r"\{\w+\}", lambda _name: new_id(), address)


@pytest.mark.parametrize("name", HOSTILE)
def test_every_route_refuses_hostile_bodies(insider: Person, name: str) -> None:
    client, body = insider.client(), HOSTILE[name]
    for method, address in body_addresses():
        if not body and address.endswith(BODILESS):
            continue
        response = client.generic(method, filled(address), body, content_type="application/json")
        told = is_problem(response)
        assert response.status_code in (400, 422), (address, told)
        assert len(response.content) < 5000, address


def test_unsupported_fields_are_refused_by_name(insider: Person) -> None:
    response = insider.client().generic(
        "POST", f"{BASE}/turns", HOSTILE["later fields"], content_type="application/json"
    )
    named = {error["field"]: error["message"] for error in is_problem(response, 422)["errors"]}
    assert named == dict.fromkeys(("body.thinking", "body.system"), "This field is not supported.")


def test_a_body_beyond_the_limit_is_refused(insider: Person) -> None:
    body = b'{"text": "' + b"a" * LONGEST_BYTES + b'"}'
    for _method, address in body_addresses():
        response = insider.client().generic("POST", filled(address), body, content_type="application/json")
        is_problem(response, 413)


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_only_json_is_read(insider: Person, content_type: str) -> None:
    response = insider.client().generic("POST", f"{BASE}/turns", b"text=a", content_type=content_type)
    assert is_problem(response, 415)["code"] == "not_json"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_wrong_methods_are_refused(insider: Person, method: str) -> None:
    response = insider.client().generic(method, f"{BASE}/conversations")
    assert is_problem(response, 405)["code"] == "method_not_allowed"
    assert response["Allow"] == "GET, POST"


@pytest.mark.parametrize(
    "path", ["", "nothing", "conversations/", "turns/x/y", "tool-calls/1/verdict", "files", "é%00"]
)
def test_unknown_addresses_are_problems(db: None, path: str) -> None:
    assert is_problem(Client().get(f"{BASE}/{path}"), 404)["code"] == "not_found"


def test_the_message_is_in_the_readers_language(insider: Person) -> None:
    response = insider.client().get(f"{BASE}/turns/{new_id()}", headers={"Accept-Language": "ko"})
    assert is_problem(response, 404)["code"] == "not_found"
    assert response["Content-Language"] == "ko"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(OperationalError("database is locked"), 503, "unavailable"), (RuntimeError("oops"), 500, "failed")],
)
def test_internal_errors_hide_their_cause(rf, error: Exception, status: int, code: str) -> None:
    response = urls.api.on_exception(rf.get("/"), error)
    assert is_problem(response, status)["code"] == code
    assert str(error).encode() not in response.content


def test_other_framework_errors_are_problems_too(rf) -> None:
    from django.http import Http404
    from ninja.errors import HttpError

    assert is_problem(urls.api.on_exception(rf.get("/"), Http404("row 5")), 404)["code"] == "not_found"
    assert is_problem(urls.api.on_exception(rf.get("/"), HttpError(409, "no")), 409)["code"] == "refused"


def test_number_and_length_of_errors_are_limited(rf) -> None:
    from ninja.errors import ValidationError

    faults = [{"loc": ("query", "x" * 500), "type": "missing", "msg": ""}] * 500
    told = is_problem(urls.api.on_exception(rf.get("/"), ValidationError(faults)), 422)["errors"]
    assert len(told) == problems.ERRORS_TOLD
    assert len(told[0]["field"]) < 100
