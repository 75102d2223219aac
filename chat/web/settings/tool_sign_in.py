"""Signing in at a tool's server: the page with the link, and the redirect back.

The person follows a link, because the content security policy allows no form to another origin. The session stores
the flow under its state, so a response to another session's flow is refused.
"""

import time
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from chat import access
from chat.models import McpServer
from chat.operations.accounts import mcp_sign_in as journeys
from chat.operations.errors import OperationError
from chat.tools.mcp_grants import AuthorizationAnswer
from chat.web.page import PersonRequest, person_page

SESSION_KEY = "mcp_sign_ins"
MINUTES = 15
AT_ONCE = 5


@person_page("GET", "HEAD", "POST")
def connect(request: PersonRequest, name: str) -> HttpResponse:
    """Return the page of a server. POST discovers the sign-in address and shows the link."""
    server = _server(request, name)
    if request.method != "POST":
        return _page(request, server)
    try:
        begun = journeys.begin_sign_in(user=request.user, server=server, redirect_uri=_callback(request))
    except OperationError as error:
        return _page(request, server, problem=error.message, status=502)
    waiting = {"server": server.name, "verifier": begun.verifier, "until": time.time() + 60 * MINUTES}
    _store(request, {**dict(list(_pending_sign_ins(request).items())[1 - AT_ONCE :]), begun.state: waiting})
    return _page(request, server, link=begun.url, host=urlsplit(begun.url).netloc)


@person_page("GET")
def callback(request: PersonRequest) -> HttpResponse:
    """Finish the sign-in, once, if this session started it."""
    waiting = _pending_sign_ins(request)
    begun = waiting.pop(request.GET.get("state", ""), None)
    _store(request, waiting)
    if begun is None:
        raise Http404
    server = _server(request, begun["server"])
    if "code" not in request.GET:
        return HttpResponseRedirect(reverse("connect_tool", args=[server.name]))
    answer = AuthorizationAnswer(request.GET["code"], begun["verifier"], request.GET.get("iss"))
    try:
        journeys.finish_sign_in(
            user=request.user, server=server, redirect_uri=_callback(request), answer=answer
        )
    except OperationError as error:
        return _page(request, server, problem=error.message, status=502)
    return HttpResponseRedirect(reverse("connect_tool", args=[server.name]))


@person_page("POST")
def disconnect(request: PersonRequest, name: str) -> HttpResponse:
    server = _server(request, name)
    journeys.sign_out(user=request.user, server=server)
    return HttpResponseRedirect(reverse("connect_tool", args=[server.name]))


@person_page("GET", "HEAD", "POST")
def sign_ins(request: PersonRequest) -> HttpResponse:
    """List the servers where the person can sign in or is signed in; POST signs out of `server`."""
    rows = journeys.sign_ins(user=request.user)
    if request.method != "POST":
        return render(request, "settings/servers.html", {"servers": rows})
    held = {server.name: server for server, signed_in in rows if signed_in}
    server = held.get(request.POST.get("server", ""))
    if server is None:
        raise Http404
    journeys.sign_out(user=request.user, server=server)
    messages.success(request, _("Signed out of %(name)s.") % {"name": server.name})
    return redirect("mcp_sign_ins")


def _server(request: PersonRequest, name: str) -> McpServer:
    server = access.find_mcp_server(request.user, name)
    if server is None:
        raise Http404
    return server


def _page(request: PersonRequest, server: McpServer, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {"server": server, "connected": journeys.signed_in(user=request.user, server=server), **more}
    return render(request, "chat/connect_tool.html", context, status=status)


def _callback(request: PersonRequest) -> str:
    return request.build_absolute_uri(reverse("tool_callback"))


def _pending_sign_ins(request: PersonRequest) -> dict[str, Any]:
    """Return the unfinished sign-ins of this session, oldest first."""
    kept = request.session.get(SESSION_KEY, {})
    return {state: begun for state, begun in kept.items() if begun["until"] > time.time()}


def _store(request: PersonRequest, waiting: dict[str, Any]) -> None:
    if waiting or SESSION_KEY in request.session:
        request.session[SESSION_KEY] = waiting
