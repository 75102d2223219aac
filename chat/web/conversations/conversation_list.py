"""The list of conversations: finding them, changing and deleting one or many, and what their owner allowed there."""

import datetime as dt
import uuid
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render, resolve_url
from django.utils import timezone
from django.utils.translation import gettext as _
from django_htmx.http import trigger_client_event

from chat import access
from chat.claude.encoding.text import clean_text
from chat.models import Conversation, Turn
from chat.models.transcript.conversations import ConversationQuerySet
from chat.operations.conversations import edit as journeys
from chat.operations.conversations.allowed_tools import allowed_tools, ask_again
from chat.operations.conversations.fork import fork_conversation
from chat.operations.deletion.hide import delete_conversations, restore_conversations
from chat.operations.errors import OperationError
from chat.presentation.tool_names import tool_title
from chat.search_text.query import LONGEST_QUERY, read_query
from chat.web.page import PersonRequest, number_in, own_conversation, person_page

PAGE, LONGEST_LIST = 40, 400
FOUND, NEWEST = 8, 5  # conversations in the palette
PLAIN = "text/plain; charset=utf-8"


@person_page("GET", "HEAD")
def sidebar(request: PersonRequest) -> HttpResponse:
    """Return the list, of which `from` rows are shown already. `rows` asks for as many as a page that is renewed shows.

    `q` filters titles, `archived` shows the archived conversations, `current` is highlighted.
    """
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
    found = own_conversation(request, conversation_id)
    pinned = request.POST.get("on") == "1"
    return _changed(journeys.update_conversation(user=request.user, conversation_id=found.id, pinned=pinned))


