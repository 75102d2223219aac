"""Static files: small ones come from memory with the headers of ServeStatic, and everything else is left to it."""

import gzip
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import AsyncRequestFactory, override_settings
from servestatic.middleware import ServeStaticMiddleware

from chat.web.server.static_files import LARGEST_KEPT_BYTES, StaticFilesMiddleware

SMALL, LARGE = b"export const answer = 42;\n" * 40, b"x" * (LARGEST_KEPT_BYTES + 1)
Ask = Callable[..., Awaitable[Any]]


async def _page(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("a page")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.js").write_bytes(SMALL)
    (tmp_path / "small.js.gz").write_bytes(gzip.compress(SMALL))
    (tmp_path / "large.js").write_bytes(LARGE)
    return tmp_path


def asker(kind: type[ServeStaticMiddleware], folder: Path) -> Ask:
    with override_settings(STATIC_ROOT=folder, SERVESTATIC_USE_STATIC_ROOT=True):
        middleware = kind(_page)

    async def ask(name: str, method: str = "get", **headers: str) -> Any:
        return await middleware(getattr(AsyncRequestFactory(), method)(f"/static/{name}", headers=headers))

    return ask


@pytest.fixture
def ask(folder: Path) -> Ask:
    return asker(StaticFilesMiddleware, folder)


async def content(response: Any) -> bytes:
    return b"".join([part async for part in response]) if response.streaming else response.content


async def test_a_small_file_is_read_once(ask: Ask, folder: Path) -> None:
    first = await ask("small.js")
    assert (first.streaming, first.status_code, first.content) == (False, 200, SMALL)
    (folder / "small.js").unlink()
    assert (await ask("small.js")).content == SMALL


async def test_the_compressed_file_is_sent_where_it_is_taken(ask: Ask) -> None:
    packed = await ask("small.js", **{"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == SMALL
    assert (await ask("small.js")).content == SMALL


@pytest.mark.parametrize(
    ("name", "method", "headers"),
    [
        ("small.js", "get", {}),
        ("small.js", "get", {"Accept-Encoding": "gzip"}),
        ("small.js", "get", {"Range": "bytes=3-9"}),
        ("small.js", "get", {"Range": "nonsense"}),
        ("small.js", "get", {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}),
        ("small.js", "head", {}),
        ("small.js", "post", {}),
        ("large.js", "get", {}),
        ("missing.js", "get", {}),
    ],
)
async def test_all_answers_are_those_of_servestatic(
    ask: Ask, folder: Path, name: str, method: str, headers: dict[str, str]
) -> None:
    ours = await ask(name, method, **headers)
    theirs = await asker(ServeStaticMiddleware, folder)(name, method, **headers)
    assert (ours.status_code, dict(ours.headers)) == (theirs.status_code, dict(theirs.headers))
    assert await content(ours) == await content(theirs)


async def test_a_large_file_is_not_kept(ask: Ask) -> None:
    response = await ask("large.js")
    assert response.streaming
    assert await content(response) == LARGE
