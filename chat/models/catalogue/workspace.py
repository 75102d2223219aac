"""The workspace: the one row of settings that the whole team shares."""

import zoneinfo

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from chat.models.accounts.time_zones import validate_time_zone


class Workspace(models.Model):
    """There is exactly one; `Workspace.current()` returns it."""

    class Sharing(models.TextChoices):
        OFF = "off", _("off")
        WORKSPACE = "workspace", _("people of this workspace")
        ANYONE = "anyone", _("anyone with the link")

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(_("name"), max_length=80, default="Parley")
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        default="UTC",
        validators=[validate_time_zone],
        help_text=_("Budget days, weeks and months start at midnight in this time zone."),
    )
    auto_continue = models.BooleanField(
        _("continue interrupted answers automatically"),
        default=True,
        help_text=_(
            "When the connection breaks in the middle of an answer, Parley asks the model for the rest, at most twice. "
            "Each request is billed."
        ),
    )
    shows_costs = models.BooleanField(
        _("show costs to people"),
        default=True,
        help_text=_("The cost of an answer stands in its details. Staff always see it."),
    )
    offers_memory = models.BooleanField(
        _("offer memory to people"),
        default=True,
        db_default=True,
        help_text=_(
            "People can switch on notes about themselves that each of their new conversations is told. Off: no "
            "conversation is told any, and they stay where they are."
        ),
    )
    daily_upload_mb = models.PositiveIntegerField(
        _("uploads per person and day (MB)"),
        default=2_000,
        help_text=_("A person who reaches it can upload again after midnight. 0 means no limit."),
    )
    stored_files_mb = models.PositiveIntegerField(
        _("stored files per person (MB)"),
        default=20_000,
        help_text=_(
            "A person who reaches it has to delete conversations with files before more are stored. 0 means no limit."
        ),
    )
    temporary_hours = models.PositiveSmallIntegerField(
        _("life of temporary chats (hours)"),
        default=24,
        db_default=24,
        validators=[MinValueValidator(1), MaxValueValidator(720)],
        help_text=_(
            "A temporary chat is deleted when the person leaves it, and at the latest after this time. 1 to 720 hours."
        ),
    )

    project_share_percent = models.PositiveSmallIntegerField(
        _("share of the context window for a project’s documents (percent)"),
        default=30,
        db_default=30,
        validators=[MaxValueValidator(80)],
        help_text=_(
            "While a project’s documents take no more than this, each request holds them whole. Beyond it, the model "
            "searches them. 0 means that it always searches."
        ),
    )

    sharing = models.CharField(
        _("who may read shared conversations"),
        max_length=9,
        choices=Sharing.choices,
        default=Sharing.WORKSPACE,
        db_default=Sharing.WORKSPACE,  # for processes of the version before
        help_text=_("Links that were made for more readers than this open for fewer at once."),
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
