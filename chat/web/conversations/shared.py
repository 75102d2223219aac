"""Shared conversations as readers see them, signed in or not.

A link that a reader may not open is answered like one that never was: people without a session are sent to the sign-in
page, others find nothing. No page is kept, indexed, or named to other sites.
"""

import functools
import uuid
from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.cache import patch_cache_control

from chat import access
from chat.models import Attachment, Share
from chat.operations import rates
from chat.operations.errors import OperationError
from chat.operations.sharing.reading import copy_share, read_share, shared_file
from chat.presentation.localization import browser_zone, localized
from chat.web.files.attachments import file_answer, pdf_answer, picture_answer
from chat.web.page import UTC, number_in
from chat.web.script_data import message_data

View = Callable[..., HttpResponseBase]


def reader_page(*methods: str) -> Callable[[View], View]:
    """Return a decorator for pages below a link: the view gets the share instead of its token."""

    def wrap(view: View) -> View:
        @functools.wraps(view)
        def wrapped(request: Any, token: str, **kwargs: Any) -> HttpResponseBase:
            response = (
                _answer(view, request, token, **kwargs)
                if request.method in methods
                else HttpResponseNotAllowed(methods)
            )
            patch_cache_control(response, private=True, no_store=True)
            response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
            # Not "no-referrer": then browsers send this page's form without an origin, and it is refused.
            response["Referrer-Policy"] = "same-origin"
            return response

        return wrapped

    return wrap


def _answer(view: View, request: Any, token: str, **kwargs: Any) -> HttpResponseBase:
    signed_in = request.user.is_authenticated and request.user.is_active
    with localized(request, browser_zone(request) or UTC):
        if not signed_in:
            try:
                rates.count(rates.SHARED_PAGES, get_adapter(request).get_client_ip(request))
            except OperationError as error:
                return _too_many(error)
        share = access.find_share(token, request.user)
        if share is not None:
            return view(request, share, **kwargs)
        if signed_in:
            raise Http404
        return redirect_to_login(request.get_full_path(), resolve_url("account_login"))


def _too_many(error: OperationError) -> HttpResponse:
    response = HttpResponse(f"{error.message}\n", status=429, content_type="text/plain; charset=utf-8")
    response["Retry-After"] = str(error.retry_after_seconds)
    return response


@reader_page("GET", "HEAD")
def shared(request: Any, share: Share) -> HttpResponse:
    """Show a page of a shared conversation, from its beginning."""
    number = max(1, number_in(request, "page") or 1)
    thread = read_share(share, page=number)
    if thread is None:
        raise Http404
    thread.files_address = reverse("shared", args=[share.token]) if share.shows_files else ""
    context = {
        "share": share,
        "title": share.heading,
        "thread": thread,
        "previous": number - 1 if number > 1 else None,
        "following": number + 1 if thread.has_more else None,
        "page": {**message_data(), "conversation": None},
    }
    return render(request, "chat/reading/shared.html", context)


@reader_page("GET", "HEAD")
def shared_attachment(request: Any, share: Share, attachment_id: uuid.UUID, form: str) -> HttpResponseBase:
    """Return a file of a shared conversation: its `thumbnail`, as it is `shown`, or the `file` to download."""
    found = shared_file(share, str(attachment_id))
    if found is None:
        raise Http404
    if form == "file":
        return file_answer(found.original, found.original.media_type, name=found.name, download=True)
    if form == "thumbnail":
        return picture_answer(found.thumbnail, found)
    return pdf_answer(found) if found.kind == Attachment.Kind.PDF else picture_answer(found.sent, found)


@reader_page("POST")
def copy_shared(request: Any, share: Share) -> HttpResponse:
    """Copy a shared conversation for its reader and open the copy."""
    if not request.user.is_authenticated:
        return redirect_to_login(reverse("shared", args=[share.token]), resolve_url("account_login"))
    try:
        copied = copy_share(share=share, reader=request.user)
    except OperationError as error:
        return HttpResponse(
            f"{error.message}\n", status=error.status, content_type="text/plain; charset=utf-8"
        )
    return redirect("conversation", conversation_id=copied.id)
