"""The log line of a request: identifiers in, everything that people wrote out, on the path of a crash too."""

import io
import json
import logging
import re
from collections.abc import Iterator

import pytest
from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, Client
from django.urls import include, path

from chat.models import User
from chat.operations.accounts.api_keys import create_api_key

WRITTEN = "my-diary-entry-9f3"
PATH_WORD = "private-path-word"


class Wrapped(Exception):
    pass


def _crash(request: HttpRequest) -> None:
    secret = request.headers.get("Authorization")
    try:
        raise ValueError(f"Failing row contains ({request.body!r}, {secret})")
    except ValueError as error:
        raise Wrapped(f"could not save {request.body!r} for {request.COOKIES}") from error


def crash(request: HttpRequest) -> HttpResponse:
    _crash(request)
    return HttpResponse()


async def crash_async(request: HttpRequest) -> HttpResponse:
    _crash(request)
    return HttpResponse()


def crash_in_group(request: HttpRequest) -> HttpResponse:
    raise ExceptionGroup(f"several {WRITTEN}", [ValueError(WRITTEN), KeyError(WRITTEN)])


def fine(request: HttpRequest, word: str) -> HttpResponse:
    return HttpResponse(word)


async def stream(request: HttpRequest) -> StreamingHttpResponse:
    async def parts():
        yield b"one"
        yield b"two"

    return StreamingHttpResponse(parts())


urlpatterns = [
    path("crash", crash),
    path("crash-async", crash_async),
    path("crash-in-group", crash_in_group),
    path("fine/<word>", fine),
    path("stream", stream),
    path("api/v1/", include("chat.api.urls")),
    path("accounts/", include("allauth.urls")),
    path("", include("chat.web.urls")),
]
pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    """Everything that the configured formatter writes, at the lowest level."""
    root = logging.getLogger()
    configured = next(handler for handler in root.handlers if type(handler) is logging.StreamHandler)
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(configured.formatter)
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield text
    root.setLevel(before)
    root.removeHandler(handler)


@pytest.fixture
def secret() -> str:
    user = User.objects.create_user("writer@example.test", "pw")
    return create_api_key(user=user, name="key", scopes=["chat"])[1]


def lines(output: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in output.getvalue().splitlines()]


def request_line(output: io.StringIO) -> dict:
    return next(line for line in lines(output) if line["event"] == "request")


@pytest.mark.parametrize("address", ["/crash", "/crash-async", "/crash-in-group"])
def test_a_crash_logs_its_place_and_not_its_values(output: io.StringIO, secret: str, address: str) -> None:
    client = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {secret}"})
    client.cookies["parley_session"] = "a-session-key-of-somebody"
    response = client.post(f"{address}?q={WRITTEN}", {"text": WRITTEN}, content_type="application/json")
    assert response.status_code == 500
    written = output.getvalue()
    for private in (WRITTEN, secret, "a-session-key-of-somebody"):
        assert private not in written
    trace = next(line["exception"] for line in lines(output) if "exception" in line)
    assert "test_request_log.py" in trace
    assert "ValueError" in trace
    assert request_line(output)["status"] == 500


def test_a_chain_of_exceptions_is_told_oldest_first(output: io.StringIO) -> None:
    Client(raise_request_exception=False).get("/crash")
    trace = next(line["exception"] for line in lines(output) if "exception" in line)
    assert trace.index("builtins.ValueError") < trace.index("Wrapped")


def test_a_request_of_the_api_logs_who_and_what_came_of_it(output: io.StringIO, secret: str) -> None:
    client = Client(headers={"Authorization": f"Bearer {secret}", "X-Request-ID": WRITTEN})
    response = client.post(
        f"/api/v1/conversations?q={WRITTEN}", {"title": WRITTEN}, content_type="application/json"
    )
    assert response.status_code == 201
    line = request_line(output)
    assert line["route"] == "api/v1/conversations"
    assert line["method"] == "POST"
    assert line["status"] == 201
    assert line["duration_ms"] > 0
    assert line["user"] == str(User.objects.get(email="writer@example.test").id)
    assert line["request_id"] == response["X-Request-ID"]
    for private in (WRITTEN, secret, "writer@example.test"):
        assert private not in output.getvalue()


def test_a_path_is_logged_by_its_route(output: io.StringIO) -> None:
    assert Client().get(f"/fine/{PATH_WORD}").status_code == 200
    assert Client().get(f"/{PATH_WORD}/nothing").status_code == 404
    assert request_line(output)["route"] == "fine/<word>"
    assert PATH_WORD not in output.getvalue()


def test_refused_requests_log_no_path_and_no_traceback(output: io.StringIO) -> None:
    Client().get(f"/fine/{PATH_WORD}", HTTP_HOST="evil.example.test")
    Client(enforce_csrf_checks=True).post(f"/accounts/login/?{PATH_WORD}")
    told = [line for line in lines(output) if line["level"] in ("info", "warning", "error")]
    assert [(line["event"], line["status"]) for line in told] == [("request", 400), ("request", 403)]
    assert PATH_WORD not in str(told)
    assert "exception" not in str(told)


def test_request_ids_are_our_own_and_never_the_same(client: Client) -> None:
    ids = {
        client.get("/fine/a", headers={"X-Request-ID": "chosen-by-a-stranger"})["X-Request-ID"]
        for _turn in range(5)
    }
    assert len(ids) == 5
    assert all(re.fullmatch(r"[0-9a-f]{32}", identifier) for identifier in ids)


@pytest.mark.django_db(transaction=True)
async def test_an_asynchronous_request_logs_its_person(output: io.StringIO, secret: str) -> None:
    user = await sync_to_async(User.objects.get)(email="writer@example.test")
    client = AsyncClient()
    await client.aforce_login(user)
    response = await client.get("/api/v1/me")
    assert response.status_code == 200
    assert request_line(output)["user"] == str(user.id)
    assert request_line(output)["request_id"] == response["X-Request-ID"]


async def test_a_stream_is_not_touched(output: io.StringIO) -> None:
    response = await AsyncClient().get("/stream")
    assert [part async for part in response.streaming_content] == [b"one", b"two"]
    assert request_line(output)["status"] == 200


def test_an_unknown_method_makes_no_series_of_its_own(client: Client, output: io.StringIO) -> None:
    client.generic("BREW-COFFEE", "/fine/a")
    assert request_line(output)["method"] == "OTHER"
