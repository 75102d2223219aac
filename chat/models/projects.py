"""Projects: instructions, a memory and documents that conversations share, for one person or for several."""

from typing import Self

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from chat.models.accounts.people import User
from chat.models.catalogue.assistants import Assistant
from chat.models.fields import uuid7
from chat.models.transcript.attachments import Attachment

LONGEST_TEXT = 100_000


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, user: User) -> Self:
        """Return this person's projects, and those shared with them or with a group of theirs."""
        return self.filter(Q(owner=user) | Exists(self._shares(user)))

    def editable_by(self, user: User) -> Self:
        return self.filter(Q(owner=user) | Exists(self._shares(user).filter(role=ProjectMember.Role.EDIT)))

    def by_use(self) -> Self:
        return self.order_by("-updated_at", "-id")

    def _shares(self, user: User) -> "models.QuerySet[ProjectMember]":
        # For EXISTS, not for a join: a person may be in several groups, and rows have to stay single to be locked.
        own = ProjectMember.objects.filter(Q(person=user) | Q(group__user=user))
        return own.filter(project=OuterRef("pk"))


class Project(models.Model):
    """What its conversations share. `document_tokens` is the sum over its documents, kept with each change of them."""

    id = models.UUIDField(_("id"), primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="projects", verbose_name=_("owner")
    )
    name = models.CharField(_("name"), max_length=80)
    description = models.CharField(_("description"), max_length=300, blank=True)
    instructions = models.TextField(_("instructions"), blank=True)
    memory = models.TextField(_("memory"), blank=True)
    assistant = models.ForeignKey(
        Assistant,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("default assistant"),
    )
    archived = models.BooleanField(_("archived"), default=False)
    document_tokens = models.PositiveBigIntegerField(_("tokens of its documents"), default=0)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        indexes = [models.Index(fields=["owner", "archived", "-updated_at"], name="project_list")]

    def __str__(self) -> str:
        return self.name


class ProjectMember(models.Model):
    """A person or a group with whom a project is shared. Its conversations stay with the people who began them."""

    class Role(models.TextChoices):
        VIEW = "view", _("can use it")
        EDIT = "edit", _("can edit it")

    project = models.ForeignKey(Project, models.CASCADE, related_name="members", verbose_name=_("project"))
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="project_shares",
        verbose_name=_("person"),
    )
    group = models.ForeignKey(
        Group,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="project_shares",
        verbose_name=_("group"),
    )
    role = models.CharField(_("role"), max_length=4, choices=Role.choices, default=Role.VIEW)

    class Meta:
        verbose_name = _("project member")
        verbose_name_plural = _("project members")
        constraints = [
            models.CheckConstraint(
                name="project_member_is_one",
                condition=Q(person__isnull=False, group__isnull=True)
                | Q(person__isnull=True, group__isnull=False),
            ),
            models.UniqueConstraint(fields=["project", "person"], name="project_person_once"),
            models.UniqueConstraint(fields=["project", "group"], name="project_group_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person or self.group}: {self.get_role_display()}"


class ProjectDocumentQuerySet(models.QuerySet["ProjectDocument"]):
    def in_order(self) -> Self:
        """Return the documents in the order in which requests hold them."""
        return self.order_by("position", "id")


class ProjectDocument(models.Model):
    """A file in a project. `tokens` is an estimate of what it takes in a request."""

    id = models.UUIDField(_("id"), primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="documents", verbose_name=_("project"))
    attachment = models.ForeignKey(
        Attachment, models.CASCADE, related_name="project_documents", verbose_name=_("attachment")
    )
    position = models.PositiveIntegerField(_("position"))
    tokens = models.PositiveIntegerField(_("tokens"))
    indexed = models.BooleanField(_("indexed for search"), default=False, db_default=False, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = ProjectDocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("project document")
        verbose_name_plural = _("project documents")
        constraints = [
            models.UniqueConstraint(fields=["project", "attachment"], name="project_document_once")
        ]
        indexes = [
            models.Index(fields=["project", "position"], name="project_document_order"),
            models.Index(fields=["id"], condition=Q(indexed=False), name="project_document_not_indexed"),
        ]

    def __str__(self) -> str:
        return str(self.attachment)
