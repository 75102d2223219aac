"""What staff change in projects of other people: another owner, and archiving."""

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from chat import access
from chat.models import Attachment, Project, ProjectDocument, ProjectMember, User
from chat.operations.errors import OperationError, invalid, not_found
from chat.operations.files.quota import check_quota, recount
from chat.operations.files.uploads import delete_unlinked, own_copies


def hand_over_project(*, by: User, project_id: object, email: object) -> tuple[Project, User]:
    """Make another person the owner of a project and its documents; return the project and the earlier owner.

    An earlier owner with an active account stays as an editor. Conversations stay with the people who began them.
    Only superusers hand a project to a person who does not see it yet: others could have it read by whom they choose.

    Raises:
        OperationError: not_found, no_person, forbidden, invalid (it is theirs), upload_limit and storage_full (the
            new owner's).
    """
    with transaction.atomic():
        project = _locked(project_id)
        person = User.objects.filter(email__iexact=str(email).strip(), is_active=True).first()
        if person is None:
            raise OperationError("no_person", _("No active person here has this e-mail address."), status=422)
        if person.pk == project.owner_id:
            raise invalid(_("The project belongs to this person already."))
        if not by.is_superuser and access.find_project(person, project.pk) is None:
            raise OperationError(
                "forbidden",
                _("Only a superuser can hand a project to a person with whom it is not shared."),
                status=403,
            )
        earlier = project.owner
        _hand_over_files(project, earlier, person)
        project.owner = person
        project.save()
        project.members.filter(person=person).delete()
        if earlier.is_active:
            ProjectMember.objects.create(project=project, person=earlier, role=ProjectMember.Role.EDIT)
    return project, earlier


def archive_project(*, project_id: object, archived: bool) -> Project:
    """Archive a project for all who see it, or take it back.

    Raises:
        OperationError: not_found.
    """
    with transaction.atomic():
        project = _locked(project_id)
        project.archived = archived
        project.save()
    return project


def _locked(project_id: object) -> Project:
    rows = Project.objects.select_for_update(of=("self",)).select_related("owner")
    project = rows.filter(id=access.as_id(project_id)).first()
    if project is None:
        raise not_found()
    return project


def _hand_over_files(project: Project, earlier: User, person: User) -> None:
    """Make the new owner the owner of the documents' files.

    A file that only this project has changes hands and keeps its id, so that frames, their cached prefixes and the
    citations of earlier answers stay valid. Of a file that the earlier owner uses elsewhere too, the new owner gets a
    copy.
    """
    files = Attachment.objects.filter(project_documents__project=project)
    # A message that names one at this moment has locked it.
    list(files.order_by("id").select_for_update(of=("self",), no_key=True).values_list("id", flat=True))
    sizes = dict(files.values_list("original", "original__size_bytes"))
    own = Attachment.objects.of(person).filter(original__in=sizes)
    known = set(own.values_list("original", flat=True))
    check_quota(person, sum(size for digest, size in sizes.items() if digest not in known))
    copied = {str(file.pk): file for file in _used_elsewhere(project, person).select_related("original")}
    copies = own_copies(person, copied)
    documents = list(project.documents.filter(attachment__in=copied.values()))
    for document in documents:
        document.attachment = copies[str(document.attachment_id)]
    ProjectDocument.objects.bulk_update(documents, ["attachment"])
    files.filter(owner=earlier).update(owner=person)
    delete_unlinked(earlier, copied)
    recount([earlier.pk, person.pk])


def _used_elsewhere(project: Project, person: User) -> QuerySet[Attachment]:
    """Return the files of a project that messages or other projects have too, or that a person has already."""
    messages = Attachment.messages.through.objects.filter(attachment=OuterRef("pk"))
    others = ProjectDocument.objects.filter(attachment=OuterRef("pk")).exclude(project=project)
    same = Attachment.objects.of(person).filter(original=OuterRef("original"), name=OuterRef("name"))
    used = Exists(messages) | Exists(others) | Exists(same)
    return Attachment.objects.filter(used, project_documents__project=project)
