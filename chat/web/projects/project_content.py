"""The parts of a project's page that change by themselves: its documents, and with whom it is shared.

Files are uploaded to the JSON API, which reports progress; the page then asks for the list.
"""

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render

from chat.models import Project
from chat.operations.errors import OperationError
from chat.operations.projects import documents as journeys
from chat.operations.projects import sharing
from chat.web.page import PersonRequest, person_page
from chat.web.projects.project_pages import documents_context, refusal, seen_project, settings_context


@person_page("GET", "HEAD")
def documents(request: PersonRequest, project_id: uuid.UUID) -> HttpResponse:
    """Return the list of documents."""
    return _documents(request, seen_project(request, project_id))


@person_page("GET", "HEAD", "POST")
def text(request: PersonRequest, project_id: uuid.UUID) -> HttpResponse:
    """Return the dialog for a typed text, or add the text and return the list of documents."""
    project = seen_project(request, project_id)
    if request.method != "POST":
        return render(request, "chat/projects/_text.html", {"project": project})
    entered = {name: request.POST.get(name, "") for name in ("name", "text")}
    try:
        journeys.add_text(user=request.user, project_id=project.id, **entered)
    except OperationError as error:
        context = {"project": project, "entered": entered, "error": error.message}
        return render(request, "chat/projects/_text.html", context, status=422)
    response = _documents(request, project)
    response["HX-Retarget"], response["HX-Reswap"] = "#project-documents", "outerHTML"
    return response


@person_page("POST")
def remove(request: PersonRequest, project_id: uuid.UUID, document_id: uuid.UUID) -> HttpResponse:
    """Remove a document and return the list."""
    project = seen_project(request, project_id)
    try:
        journeys.remove_document(user=request.user, project_id=project.id, document_id=document_id)
    except OperationError as error:
        return refusal(error)
    return _documents(request, project)


@person_page("GET", "HEAD", "POST")
def share(request: PersonRequest, project_id: uuid.UUID) -> HttpResponse:
    """Return the dialog of a project's shares; with POST add one, or change what a person or group may do."""
    project = seen_project(request, project_id)
    error = ""
    if request.method == "POST":
        given: dict[str, Any] = {"user": request.user, "project_id": project.id}
        given["role"] = request.POST.get("role", "view")
        try:
            if request.POST.get("group"):
                sharing.share_with_group(group_id=request.POST["group"], **given)
            else:
                sharing.share_with_person(email=request.POST.get("email", ""), **given)
        except OperationError as refused:
            error = refused.message
    return _shares(request, project, error)


@person_page("POST")
def stop_sharing(request: PersonRequest, project_id: uuid.UUID, member_id: int) -> HttpResponse:
    """End a share and return the dialog; a person who left it goes to the list of projects."""
    project = seen_project(request, project_id)
    try:
        sharing.stop_sharing(user=request.user, project_id=project.id, member_id=member_id)
    except OperationError as error:
        return refusal(error)
    if project.owner_id != request.user.pk:
        return redirect("projects")
    return _shares(request, project)


def _documents(request: PersonRequest, project: Project) -> HttpResponse:
    context = {**settings_context(request, project), **documents_context(request, project)}
    return render(request, "chat/projects/_documents.html", context)


def _shares(request: PersonRequest, project: Project, error: str = "") -> HttpResponse:
    own = project.owner_id == request.user.pk
    rows = project.members.select_related("person", "group").order_by("id")
    context = {
        "project": project,
        "members": list(rows) if own else [],
        "groups": sharing.own_groups(request.user) if own else [],
        "may_share": own,
        "error": error,
        "email": request.POST.get("email", "") if error else "",
    }
    return render(request, "chat/projects/_sharing.html", context, status=422 if error else 200)
