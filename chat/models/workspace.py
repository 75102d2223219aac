"""The workspace: the one row of settings that the whole team shares."""

import zoneinfo

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords


def validate_time_zone(value: str) -> None:
    """Check the name of a time zone, such as Asia/Seoul.

    Raises:
        ValidationError: no such zone.
    """
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("This time zone doesn’t exist. Enter a name such as Asia/Seoul or UTC."))


class Workspace(models.Model):
    """There is exactly one; `Workspace.current()` returns it."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(_("name"), max_length=80, default="Parley")
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        default="UTC",
        validators=[validate_time_zone],
        help_text=_("Budget days, weeks and months start at midnight in this time zone."),
    )

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("workspace")
        verbose_name_plural = _("workspace")
        constraints = [models.CheckConstraint(name="workspace_is_one", condition=Q(id=1))]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def current(cls) -> "Workspace":
        """Return the workspace, or one with the defaults while no row was saved."""
        return cls.objects.filter(id=1).first() or cls()

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)
