"""The list of projects, and the page of one: what it tells models, its documents and its conversations."""

import uuid
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from chat import access
from chat.models import LanguageModel, Project, ProjectDocument, User
from chat.models.projects import LONGEST_TEXT
from chat.operations.errors import OperationError
from chat.operations.projects import edit
from chat.operations.projects.edit import LONGEST_DESCRIPTION, LONGEST_NAME
from chat.operations.request.knowledge import room_tokens, share_percent
from chat.search_text.query import LONGEST_QUERY, read_query
from chat.web.page import PersonRequest, person_page

CHATS_PER_PAGE = 30
IN_SIDEBAR = 5

LIMITS = {"name": LONGEST_NAME, "description": LONGEST_DESCRIPTION, "text": LONGEST_TEXT}


@person_page("GET", "HEAD", "POST")
def index(request: PersonRequest) -> HttpResponse:
    """Return the list of projects, or create one and go to its page."""
    entered = {name: request.POST.get(name, "") for name in ("name", "description")}
    error = ""
    if request.method == "POST":
        try:
            return redirect("project", edit.create_project(owner=request.user, **entered).id)
        except OperationError as refused:
            error = refused.message
    archived = request.GET.get("archived") == "1"
    rows = list(access.projects(request.user).filter(archived=archived).by_use().select_related("owner"))
    context = {
        "projects": rows,
        "archived": archived,
        "has_archived": archived or access.projects(request.user).filter(archived=True).exists(),
        "entered": entered,
        "error": error,
        "limits": LIMITS,
    }
    return render(request, "chat/projects/index.html", context, status=422 if error else 200)


@person_page("GET", "HEAD", "POST")
def page(request: PersonRequest, project_id: uuid.UUID) -> HttpResponse:
    """Return the page of a project; with POST save its settings."""
    project = seen_project(request, project_id)
    if request.method == "POST":
        return _save(request, project)
    context = {
        **settings_context(request, project),
        **documents_context(request, project),
        **_chats_context(request, project),
        "own_share": project.members.filter(person=request.user).first(),
    }
    return render(request, "chat/projects/page.html", context)


@person_page("GET", "HEAD")
def chats(request: PersonRequest, project_id: uuid.UUID) -> HttpResponse:
    """Return the list of this person's conversations in the project; `q` filters their titles."""
    project = seen_project(request, project_id)
    context = {"project": project, **_chats_context(request, project)}
    return render(request, "chat/projects/_chats.html", context)


@person_page("POST")
def archive(request: PersonRequest, project_id: uuid.UUID) -> HttpResponse:
    on = request.POST.get("on") == "1"
    try:
        edit.update_project(user=request.user, project_id=project_id, archived=on)
    except OperationError as error:
        return refusal(error)
    return HttpResponseRedirect(reverse("projects") if on else reverse("project", args=[project_id]))


@person_page("GET", "HEAD", "POST")
def delete(request: PersonRequest, project_id: uuid.UUID) -> HttpResponse:
    """Return the question whether to delete the project, or delete it."""
    project = seen_project(request, project_id)
    if request.method != "POST":
        return render(request, "chat/projects/_delete.html", {"project": project})
    try:
        edit.delete_project(user=request.user, project_id=project.id)
    except OperationError as error:
        return refusal(error)
    return redirect("projects")


def seen_project(request: PersonRequest, project_id: uuid.UUID) -> Project:
    """Return the project with this id.

    Raises:
        Http404: it does not exist, or this person does not see it.
    """
    found = access.find_project(request.user, project_id)
    if found is None:
        raise Http404
    return found


def refusal(error: OperationError) -> HttpResponse:
    """Return a refused request's reason as text."""
    return HttpResponse(error.message, status=error.status, content_type="text/plain; charset=utf-8")


def recent_projects(user: User) -> list[Project]:
    """Return the projects that the sidebar lists, with their names alone (one query)."""
    return list(access.projects(user).filter(archived=False).by_use().only("name")[:IN_SIDEBAR])


def settings_context(request: PersonRequest, project: Project, **more: Any) -> dict[str, Any]:
    """Return what the form of a project's settings needs."""
    role = access.project_roles(request.user, [project])[project.pk]
    return {
        "project": project,
        "role": role,
        "may_edit": role != "view",
        "assistants": list(access.assistants(request.user)),
        "limits": LIMITS,
        **more,
    }


def documents_context(request: PersonRequest, project: Project) -> dict[str, Any]:
    """Return a project's documents, and how much of what a request may hold they take."""
    rows = project.documents.in_order().select_related("attachment__original").defer("attachment__text")
    documents: list[ProjectDocument] = list(rows)
    model = _model_for(request.user, project)
    room = room_tokens(model) if model else 0
    tokens = sum(one.tokens for one in documents)
    return {
        "documents": documents,
        "tokens": tokens,
        "room": room,
        "model": model,
        "share": share_percent(),
        "searched": tokens > room,
    }


def _save(request: PersonRequest, project: Project) -> HttpResponse:
    entered = {name: request.POST.get(name) for name in ("name", "description", "instructions", "memory")}
    error, saved = "", ""
    try:
        project = edit.update_project(
            user=request.user,
            project_id=project.id,
            assistant_id=request.POST.get("assistant") or None,
            **entered,
        )
        saved = _("Saved. The next message in each conversation of this project uses it.")
    except OperationError as refused:
        error = refused.message
        for name, value in entered.items():
            setattr(project, name, value or "")
    context = settings_context(request, project, error=error, saved=saved)
    return render(request, "chat/projects/_settings.html", context, status=422 if error else 200)


def _chats_context(request: PersonRequest, project: Project) -> dict[str, Any]:
    words = request.GET.get("q", "").strip()[:LONGEST_QUERY]
    rows = access.conversations(request.user).filter(project=project).newest_first()
    if words:
        rows = rows.titled(read_query(words).needles)
    return {"chats": Paginator(rows, CHATS_PER_PAGE).get_page(request.GET.get("page")), "words": words}


def _model_for(user: User, project: Project) -> LanguageModel | None:
    """Return the model that most of its conversations will use: the default assistant's, else the first one."""
    own = project.assistant.model if project.assistant else None
    return own or access.models(user).first()
