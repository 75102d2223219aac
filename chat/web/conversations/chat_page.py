"""The chat page: a new conversation, a conversation, and the fragments that update it."""

import functools
import json
import uuid
from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render, resolve_url
from django.urls import get_script_prefix, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from chat import access
from chat.claude.encoding.client_json import LONGEST_BYTES, LONGEST_TEXT
from chat.models import Conversation, User, Workspace
from chat.models.accounts.people import SendKey
from chat.operations.billing.budgets import warnings
from chat.operations.billing.payer import Payer
from chat.operations.conversations import edit as journeys
from chat.operations.conversations.code_texts import code_texts
from chat.operations.conversations.found_message import Opened, Stretch, open_at, stretch_below
from chat.operations.conversations.selection import enter_project
from chat.operations.conversations.temporary import return_to
from chat.operations.conversations.thread import PAGE
from chat.operations.errors import OperationError
from chat.operations.files.uploads import MAX_PDF_BYTES, MAX_UPLOAD_BYTES
from chat.operations.turns.answer_costs import cost_detail
from chat.operations.turns.thread_page import read_thread_page
from chat.operations.turns.versions import read_versions
from chat.presentation.thread import Thread
from chat.presentation.wording import soft_limit_text
from chat.search_text.query import read_query
from chat.web.composer.model_picker import CHOICE_COOKIE, picker_for
from chat.web.composer.welcome import welcome_for
from chat.web.conversations.conversation_list import deletion_words, sidebar_context
from chat.web.offline import worker_address
from chat.web.page import PersonRequest, own_conversation, person_page
from chat.web.projects.project_pages import recent_projects
from chat.web.script_data import message_data

# More messages than a conversation has.
WHOLE = 1_000_000


@person_page("GET", "HEAD")
def new_conversation(request: PersonRequest) -> HttpResponse:
    """Show the page of a new conversation, in the project that `project` names.

    `temporary` makes it a temporary chat. `deleted` and `ended` say which conversation the page before this one showed.
    """
    named = request.GET.get("project")
    if named is None:
        return _chat(request, None)
    draft = Conversation(owner=request.user)
    try:
        enter_project(draft, request.user, named)
    except OperationError as error:
        raise Http404 from error
    return _chat(request, None, draft=draft)


