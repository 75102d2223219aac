"""Files of a person and of projects: downloads, thumbnails, and the page that shows a document's text.

Only images that Parley made itself and PDFs are shown in the browser. Everything else, HTML and SVG included, is
downloaded. No file may run scripts, load resources or frame other pages.
"""

import uuid
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header, urlencode

from chat import access
from chat.models import Attachment, StoredFile
from chat.operations.files.page_texts import PageText, find_quote, page_text
from chat.operations.request.attachments import cited_document
from chat.readers.errors import Busy
from chat.web.files.file_response import StoredFileResponse
from chat.web.page import PersonRequest, number_in, person_page

SHOWN_CHARACTERS = 200_000
_BEFORE_PLACE = 20_000
_LONGEST_QUOTE = 1_000
_SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"
# The PDF viewers of browsers do not work in a sandbox. They run no script of this origin.
_PDF_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"


@person_page("GET", "HEAD")
def original(request: PersonRequest, attachment_id: uuid.UUID) -> StoredFileResponse:
    """Return the uploaded file as a download."""
    found = _readable(request, attachment_id)
    return file_answer(found.original, found.original.media_type, name=found.name, download=True)


@person_page("GET", "HEAD")
def shown(request: PersonRequest, attachment_id: uuid.UUID) -> StoredFileResponse:
    """Return an image as models get it, or a PDF, to be shown in the browser."""
    found = _readable(request, attachment_id)
    if found.kind == Attachment.Kind.PDF:
        return pdf_answer(found)
    return picture_answer(found.sent, found)


@person_page("GET", "HEAD")
def thumbnail(request: PersonRequest, attachment_id: uuid.UUID) -> StoredFileResponse:
    found = _readable(request, attachment_id)
    return picture_answer(found.thumbnail, found)


@person_page("GET", "HEAD")
def document(request: PersonRequest, attachment_id: uuid.UUID) -> HttpResponse:
    """Return a page with a document's text: page `page` of a PDF, or the text around characters `start` to `end`.

    It leads back to the conversation of `message`, else to the newest one that has the document, or to its project.
    """
    found = _readable(request, attachment_id)
    message = access.find_message(request.user, request.GET.get("message", ""))
    own = found.messages.filter(conversation__owner=request.user)
    context: dict[str, Any] = {
        "attachment": found,
        "message": message,
        "back": message or own.order_by("-id").first(),
        "project": access.projects(request.user).filter(documents__attachment=found).by_use().first(),
    }
    if found.kind == Attachment.Kind.PDF:
        try:
            context |= _page_context(found, number_in(request, "page") or 1, request.GET.get("quote", ""))
        except Busy:
            response = render(request, "503.html", status=503)
            response["Retry-After"] = "5"
            return response
    elif found.text:
        context |= _range_context(found.text, number_in(request, "start"), number_in(request, "end"))
    return render(request, "chat/document.html", context)


@person_page("GET", "HEAD")
def cited(request: PersonRequest, message_id: uuid.UUID) -> HttpResponse:
    """Redirect from a citation in an answer to the cited place in the document."""
    answer = access.find_message(request.user, message_id)
    if answer is None:
        raise Http404
    index = number_in(request, "document")
    found = cited_document(answer, -1 if index is None else index, request.GET.get("title", ""))
    if found is None or access.find_readable_file(request.user, found.id) is None:
        raise Http404
    place = {
        name: request.GET[name][:_LONGEST_QUOTE]
        for name in ("start", "end", "page", "quote")
        if name in request.GET
    }
    query = urlencode({"message": str(answer.id), **place})
    return HttpResponseRedirect(f"{reverse('attachment', args=[found.id])}?{query}#cited")


def _readable(request: PersonRequest, attachment_id: uuid.UUID) -> Attachment:
    found = access.find_readable_file(request.user, attachment_id)
    if found is None:
        raise Http404
    return found


def picture_answer(stored: StoredFile | None, of: Attachment) -> StoredFileResponse:
    """Return an image that Parley made, to be shown in the browser."""
    if stored is None:
        raise Http404
    return picture_response(stored, name=of.name)


def picture_response(stored: StoredFile, *, name: str) -> StoredFileResponse:
    """Return an image that Parley made, to be shown.

    Raises:
        Http404: the storage does not have it.
    """
    return file_answer(stored, stored.media_type, name=name)


def pdf_answer(of: Attachment) -> StoredFileResponse:
    """Return a PDF, to be shown in the browser."""
    response = file_answer(of.sent or of.original, "application/pdf", name=of.name)
    response["Content-Security-Policy"] = _PDF_POLICY
    return response


def file_answer(
    stored: StoredFile, media_type: str, *, name: str, download: bool = False
) -> StoredFileResponse:
    """Return stored bytes, which may do nothing in the browser.

    Raises:
        Http404: the storage does not have them.
    """
    kind = "text/plain; charset=utf-8" if media_type == "text/plain" else media_type
    try:
        response = StoredFileResponse(stored, content_type=kind)
    except OSError as error:
        raise Http404 from error
    disposition = content_disposition_header(download, name)
    response["Content-Disposition"] = disposition or ("attachment" if download else "inline")
    response["Content-Security-Policy"] = _SANDBOX
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def _page_context(found: Attachment, number: int, quote: str) -> dict[str, Any]:
    number = max(1, min(number, found.pages or 1))
    try:
        page = page_text(found, number)
    except OSError:
        page = PageText("")
    start, end = find_quote(page.text, quote[:_LONGEST_QUOTE])
    return {
        "page": number,
        "previous": number - 1 if number > 1 else None,
        "following": number + 1 if number < (found.pages or 1) else None,
        "cut_after": page.cut,
        **_parts(page.text, start, end),
    }


def _range_context(text: str, start: int | None, end: int | None) -> dict[str, Any]:
    """Return the part of a long text around the cited place."""
    first, last = min(start or 0, len(text)), min(end or 0, len(text))
    since = max(0, first - _BEFORE_PLACE) if len(text) > SHOWN_CHARACTERS else 0
    part = text[since : since + SHOWN_CHARACTERS]
    return {
        "cut_before": since > 0,
        "cut_after": since + len(part) < len(text),
        **_parts(part, first - since, last - since),
    }


def _parts(text: str, start: int, end: int) -> dict[str, str]:
    if not 0 <= start < end:
        return {"before": text, "marked": "", "after": ""}
    return {"before": text[:start], "marked": text[start:end], "after": text[end:]}
