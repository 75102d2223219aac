"""Files that an answer made by running code: a card with name and size, downloads, and pictures to look at.

The provider's word for what a file is decides nothing: all are downloads, but for pictures whose first bytes say so.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import IO, Any

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header

from chat import access
from chat.models import Message
from chat.operations.errors import OperationError
from chat.operations.files.made_files import describe_made_file, read_made_file
from chat.presentation.figures import file_size
from chat.presentation.file_download import PIECE_BYTES
from chat.readers.pictures.sizes import picture_format
from chat.web.page import PersonRequest, person_page

_SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"
_PICTURES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
_BEGINNING_BYTES = 4_096


@person_page("GET", "HEAD")
def card(request: PersonRequest, message_id: uuid.UUID, file_id: str) -> HttpResponse:
    """Return what the thread shows of a file: its name and size, a picture, or why it can't be had."""
    message = _own(request, message_id)
    context: dict[str, Any] = {"message": message, "file_id": file_id}
    try:
        found = describe_made_file(message, file_id)
        context |= {"file": found, "about": file_size(found.size_bytes)}
    except OperationError as error:
        if error.code == "not_found":
            raise Http404 from error
        context["problem"] = error.message
    return render(request, "chat/message/_made_file.html", context)


@person_page("GET", "HEAD")
def download(request: PersonRequest, message_id: uuid.UUID, file_id: str) -> Any:
    """Return the file as a download under its name."""
    message = _own(request, message_id)
    try:
        found = describe_made_file(message, file_id)
        file = read_made_file(message, file_id, person=request.user)
    except OperationError as error:
        return _refused(error)
    response = _sent(file, "application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(True, found.name) or "attachment"
    return response


@person_page("GET", "HEAD")
def shown(request: PersonRequest, message_id: uuid.UUID, file_id: str) -> Any:
    """Return a picture to look at; any other file does not exist here."""
    message = _own(request, message_id)
    try:
        file = read_made_file(message, file_id, person=request.user)
    except OperationError as error:
        return _refused(error)
    kind = _PICTURES.get(picture_format(file.read(_BEGINNING_BYTES)))
    file.seek(0)
    if kind is None:
        file.close()
        raise Http404
    response = _sent(file, kind)
    response["Content-Disposition"] = "inline"
    return response


def _own(request: PersonRequest, message_id: uuid.UUID) -> Message:
    found = access.find_message(request.user, str(message_id))
    if found is None:
        raise Http404
    return found


def _refused(error: OperationError) -> HttpResponse:
    if error.code == "not_found":
        raise Http404 from error
    return HttpResponse(error.message, status=error.status, content_type="text/plain; charset=utf-8")


def _sent(file: IO[bytes], media_type: str) -> "FetchedFileResponse":
    response = FetchedFileResponse(file, content_type=media_type)
    response["Content-Security-Policy"] = _SANDBOX
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


class FetchedFileResponse(StreamingHttpResponse):
    """The bytes of an open file, read as the client takes them; the file is closed with the response."""

    def __init__(self, file: IO[bytes], **options: Any) -> None:
        super().__init__((), **options)
        self._file = file
        self.headers["Content-Length"] = str(file.seek(0, 2))
        file.seek(0)

    def close(self) -> None:
        super().close()
        self._file.close()

    def __iter__(self) -> Iterator[bytes]:
        while piece := self._file.read(PIECE_BYTES):
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await asyncio.to_thread(self._file.read, PIECE_BYTES):
            yield piece
