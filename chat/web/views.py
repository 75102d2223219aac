"""The chat page: a new conversation, a conversation, and the fragments that update it."""

import uuid
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.shortcuts import render, resolve_url
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from chat import access
from chat.claude.encoding.client_json import LONGEST_BYTES, LONGEST_TEXT
from chat.models import Conversation, User
from chat.operations.billing.budgets import warnings
from chat.operations.billing.payer import Payer
from chat.operations.conversations import edit as journeys
from chat.operations.conversations.thread import PAGE
from chat.operations.errors import OperationError
from chat.operations.files.uploads import MAX_PDF_BYTES, MAX_UPLOAD_BYTES
from chat.operations.turns.thread_page import read_thread_page
from chat.presentation.wording import soft_limit_text
from chat.web.conversations import sidebar_context
from chat.web.model_picker import picker_for
from chat.web.page import PersonRequest, own_conversation, person_page
from chat.web.strings import script_strings

# More messages than a conversation has.
WHOLE = 1_000_000


@person_page("GET", "HEAD")
def new_conversation(request: PersonRequest) -> HttpResponse:
    return _chat(request, None)


@person_page("GET", "HEAD")
def conversation(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    return _chat(request, own_conversation(request, conversation_id))


@person_page("GET", "HEAD")
def thread(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Return the whole thread, or 204 if the viewer's leaf is still the last one."""
    found = own_conversation(request, conversation_id)
    if request.GET.get("leaf", "") == str(found.active_leaf_id):
        return HttpResponse(status=204)
    return _thread(request, found)


@person_page("GET", "HEAD")
def earlier(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Return the page of messages above `before`; with `all`, which printing asks for, all messages above it."""
    found = own_conversation(request, conversation_id)
    try:
        limit = WHOLE if request.GET.get("all") == "1" else PAGE
        page = read_thread_page(found, viewer=request.user, before=request.GET.get("before", ""), limit=limit)
    except OperationError as error:
        raise Http404 from error
    return render(request, "chat/thread/_messages.html", {"thread": page})


@person_page("GET", "HEAD")
def budget(request: PersonRequest) -> HttpResponse:
    """Return the lines about budgets that have passed their warning amount, as they stand now."""
    context = {"budget_warnings": _budget_warnings(request.user)}
    return render(request, "chat/composer/_budget.html", context)


@person_page("POST")
def branch(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Return another version of a message and the messages that follow it."""
    found = own_conversation(request, conversation_id)
    message = access.find_message(request.user, request.POST.get("message", ""))
    if message is None or message.conversation_id != found.id:
        raise Http404
    try:
        found = journeys.choose_leaf(user=request.user, message_id=message.id)
    except OperationError as error:
        return HttpResponse(error.message, status=error.status, content_type="text/plain; charset=utf-8")
    return _thread(request, found)


@require_POST
def preferences(request: Any) -> HttpResponse:
    """Set the language, for the signed-in person and in a cookie."""
    language = request.POST.get("language", "")
    if language not in dict(settings.LANGUAGES):
        return HttpResponseBadRequest()
    if request.user.is_authenticated:
        request.user.language = language
        request.user.save(update_fields=["language"])
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = "/"
    response = HttpResponseRedirect(target)
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=31_536_000,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return response


def _chat(request: PersonRequest, shown: Conversation | None) -> HttpResponse:
    context = {
        "conversation": shown,
        "thread": read_thread_page(shown, viewer=request.user) if shown else None,
        "budget_warnings": _budget_warnings(request.user),
        "picker": picker_for(request.user, shown),
        "page": _page_data(request, shown),
        **sidebar_context(request, current=shown),
    }
    return render(request, "chat/chat.html", context)


def _thread(request: PersonRequest, shown: Conversation) -> HttpResponse:
    context = {"conversation": shown, "thread": read_thread_page(shown, viewer=request.user)}
    return render(request, "chat/thread/_thread.html", context)


def _budget_warnings(user: User) -> list[str]:
    """Return a line for each of the person's budgets that passed its soft limit."""
    return [
        soft_limit_text(
            one.budget.scope,
            one.budget.period,
            one.renews_on.isoformat(),
            one.spent_usd,
            one.budget.hard_limit_usd,
        )
        for one in warnings(Payer(user.pk))
    ]


def _page_data(request: PersonRequest, shown: Conversation | None) -> dict[str, Any]:
    return {
        "person": str(request.user.pk),
        "conversation": str(shown.id) if shown else None,
        "language": translation.get_language(),
        "csrf": get_token(request),
        "socket": f"/ws/chat/?render=html&person={request.user.pk}",
        "longest_text": LONGEST_TEXT,
        "longest_frame": LONGEST_BYTES,
        "login": resolve_url("account_login"),
        "largest_file_bytes": MAX_UPLOAD_BYTES,
        "largest_pdf_bytes": MAX_PDF_BYTES,
        "diagram_frame": reverse("diagram_frame"),
        "preview_frame": reverse("preview_frame"),
        "katex_style": static("vendor/katex/katex.min.css"),
        "strings": script_strings(),
    }
