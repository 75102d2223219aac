"""Create, change and delete projects. Conversations of a deleted project stay with their owners, outside of it."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from chat import access
from chat.claude.encoding.text import clean_text
from chat.models import Project, User
from chat.models.projects import LONGEST_TEXT
from chat.operations import rates
from chat.operations.errors import OperationError, invalid, not_found
from chat.operations.files.uploads import delete_unlinked

LONGEST_NAME, LONGEST_DESCRIPTION = 80, 300
FIELDS = ("name", "description", "instructions", "memory", "archived", "assistant_id")


def create_project(*, owner: User, name: object, **fields: Any) -> Project:
    """Create a project of this person's own.

    Raises:
        OperationError: not_found (the assistant), invalid, too_many_requests.
    """
    rates.count(rates.CONVERSATIONS, owner.pk)
    project = Project(owner=owner)
    _apply(project, owner, {"name": name, **fields})
    project.save()
    return project


def update_project(*, user: User, project_id: object, **changes: Any) -> Project:
    """Change the given fields: name, description, instructions, memory, archived, assistant_id (None: no default).

    Only the owner archives. What changes reaches the next turn of each of its conversations.

    Raises:
        OperationError: not_found (also the assistant), forbidden, invalid.
    """
    with transaction.atomic():
        project = editable_project(user, project_id)
        if changes.get("archived") is not None and project.owner_id != user.pk:
            raise forbidden()
        _apply(project, user, changes)
        project.save()
    return project


def delete_project(*, user: User, project_id: object) -> None:
    """Delete a project with its documents. Its conversations go on without it; each stays with its owner.

    Raises:
        OperationError: not_found, forbidden.
    """
    with transaction.atomic():
        project = owned_project(user, project_id)
        files = list(project.documents.values_list("attachment_id", flat=True))
        project.delete()
        delete_unlinked(user, files)


def editable_project(user: User, project_id: object) -> Project:
    """Return a project that this person may change, locked in the caller's transaction.

    Raises:
        OperationError: not_found, forbidden (they may only use it).
    """
    project = _locked(user, project_id)
    if not access.may_edit_project(user, project):
        raise forbidden()
    return project


def owned_project(user: User, project_id: object) -> Project:
    """Return a project of this person's own, locked in the caller's transaction.

    Raises:
        OperationError: not_found, forbidden (it is shared with them).
    """
    project = _locked(user, project_id)
    if project.owner_id != user.pk:
        raise forbidden()
    return project


def forbidden() -> OperationError:
    """Return the error for a change of a shared project that this person may only use, or not share."""
    return OperationError(
        "forbidden", _("This project is shared with you. Ask its owner for this change."), status=403
    )


def touch(project: Project) -> None:
    """Note a change of what belongs to a project, in the caller's transaction."""
    Project.objects.filter(pk=project.pk).update(updated_at=timezone.now())


def _locked(user: User, project_id: object) -> Project:
    found = access.projects(user).select_for_update(of=("self",)).filter(id=access.as_id(project_id)).first()
    if found is None:
        raise not_found()
    return found


def _apply(project: Project, user: User, changes: dict[str, Any]) -> None:
    for field, most in (("name", LONGEST_NAME), ("description", LONGEST_DESCRIPTION)):
        if changes.get(field) is not None:
            setattr(project, field, " ".join(_text(changes[field], most).split()))
    if not project.name:
        raise invalid(_("Give the project a name."))
    for field in ("instructions", "memory"):
        if changes.get(field) is not None:
            setattr(project, field, _text(changes[field], LONGEST_TEXT).replace("\r\n", "\n").strip())
    if changes.get("archived") is not None:
        project.archived = bool(changes["archived"])
    if "assistant_id" in changes:
        _choose_assistant(project, user, changes["assistant_id"])


def _text(value: object, most: int) -> str:
    text = clean_text(str(value))
    if len(text) > most:
        raise invalid(_("This text is longer than %(most)s characters. Shorten it.") % {"most": f"{most:,}"})
    return text


def _choose_assistant(project: Project, user: User, assistant_id: object) -> None:
    if assistant_id in (None, ""):
        project.assistant = None
    elif access.as_id(assistant_id) != project.assistant_id:
        project.assistant = access.assistants(user).filter(id=access.as_id(assistant_id)).first()
        if project.assistant is None:
            raise not_found()
