"""The documents of a project: files and typed texts.

They belong to the project's owner and count as the owner's stored files, so they outlive the account of an editor who
added one.
"""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Max, Sum
from django.utils.translation import gettext as _

from chat import access
from chat.claude.billing.pricing import estimate_tokens
from chat.claude.encoding.text import clean_text
from chat.models import Attachment, Project, ProjectDocument, User
from chat.operations.errors import OperationError, invalid, not_found
from chat.operations.files.uploads import delete_unlinked, file_name, own_copies, store_upload
from chat.operations.projects.edit import editable_project, forbidden, touch
from chat.operations.projects.index import index_document

MOST_DOCUMENTS = 200
TOKENS_PER_PAGE = 3_000
INDEXED_AT_ONCE = 200_000  # characters: a fraction of a second


def add_file(*, user: User, project_id: object, name: object, data: bytes) -> ProjectDocument:
    """Store a file and add it behind the project's documents. The same file again is the same document.

    Raises:
        OperationError: not_found, forbidden, too_many_documents, no_document (an image), and the errors of an upload.
    """
    project = check_may_add(user, project_id)
    attachment = store_upload(owner=project.owner, name=name, data=data)
    try:
        return _link(user, project, attachment)
    except OperationError:
        with transaction.atomic():
            delete_unlinked(project.owner, [attachment.pk])
        raise


def add_text(*, user: User, project_id: object, name: object, text: object) -> ProjectDocument:
    """Add a typed text as a document with a name.

    Raises:
        OperationError: as for a file; invalid.
    """
    if not isinstance(text, str) or not text.strip():
        raise invalid(_("Enter the text of the document."))
    title = file_name(name).strip() if isinstance(name, str) and name.strip() else _("Text")
    if "." not in title:
        title = f"{title}.txt"
    data = clean_text(text).replace("\r\n", "\n").encode()
    return add_file(user=user, project_id=project_id, name=title, data=data)


def add_stored_files(project: Project, attachments: Iterable[Attachment]) -> None:
    """Add files of the owner's to a new project in the caller's transaction. A job makes them searchable."""
    ProjectDocument.objects.bulk_create(
        ProjectDocument(project=project, attachment=one, position=place, tokens=_tokens(one))
        for place, one in enumerate(attachments, start=1)
    )
    _recount(project)


def remove_document(*, user: User, project_id: object, document_id: object) -> None:
    """Remove a document: no later turn gets it. A running turn keeps what it began with.

    Raises:
        OperationError: not_found, forbidden.
    """
    with transaction.atomic():
        project = editable_project(user, project_id)
        document = project.documents.filter(id=access.as_id(document_id)).first()
        if document is None:
            raise not_found()
        document.delete()
        _recount(project)
        delete_unlinked(project.owner, [document.attachment_id])


def check_may_add(user: User, project_id: object) -> Project:
    """Return the project if this person may add a document to it, before a file is read.

    Raises:
        OperationError: not_found, forbidden, too_many_documents.
    """
    project = access.find_project(user, project_id)
    if project is None:
        raise not_found()
    if not access.may_edit_project(user, project):
        raise forbidden()
    _check_number(project)
    return project


def _link(user: User, project: Project, attachment: Attachment) -> ProjectDocument:
    if attachment.kind == Attachment.Kind.IMAGE:
        raise OperationError(
            "no_document",
            _("Images can’t be documents of a project. Attach them to a message instead."),
            status=422,
        )
    with transaction.atomic():
        project = editable_project(user, project.pk)
        if attachment.owner_id != project.owner_id:  # handed over while the file was read
            attachment = own_copies(project.owner, {"": attachment})[""]
        known = project.documents.filter(attachment=attachment).first()
        if known is not None:
            return known
        _check_number(project)
        last = project.documents.aggregate(last=Max("position"))["last"] or 0
        document = ProjectDocument.objects.create(
            project=project, attachment=attachment, position=last + 1, tokens=_tokens(attachment)
        )
        _recount(project)
    if 0 < len(attachment.text) <= INDEXED_AT_ONCE:  # the job does the rest
        index_document(document.id)
    return document


def _check_number(project: Project) -> None:
    if project.documents.count() >= MOST_DOCUMENTS:
        raise OperationError(
            "too_many_documents",
            _("A project can have at most %(most)s documents. Remove one first.") % {"most": MOST_DOCUMENTS},
            status=409,
        )


def _tokens(attachment: Attachment) -> int:
    """Return an estimate of what a document takes in a request, at least 1."""
    if attachment.text:
        return estimate_tokens(attachment.text)
    return max(1, attachment.pages or 1) * TOKENS_PER_PAGE


def _recount(project: Project) -> None:
    total = project.documents.aggregate(total=Sum("tokens"))["total"] or 0
    Project.objects.filter(pk=project.pk).update(document_tokens=total)
    touch(project)
