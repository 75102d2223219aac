"""Imports of conversations from other services, and which conversation came from where."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from chat.models.accounts.people import User
from chat.models.fields import ExactJSONField, uuid7
from chat.models.transcript.conversations import Conversation


class ImportQuerySet(models.QuerySet["Import"]):
    def of(self, user: User) -> Self:
        return self.filter(owner=user)

    def unfinished(self) -> Self:
        return self.filter(status__in=Import.UNFINISHED)


class Import(models.Model):
    """One uploaded export and how far it was read. `done` counts the elements of all its files in their order."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    UNFINISHED = (Status.QUEUED, Status.RUNNING)

    id = models.UUIDField(_("id"), primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="imports", verbose_name=_("owner")
    )
    file_name = models.CharField(_("file"), max_length=255)
    size_bytes = models.PositiveBigIntegerField(_("size (bytes)"))
    # In the storage while it is needed; "" afterwards.
    path = models.CharField(max_length=200, blank=True, default="")
    status = models.CharField(_("status"), max_length=8, choices=Status.choices, default=Status.QUEUED)
    error_code = models.CharField(_("error"), max_length=40, blank=True, default="")
    done = models.PositiveIntegerField(_("done"), default=0)
    total = models.PositiveIntegerField(_("total"), default=0)
    taken = ExactJSONField(_("taken"), default=dict, blank=True)
    left_out = ExactJSONField(_("left out"), default=list, blank=True)
    # Who reads it: a later worker writes another name, and then the earlier one can't write any more.
    worker = models.CharField(max_length=32, blank=True, default="")
    attempts = models.PositiveSmallIntegerField(default=0)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = ImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [
            models.UniqueConstraint(
                name="import_one_at_a_time", fields=["owner"], condition=Q(status__in=["queued", "running"])
            )
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_finished(self) -> bool:
        return self.status not in self.UNFINISHED


class ImportedConversation(models.Model):
    """Where a conversation came from. Ids of its messages follow from its own id and theirs in the export.

    `digest` is the SHA-256 of its bytes in the newest export; `leaf_id` the active leaf that the import chose.
    """

    conversation = models.OneToOneField(
        Conversation, models.CASCADE, primary_key=True, related_name="imported"
    )
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    source = models.CharField(_("source"), max_length=20)
    external_id = models.CharField(_("id in the export"), max_length=220)
    digest = models.CharField(max_length=64)
    leaf_id = models.UUIDField(null=True, blank=True)

    class Meta:
        verbose_name = _("imported conversation")
        verbose_name_plural = _("imported conversations")
        default_permissions = ()
        indexes = [models.Index(fields=["owner", "digest"], name="imported_by_digest")]
        constraints = [
            models.UniqueConstraint(name="imported_once", fields=["owner", "source", "external_id"])
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.external_id}"
