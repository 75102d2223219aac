"""Projects as the API shows them: their schemas, and how rows become them."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from ninja import Field, Schema

from chat.api.schemas.shapes import identifier
from chat.models import Project, ProjectDocument, ProjectMember


class ProjectOut(Schema):
    id: str
    name: str
    description: str
    owner: str = Field(description="The owner's name.")
    role: str = Field(description="What you are there: owner, edit or view.")
    assistant: str | None
    archived: bool
    document_tokens: int = Field(description="Estimated, of all documents.")
    created_at: dt.datetime
    updated_at: dt.datetime


class ProjectList(Schema):
    data: list[ProjectOut]


class ProjectDocumentOut(Schema):
    id: str
    name: str
    kind: str = Field(description="pdf, text or office.")
    size_bytes: int
    pages: int | None
    tokens: int = Field(description="Estimated.")
    attachment: str = Field(description="Its file is at /attachments/{id}/file.")
    created_at: dt.datetime


class ProjectMemberOut(Schema):
    id: str
    email: str | None
    group: str | None = Field(description="The group's name.")
    role: str = Field(description="view or edit.")


class ProjectDetails(ProjectOut):
    instructions: str
    memory: str
    documents: list[ProjectDocumentOut] = Field(description="In the order in which requests hold them.")
    members: list[ProjectMemberOut] = Field(description="Only for its owner; else empty.")


def project(row: Project, role: str) -> ProjectOut:
    return ProjectOut(**_project(row, role))


def project_details(
    row: Project, role: str, documents: Iterable[ProjectDocument], members: Iterable[ProjectMember]
) -> ProjectDetails:
    return ProjectDetails(
        **_project(row, role),
        instructions=row.instructions,
        memory=row.memory,
        documents=[project_document(one) for one in documents],
        members=[project_member(one) for one in members],
    )


def project_document(row: ProjectDocument) -> ProjectDocumentOut:
    return ProjectDocumentOut(
        id=str(row.id),
        name=row.attachment.name,
        kind=row.attachment.kind,
        size_bytes=row.attachment.original.size_bytes,
        pages=row.attachment.pages,
        tokens=row.tokens,
        attachment=str(row.attachment_id),
        created_at=row.created_at,
    )


def project_member(row: ProjectMember) -> ProjectMemberOut:
    return ProjectMemberOut(
        id=str(row.pk),
        email=row.person.email if row.person else None,
        group=row.group.name if row.group else None,
        role=row.role,
    )


def _project(row: Project, role: str) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "name": row.name,
        "description": row.description,
        "owner": row.owner.get_full_name() or row.owner.email,
        "role": role,
        "assistant": identifier(row.assistant_id),
        "archived": row.archived,
        "document_tokens": row.document_tokens,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