@person_page("GET", "HEAD")
def conversation(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Return the page of a conversation; with `message` open at that message, where the words of `q` are marked."""
    found, wanted = own_conversation(request, conversation_id), request.GET.get("message")
    return_to(found)
    if wanted is None or request.method == "HEAD":
        return _chat(request, found)
    opened = open_at(user=request.user, conversation=found, message_id=wanted)
    return _chat(request, found, message_is_gone=True) if opened is None else _chat_at(request, opened)


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
def later(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Return the page of messages below `after`, on a page that was opened at a message."""
    found = own_conversation(request, conversation_id)
    message = access.find_message(request.user, request.GET.get("after", ""))
    if message is None or message.conversation_id != found.id:
        raise Http404
    stretch = stretch_below(found, message)
    if stretch is None:
        return HttpResponse()
    page = _read(request, found, stretch)
    page.has_more = False
    return render(request, "chat/thread/_messages.html", {"thread": page})


@person_page("GET", "HEAD")
def code(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Return the texts with code `above` the first message of a page, and `below` its last one."""
    found = own_conversation(request, conversation_id)
    bounds = {name: request.GET.get(name, "") for name in ("above", "below")}
    above, below = code_texts(found, **bounds)
    return JsonResponse({"above": above, "below": below})


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


@person_page("GET", "HEAD")
def versions(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Return all answers to `message` side by side."""
    found = own_conversation(request, conversation_id)
    try:
        versions = read_versions(found, viewer=request.user, message_id=request.GET.get("message", ""))
    except OperationError as error:
        raise Http404 from error
    return render(request, "chat/thread/_comparison.html", {"conversation": found, "versions": versions})


def _chat_at(request: PersonRequest, opened: Opened) -> HttpResponse:
    page = _read(request, opened.conversation, opened.stretch)
    entries = [entry for entry in page.entries if opened.message in entry.messages]
    return _chat(
        request,
        opened.conversation,
        thread=page,
        opened=opened,
        found_entry=entries[0].leaf_id if entries else None,
        found_words=json.dumps(read_query(request.GET.get("q", "")).needles),
    )


def _read(request: PersonRequest, shown: Conversation, stretch: Stretch) -> Thread:
    return read_thread_page(
        shown, viewer=request.user, leaf=stretch.leaf_id, limit=stretch.length, goes_on=stretch.goes_on
    )


def _chat(
    request: PersonRequest, shown: Conversation | None, *, draft: Conversation | None = None, **more: Any
) -> HttpResponse:
    """Return the page of a conversation, or of a new one; a `draft` begins in a project."""
    project = draft.project if draft else None
    if shown is not None and shown.project_id is not None:
        project = access.find_project(request.user, shown.project_id)
    costs = cost_detail(request.user)
    remembered = request.COOKIES.get(CHOICE_COOKIE, "")
    picker = picker_for(request.user, shown or draft, remembered=remembered, costs=costs)
    context = {
        "conversation": shown,
        "project": project,
        "temporary": _is_temporary(request, shown),
        "temporary_hours": _temporary_hours(shown),
        "budget_warnings": _budget_warnings(request.user),
        "picker": picker,
        "welcome": welcome_for(picker, picker.chosen),
        "page": {
            **_page_data(request, shown),
            "project": str(project.id) if project and shown is None else None,
        },
        **sidebar_context(request, current=shown),
        "sidebar_projects": recent_projects(request.user),
        **more,
    }
    if shown and "thread" not in context:
        context["thread"] = read_thread_page(shown, viewer=request.user)
    return render(request, "chat/chat.html", context)


@functools.lru_cache(maxsize=64)
def _links(_language: str | None, _prefix: str, *, is_staff: bool) -> list[dict[str, str]]:
    """Return the pages that the palette leads to, in the active language and below the present prefix."""
    pages = [
        ("search", _("Search"), "search"),
        ("projects", _("Projects"), "folder"),
        ("settings", _("Settings"), "settings"),
        ("memory", _("Instructions and memory"), "settings"),
        ("prompts", _("Saved prompts"), "edit"),
        ("usage", _("Usage"), "settings"),
        ("api_keys", _("API keys"), "settings"),
        ("mcp_sign_ins", _("Connected servers"), "tool"),
        ("imports", _("Import"), "import"),
        ("account_data", _("Your data"), "export"),
        ("profile", _("Profile"), "person"),
        ("account_change_password", _("Password"), "person"),
        ("mfa_index", _("Two-factor sign-in"), "person"),
        ("sessions", _("Devices"), "settings"),
    ]
    if is_staff:
        pages.append(("admin:index", _("Administration"), "tool"))
    return [{"name": str(words), "icon": icon, "address": resolve_url(route)} for route, words, icon in pages]


def _is_temporary(request: PersonRequest, shown: Conversation | None) -> bool:
    return shown.is_temporary if shown else request.GET.get("temporary") == "1"


def _temporary_hours(shown: Conversation | None) -> int | None:
    """Return the longest life of a temporary chat, for pages that say it."""
    return Workspace.current().temporary_hours if shown is None or shown.is_temporary else None


def _words_on_arrival(request: PersonRequest) -> dict[str, str] | None:
    """Return what became of the conversation that the page before this one showed: {"said": "…", "undo": address}."""
    if "ended" in request.GET:
        return {"said": _("The temporary chat has ended and was deleted.")}
    if "deleted" not in request.GET:
        return None
    deleted = access.deleted_conversations(request.user).filter(id=access.as_id(request.GET["deleted"]))
    found = deleted.first()
    return deletion_words(found) if found else None


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
        **message_data(),
        "person": str(request.user.pk),
        "conversation": str(shown.id) if shown else None,
        "temporary": _is_temporary(request, shown),
        "archived": bool(shown and shown.archived),
        "pinned": bool(shown and shown.pinned),
        "toast": _words_on_arrival(request),
        "links": _links(get_language(), get_script_prefix(), is_staff=request.user.is_staff),
        "time_zone": request.user.time_zone,
        "enter_breaks": request.user.send_key == SendKey.CTRL_ENTER,
        "csrf": get_token(request),
        "worker": worker_address(),
        "socket": f"/ws/chat/?render=html&person={request.user.pk}",
        "tools_off": shown.tools_off if shown else [],
        "longest_text": LONGEST_TEXT,
        "longest_frame": LONGEST_BYTES,
        "login": resolve_url("account_login"),
        "largest_file_bytes": MAX_UPLOAD_BYTES,
        "largest_pdf_bytes": MAX_PDF_BYTES,
        "preview_frame": reverse("preview_frame"),
    }
