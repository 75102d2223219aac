"""The sidebar: finding, renaming, pinning, archiving and deleting conversations."""

import datetime as dt
import uuid
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django_htmx.http import trigger_client_event

from chat import access
from chat.models import Conversation
from chat.operations.conversations import edit as journeys
from chat.operations.errors import OperationError
from chat.web.page import PersonRequest, own_conversation, person_page

PAGE = 60


@person_page("GET", "HEAD")
def sidebar(request: PersonRequest) -> HttpResponse:
    """Return the list. `q` filters titles, `archived` shows the archived conversations, `current` is highlighted."""
    current = access.find_conversation(request.user, request.GET.get("current", ""))
    return render(request, "chat/sidebar/_conversations.html", sidebar_context(request, current=current))


@person_page("GET", "HEAD", "POST")
def rename(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    found = own_conversation(request, conversation_id)
    if request.method != "POST":
        return render(request, "chat/dialogs/_rename.html", {"conversation": found, "title": found.title})
    title = request.POST.get("title", "").strip()
    try:
        found = journeys.update_conversation(user=request.user, conversation_id=found.id, title=title)
    except OperationError as error:
        context = {"conversation": found, "title": title, "error": error.message}
        return render(request, "chat/dialogs/_rename.html", context, status=422)
    return _changed(found)


@person_page("POST")
def pin(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    return _switch(request, conversation_id, "pinned")


@person_page("POST")
def archive(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    return _switch(request, conversation_id, "archived")


@person_page("GET", "HEAD", "POST")
def delete(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    found = own_conversation(request, conversation_id)
    if request.method != "POST":
        return render(request, "chat/dialogs/_delete.html", {"conversation": found})
    try:
        journeys.delete_conversation(user=request.user, conversation_id=found.id)
    except OperationError as error:
        context = {"conversation": found, "error": error.message}
        return render(request, "chat/dialogs/_delete.html", context, status=409)
    return trigger_client_event(
        HttpResponse(status=204), "conversation-deleted", {"id": str(conversation_id)}
    )


def sidebar_context(request: PersonRequest, *, current: Conversation | None) -> dict[str, Any]:
    """Return one page of the list in groups: pinned first, then by the time of the last message."""
    archived = request.GET.get("archived") == "1"
    words = request.GET.get("q", "").strip()
    rows = access.conversations(request.user).filter(archived=archived).newest_first()
    if words:
        rows = rows.filter(title__icontains=words)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    groups = _grouped(page.object_list)
    return {
        "groups": groups,
        "last_group": groups[-1][0] if groups else "",
        "shown_group": request.GET.get("after", ""),
        "list_page": page,
        "words": words,
        "archived": archived,
        "current": current,
    }


def _grouped(rows: Iterable[Conversation]) -> list[tuple[str, list[Conversation]]]:
    today = timezone.localdate()
    return [(name, list(group)) for name, group in groupby(rows, key=lambda row: _group_of(row, today))]


def _group_of(row: Conversation, today: dt.date) -> str:
    if row.pinned:
        return _("Pinned")
    days = (today - timezone.localdate(row.last_message_at)).days
    if days < 1:
        return _("Today")
    if days < 2:
        return _("Yesterday")
    if days < 8:
        return _("Last 7 days")
    return _("Last 30 days") if days < 31 else _("Earlier")


def _switch(request: PersonRequest, conversation_id: uuid.UUID, field: str) -> HttpResponse:
    found = own_conversation(request, conversation_id)
    changes = {field: request.POST.get("on") == "1"}
    return _changed(journeys.update_conversation(user=request.user, conversation_id=found.id, **changes))


def _changed(found: Conversation) -> HttpResponse:
    """Return a response with an event on which the page reloads the list and the heading."""
    details = {"id": str(found.id), "title": str(found)}
    return trigger_client_event(HttpResponse(status=204), "conversation-changed", details)
