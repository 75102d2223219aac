"""Share a project with people and groups, to use it or to edit it. Only its owner decides about that."""

from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from chat import access
from chat.models import Project, ProjectMember, User
from chat.operations.errors import OperationError, invalid, not_found
from chat.operations.projects.edit import owned_project


def share_with_person(*, user: User, project_id: object, email: object, role: object) -> ProjectMember:
    """Share a project with a person by their e-mail address, or change what they may do.

    Raises:
        OperationError: not_found, forbidden, invalid (no person has this address, or it is the owner's).
    """
    with transaction.atomic():
        project = owned_project(user, project_id)
        named = User.objects.filter(email__iexact=str(email).strip(), is_active=True).first()
        if named is None:
            raise OperationError(
                "no_person",
                _(
                    "No person here has this e-mail address. Check it, or ask an administrator to invite them."
                ),
                status=422,
            )
        if named.pk == project.owner_id:
            raise invalid(_("This project is yours already."))
        return _member(project, role, person=named)


def share_with_group(*, user: User, project_id: object, group_id: object, role: object) -> ProjectMember:
    """Share a project with a group that its owner belongs to, or change what its members may do.

    Raises:
        OperationError: not_found (also a group of others), forbidden, invalid.
    """
    with transaction.atomic():
        project = owned_project(user, project_id)
        number = str(group_id)
        group = Group.objects.filter(pk=int(number), user=user).first() if _is_number(number) else None
        if group is None:
            raise not_found()
        return _member(project, role, group=group)


def stop_sharing(*, user: User, project_id: object, member_id: object) -> None:
    """End a share. Its owner ends any; a person it is shared with by name may leave it.

    Their conversations in it stay theirs, and go on without what the project adds.

    Raises:
        OperationError: not_found.
    """
    number = str(member_id)
    shares = ProjectMember.objects.filter(Q(project__owner=user) | Q(person=user))
    shares = shares.filter(project=access.as_id(project_id), project__in=access.projects(user))
    if not _is_number(number) or not shares.filter(pk=int(number)).delete()[0]:
        raise not_found()


def own_groups(user: User) -> list[Group]:
    """Return the groups that this person can share a project with."""
    return list(user.groups.order_by("name", "id"))


def _member(project: Project, role: object, **with_whom: Any) -> ProjectMember:
    if role not in ProjectMember.Role.values:
        raise invalid(_("A project can be shared to “view” or to “edit”."))
    member, _made = ProjectMember.objects.update_or_create(
        project=project, **with_whom, defaults={"role": role}
    )
    return member


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
