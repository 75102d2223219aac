"""Projects: their content, their documents, and the people and groups with whom they are shared."""

from typing import Any

from django.db.models import F
from django.http import HttpRequest
from ninja import File, Router
from ninja.files import UploadedFile
from ninja.responses import Status

from chat import access
from chat.api.identity import identity_of
from chat.api.schemas import inputs, project_outputs
from chat.models import Project, User
from chat.operations.errors import not_found
from chat.operations.files import uploads
from chat.operations.projects import documents, edit, sharing

router = Router(tags=["projects"])
_COLUMNS = {"assistant": "assistant_id"}


@router.get("/projects", response=project_outputs.ProjectList)
def list_projects(request: HttpRequest, archived: bool = False) -> project_outputs.ProjectList:
    """List your projects and those that are shared with you, the last changed first."""
    user = identity_of(request).user
    rows = access.projects(user).filter(archived=archived).by_use().select_related("owner")
    roles = access.project_roles(user, rows)
    return project_outputs.ProjectList(data=[project_outputs.project(row, roles[row.pk]) for row in rows])


@router.post("/projects", response={201: project_outputs.ProjectDetails})
def create_project(request: HttpRequest, data: inputs.ProjectInput) -> Status[Any]:
    """Create a project."""
    user = identity_of(request).user
    made = edit.create_project(
        owner=user,
        name=data.name,
        description=data.description,
        instructions=data.instructions,
        memory=data.memory,
        assistant_id=data.assistant,
    )
    return Status(201, _details(user, made.id))


@router.get("/projects/{project_id}", response=project_outputs.ProjectDetails)
def read_project(request: HttpRequest, project_id: str) -> project_outputs.ProjectDetails:
    """Read a project with its documents. Only its owner sees with whom it is shared."""
    return _details(identity_of(request).user, project_id)


@router.patch("/projects/{project_id}", response=project_outputs.ProjectDetails)
def change_project(
    request: HttpRequest, project_id: str, data: inputs.ProjectChange
) -> project_outputs.ProjectDetails:
    """Change the fields that are sent. The next turn of each of its conversations follows them."""
    user = identity_of(request).user
    changes = {_COLUMNS.get(name, name): getattr(data, name) for name in data.model_fields_set}
    edit.update_project(user=user, project_id=project_id, **changes)
    return _details(user, project_id)


@router.delete("/projects/{project_id}", response={204: None})
def delete_project(request: HttpRequest, project_id: str) -> Status[None]:
    """Delete your project with its documents. Its conversations stay with their owners, outside of it."""
    edit.delete_project(user=identity_of(request).user, project_id=project_id)
    return Status(204, None)


@router.post("/projects/{project_id}/documents", response={201: project_outputs.ProjectDocumentOut})
def add_text(request: HttpRequest, project_id: str, data: inputs.ProjectText) -> Status[Any]:
    """Add a text as a document."""
    user = identity_of(request).user
    made = documents.add_text(user=user, project_id=project_id, name=data.name, text=data.text)
    return Status(201, project_outputs.project_document(made))


@router.post("/projects/{project_id}/files", response={201: project_outputs.ProjectDocumentOut})
def add_file(request: HttpRequest, project_id: str, file: File[UploadedFile]) -> Status[Any]:
    """Add a file as a document: multipart/form-data, in the field `file`. The same file gives the same document."""
    user = identity_of(request).user
    documents.check_may_add(user, project_id)
    with uploads.place_for(user):  # until then the file is on disk
        made = documents.add_file(user=user, project_id=project_id, name=file.name, data=file.read())
    return Status(201, project_outputs.project_document(made))


@router.delete("/projects/{project_id}/documents/{document_id}", response={204: None})
def remove_document(request: HttpRequest, project_id: str, document_id: str) -> Status[None]:
    """Remove a document. No later turn gets it; the file goes if no message has it."""
    user = identity_of(request).user
    documents.remove_document(user=user, project_id=project_id, document_id=document_id)
    return Status(204, None)


@router.post("/projects/{project_id}/members", response={201: project_outputs.ProjectMemberOut})
def share_project(request: HttpRequest, project_id: str, data: inputs.ProjectShare) -> Status[Any]:
    """Share your project with a person (`email`) or a group of yours (`group`), or change what they may do."""
    user = identity_of(request).user
    if data.group is not None:
        made = sharing.share_with_group(user=user, project_id=project_id, group_id=data.group, role=data.role)
    else:
        made = sharing.share_with_person(user=user, project_id=project_id, email=data.email, role=data.role)
    return Status(201, project_outputs.project_member(made))


@router.delete("/projects/{project_id}/members/{member_id}", response={204: None})
def stop_sharing(request: HttpRequest, project_id: str, member_id: str) -> Status[None]:
    """End a share of your project, or leave one that is shared with you by name."""
    sharing.stop_sharing(user=identity_of(request).user, project_id=project_id, member_id=member_id)
    return Status(204, None)


def _details(user: User, project_id: object) -> project_outputs.ProjectDetails:
    project = access.find_project(user, project_id)
    if project is None:
        raise not_found()
    role = access.project_roles(user, [project])[project.pk]
    return project_outputs.project_details(project, role, _documents(project), _members(user, project))


def _documents(project: Project) -> list[Any]:
    rows = project.documents.in_order().select_related("attachment__original")
    return list(rows.defer("attachment__text"))


def _members(user: User, project: Project) -> list[Any]:
    if project.owner_id != user.pk:
        return []
    rows = project.members.select_related("person", "group")
    return list(rows.order_by(F("group__name").asc(nulls_last=True), "person__email", "id"))
