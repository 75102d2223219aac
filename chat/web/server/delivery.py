"""How a finished answer leaves: text is compressed, and pages about an account are kept by no cache.

Compression can reveal a secret that stands beside words which an attacker chooses (BREACH). So nothing that may repeat
such words is compressed: of requests that browsers send with cookies, only plain GETs without a query are. Streams
never are, because each event has to leave at once (docs/decisions/0013-compression.md).
"""

import asyncio
import gzip
import io
import re
import secrets

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from chat.web.server.sync_and_async import Answer, SyncAndAsyncMiddleware

SHORTEST_BYTES = 1400  # less fits into one packet anyway
LONG_BYTES = 65_536  # more is compressed in a thread, so that streams go on meanwhile
# The fastest level: pages shrink to a sixth instead of an eighth, in a quarter of the time.
LEVEL = 1
LONGEST_NAME = 100
ACCOUNTS = "/accounts/"
_TEXT = re.compile(r"text/|application/(?:[a-z.+-]*\+)?(?:json|xml|javascript)\b|image/svg\+xml\b")
_ACCEPTS = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))")


class DeliveryMiddleware(SyncAndAsyncMiddleware):
    def __call__(self, request: HttpRequest) -> Answer:
        if self.is_async:
            return self._answer(request)
        response: HttpResponseBase = self.get_response(request)  # type: ignore[assignment]
        keep_from_caches(request, response)
        if may_compress(request, response):
            compress(response)
        return response

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        response = await self.get_response(request)  # type: ignore[misc]
        keep_from_caches(request, response)
        if may_compress(request, response):
            if len(response.content) > LONG_BYTES:
                await asyncio.to_thread(compress, response)
            else:
                compress(response)
        return response


def keep_from_caches(request: HttpRequest, response: HttpResponseBase) -> None:
    """Let no cache keep a page about an account: it may show a second factor's secret, or recovery codes."""
    if request.path_info.startswith(ACCOUNTS):
        response.headers["Cache-Control"] = "no-store"


def may_compress(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Return whether a response is a longer text that the client takes compressed and that can't be spied on by it."""
    if (
        not isinstance(response, HttpResponse)  # a stream
        or response.status_code == 206  # a range of bytes
        or len(response.content) < SHORTEST_BYTES
        or response.has_header("Content-Encoding")
        or not _TEXT.match(response.headers.get("Content-Type", ""))
    ):
        return False
    patch_vary_headers(response, ["Accept-Encoding"])
    return bool(_ACCEPTS.search(request.headers.get("Accept-Encoding", ""))) and not _may_repeat(request)


def compress(response: HttpResponseBase) -> None:
    """Compress the content. The name in gzip's header has a random length, so that sizes tell less."""
    assert isinstance(response, HttpResponse)
    packed = io.BytesIO()
    name = "a" * secrets.randbelow(LONGEST_NAME)
    with gzip.GzipFile(filename=name, mode="wb", compresslevel=LEVEL, fileobj=packed, mtime=0) as file:
        file.write(response.content)
    response.content = packed.getvalue()
    response.headers["Content-Length"] = str(len(response.content))
    response.headers["Content-Encoding"] = "gzip"
    etag = response.headers.get("ETag", "")
    if etag.startswith('"'):  # the bytes differ from those of the strong one
        response.headers["ETag"] = f"W/{etag}"


def _may_repeat(request: HttpRequest) -> bool:
    """Return whether an answer may repeat words of a stranger: those of a link that this person's browser followed."""
    with_cookies = bool(request.headers.get("Cookie"))
    return with_cookies and (request.method not in {"GET", "HEAD"} or bool(request.META.get("QUERY_STRING")))
