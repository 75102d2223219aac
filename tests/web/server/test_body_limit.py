"""Bodies over the limit are refused by what arrives, not by what their headers say."""

import asyncio
import dataclasses
import json
import re
from http import HTTPStatus
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.utils import translation
from django.utils.translation import gettext

from chat.api.problems import too_large
from chat.claude.encoding.client_json import LONGEST_BYTES
from chat.web.server.body_limit import LONGEST_BODY_BYTES, BodyLimit, LargeBodies, plain_text_response


async def echo(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer with the length of the body, as a handler that reads all of it; silent when the client is gone."""
    length = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        length += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"%d" % length})


async def answer(chunks: list[bytes], headers: list[tuple[bytes, bytes]] | None = None) -> tuple[int, bytes]:
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers or []}
    start, body = await answered(scope, chunks)
    return start["status"], body


async def answered(scope: dict[str, Any], chunks: list[bytes]) -> tuple[dict[str, Any], bytes]:
    limit = BodyLimit(echo, longest_bytes=10, refusals={"/api/": lambda limit: too_large(limit).response()})
    talk = ApplicationCommunicator(limit, scope)
    for place, chunk in enumerate(chunks, start=1):
        await talk.send_input({"type": "http.request", "body": chunk, "more_body": place < len(chunks)})
    start = await talk.receive_output()
    body = await talk.receive_output()
    await talk.wait()
    return start, body["body"]


@pytest.mark.parametrize("chunks", [[b""], [b"0123456789"], [b"01234", b"56789"]])
async def test_what_fits_passes(chunks: list[bytes]) -> None:
    assert await answer(chunks) == (200, b"%d" % len(b"".join(chunks)))


async def test_a_declared_excess_is_refused_unread() -> None:
    async def unreachable(*_: Any) -> None:
        raise AssertionError("the application was asked")

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-length", b"11")]}
    talk = ApplicationCommunicator(BodyLimit(unreachable, longest_bytes=10), scope)
    assert (await talk.receive_output())["status"] == 413


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"3")], [(b"content-length", b"-1")]])
async def test_a_lying_or_missing_length_does_not_help(headers: list[tuple[bytes, bytes]]) -> None:
    status, body = await answer([b"012345", b"678901", b"2"], headers)
    assert status == 413
    assert b"Split it into smaller ones" in body


@pytest.mark.parametrize("declared", [True, False])
async def test_the_api_says_it_as_all_its_errors(declared: bool) -> None:
    headers = [(b"accept-language", b"ko"), *([(b"content-length", b"11")] if declared else [])]
    scope = {"type": "http", "method": "POST", "path": "/api/v1/attachments", "headers": headers}
    start, body = await answered(scope, [b"01234567890"])
    told = dict(start["headers"])
    assert (start["status"], told[b"content-type"]) == (413, b"application/problem+json")
    assert told[b"cache-control"] == b"no-store"
    assert int(told[b"content-length"]) == len(body)
    problem = json.loads(body)
    assert (problem["status"], problem["code"], problem["title"]) == (
        413,
        "too_large",
        HTTPStatus(413).phrase,
    )
    with translation.override("ko"):
        assert problem["detail"] == gettext("The request is larger than %(most)s MB.") % {"most": 0}


@pytest.mark.parametrize("language", ["en", "ko"])
def test_limits_are_told_in_megabytes(language: str) -> None:
    """As the limits of files are; an upload that fits below 33 MB fits below the limit of its request."""
    with translation.override(language):
        told = {
            "33 MB": plain_text_response(LONGEST_BODY_BYTES).content.decode(),
            "12 MB": too_large(LONGEST_BYTES).detail,
        }
    for size, words in told.items():
        assert size in words
        assert not re.search(r"byte|바이트|\d{4}", words)


async def test_sockets_pass_untouched() -> None:
    seen = asyncio.Event()

    async def socket(scope: dict[str, Any], receive: Any, send: Any) -> None:
        assert scope["type"] == "websocket"
        seen.set()

    await ApplicationCommunicator(BodyLimit(socket), {"type": "websocket"}).wait()
    assert seen.is_set()


@pytest.mark.parametrize(
    ("path", "known", "declared", "status"),
    [
        ("/large", True, True, 200),
        ("/large", True, False, 200),
        ("/large", False, True, 413),
        ("/large", False, False, 413),
        ("/other", True, True, 413),
    ],
)
async def test_large_bodies_are_for_their_paths_and_known_people(
    path: str, known: bool, declared: bool, status: int
) -> None:
    async def admit(_scope: Any) -> bool:
        return known

    async def refused(*_: Any) -> bool:
        raise AssertionError("a small body needs no look at who sends it")

    body = b"0123456789ab"
    headers = [(b"content-length", b"12")] if declared else []
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
    large = LargeBodies(frozenset({"/large"}), 20, admit)
    talk = ApplicationCommunicator(BodyLimit(echo, longest_bytes=10, large=large), scope)
    await talk.send_input({"type": "http.request", "body": body})
    assert (await talk.receive_output())["status"] == status
    small = dataclasses.replace(large, admit=refused)
    scope = {**scope, "headers": [(b"content-length", b"5")]}
    talk = ApplicationCommunicator(BodyLimit(echo, longest_bytes=10, large=small), scope)
    await talk.send_input({"type": "http.request", "body": b"01234"})
    assert (await talk.receive_output())["status"] == 200