@person_page("POST")
def archive(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Archive the conversation, which the page then offers to undo, or take it back."""
    on = request.POST.get("on") == "1"
    found = journeys.update_conversation(
        user=request.user, conversation_id=own_conversation(request, conversation_id).id, archived=on
    )
    return _changed(found, said=_("Conversation archived"), undo=request.path) if on else _changed(found)


@person_page("GET", "HEAD", "POST")
def move(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Move the conversation into a project, or out of its project with an empty choice."""
    found = own_conversation(request, conversation_id)
    rows = list(access.projects(request.user).filter(archived=False).by_use())
    context: dict[str, Any] = {"conversation": found, "projects": rows}
    if request.method != "POST":
        return render(request, "chat/dialogs/_move.html", context)
    chosen = request.POST.get("project", "") or None
    try:
        found = journeys.update_conversation(user=request.user, conversation_id=found.id, project_id=chosen)
    except OperationError as error:
        context["error"] = error.message
        return render(request, "chat/dialogs/_move.html", context, status=409)
    said = _("Moved to the project") if chosen else _("Taken out of the project")
    details = {"id": str(found.id), "title": str(found), "said": said}
    return trigger_client_event(HttpResponse(status=204), "conversation-moved", details)


@person_page("POST")
def fork(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Copy the conversation up to `message` into a new one, which the page then opens.

    With `before` the copy ends above it. The page puts the message into the new conversation's field and opens it then.
    """
    found = own_conversation(request, conversation_id)
    message = access.find_message(request.user, request.POST.get("message", ""))
    if message is None or message.conversation_id != found.id:
        raise Http404
    try:
        before = request.POST.get("before") == "1"
        made = fork_conversation(user=request.user, message_id=message.id, before=before)
    except OperationError as error:
        return HttpResponse(error.message, status=error.status, content_type=PLAIN)
    address = resolve_url("conversation", made.id)
    if before:
        return JsonResponse({"conversation": str(made.id), "address": address}, status=201)
    return HttpResponse(status=204, headers={"HX-Redirect": address})


@person_page("POST")
def delete(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Delete the conversation, which the page then offers to undo."""
    found = own_conversation(request, conversation_id)
    delete_conversations(user=request.user, conversation_ids=[found.id])
    details = {"id": str(found.id), **deletion_words(found)}
    return trigger_client_event(HttpResponse(status=204), "conversation-deleted", details)


@person_page("POST")
def restore(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Take the deletion back."""
    try:
        restore_conversations(user=request.user, conversation_ids=[conversation_id])
    except OperationError as error:
        return refused(error, _("This conversation is deleted for good. It can’t be restored any more."))
    return _changed(own_conversation(request, conversation_id))


def deletion_words(deleted: Conversation) -> dict[str, str]:
    """Return what the page says of a deleted conversation, with the address that takes the deletion back."""
    if deleted.is_temporary:
        return {"said": _("The temporary chat was deleted.")}
    return {"said": _("Conversation deleted"), "undo": resolve_url("restore_conversation", deleted.id)}


def refused(error: OperationError, words: str) -> HttpResponse:
    """Return a refusal with words that the page shows."""
    return HttpResponse(words, status=error.status, content_type=PLAIN)


@person_page("GET", "HEAD", "POST")
def allowed(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Return the dialog with the tools that run here without asking; POST lets `tool` ask again."""
    found = own_conversation(request, conversation_id)
    if request.method == "POST":
        tool_id = request.POST.get("tool", "")
        found = ask_again(user=request.user, conversation_id=found.id, tool_id=tool_id)
    tools = [{"id": tool.id, "title": tool_title(tool)} for tool in allowed_tools(found)]
    response = render(request, "chat/dialogs/_allowed_tools.html", {"conversation": found, "tools": tools})
    return trigger_client_event(response, "allowed-tools-changed", {"count": len(tools)})


@person_page("GET", "HEAD")
def palette(request: PersonRequest) -> HttpResponse:
    """Return the conversations that the palette offers: those that `q` finds, archived ones too, or the newest."""
    words = searched_words(request)
    rows = access.conversations(request.user).order_by("-last_message_at", "-id")
    found = rows.titled(read_query(words).needles)[:FOUND] if words else rows[:NEWEST]
    return render(request, "chat/dialogs/_palette_conversations.html", {"rows": found})


def searched_words(request: PersonRequest) -> str:
    return clean_text(request.GET.get("q", "")).strip()[:LONGEST_QUERY]


def sidebar_context(request: PersonRequest, *, current: Conversation | None) -> dict[str, Any]:
    """Return one page of the list in groups: pinned first, then by the time of the last message."""
    archived = request.GET.get("archived") == "1"
    words = searched_words(request)
    rows = access.conversations(request.user).filter(archived=archived).newest_first()
    rows = rows.titled(read_query(words).needles)
    start = number_in(request, "from") or 0
    size = PAGE if start else min(max(PAGE, number_in(request, "rows") or 0), LONGEST_LIST)
    # One row more than is shown says whether there are others, without counting them all.
    found = list(_listed(rows)[start : start + size + 1])
    listed, has_more = found[:size], len(found) > size
    if current is not None and (start or has_more):
        listed = _with_current(listed, rows, current, first=not start)
    groups = _grouped(listed)
    return {
        "groups": groups,
        "last_group": groups[-1][0] if groups else "",
        "shown_group": request.GET.get("after", ""),
        "begins": not start,
        "next_row": start + size if has_more else None,
        "words": words,
        "archived": archived,
        "current": current,
    }


def _listed(rows: ConversationQuerySet) -> ConversationQuerySet:
    """Return what a row of the list shows, with the status of its active turn as `state`.

    That is queued, running or waiting; None without such a turn.
    """
    active = Turn.objects.active().filter(conversation=OuterRef("pk"))
    shown = rows.only("title", "pinned", "archived", "expires_at", "last_message_at")
    return shown.annotate(state=Subquery(active.values("status")[:1]))


def _with_current(
    listed: list[Conversation], rows: ConversationQuerySet, current: Conversation, *, first: bool
) -> list[Conversation]:
    """Return the rows of one page of several. The open conversation ends the first when it stands on a later one.

    There it would be out of sight, and the list would show no place where the person is.
    """
    if not first:
        return [row for row in listed if row.pk != current.pk]
    if any(row.pk == current.pk for row in listed):
        return listed
    return [*listed, *_listed(rows).filter(pk=current.pk)]


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


def _changed(found: Conversation, **more: str) -> HttpResponse:
    """Return a response with an event on which the page reloads the list and the heading.

    `said` is shown for a moment; `undo` is the address that takes the change back, with on=0.
    """
    state = {"pinned": found.pinned, "archived": found.archived}
    details = {"id": str(found.id), "title": str(found), **state, **more}
    return trigger_client_event(HttpResponse(status=204), "conversation-changed", details)
