"""A person's export of everything that is theirs: a file that a job writes and that can be fetched for a day."""

import datetime as dt
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat.models.fields import uuid7

KEPT_FOR = dt.timedelta(days=1)
# A job that has written nothing for so long is dead: its person may start again.
DEAD_AFTER = dt.timedelta(minutes=15)


class AccountExportQuerySet(models.QuerySet["AccountExport"]):
    def living(self) -> Self:
        """Return those that are being written, or can still be fetched."""
        now = timezone.now()
        written = Q(status="done", expires_at__gt=now)
        return self.filter(written | Q(status__in=("queued", "running"), updated_at__gt=now - DEAD_AFTER))

    def claim(self, export_id: object) -> bool:
        """Let this process write a queued export; return whether it may."""
        own = self.filter(id=export_id, status="queued")
        return bool(own.update(status="running", updated_at=timezone.now()))


class AccountExport(models.Model):
    class Status(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="exports", verbose_name=_("person")
    )
    status = models.CharField(_("status"), max_length=8, choices=Status.choices, default=Status.QUEUED)
    done = models.PositiveIntegerField(_("conversations written"), default=0)
    total = models.PositiveIntegerField(_("conversations"), default=0)
    size_bytes = models.PositiveBigIntegerField(_("size (bytes)"), default=0)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)

    objects = AccountExportQuerySet.as_manager()

    class Meta:
        verbose_name = _("account export")
        verbose_name_plural = _("account exports")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.id)

    @property
    def path(self) -> str:
        """Where the file is in the storage."""
        return f"exports/{self.id}.zip"

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 0
