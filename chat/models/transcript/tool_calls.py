"""Calls of tools: each tool_use block of an answer on its way to its result."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from chat.models.catalogue.tools import ToolDefinition
from chat.models.fields import ExactJSONField, uuid7
from chat.models.transcript.conversations import Message
from chat.models.transcript.turns import Turn


class ToolCallQuerySet(models.QuerySet["ToolCall"]):
    def unanswered(self) -> Self:
        return self.exclude(status__in=ToolCall.FINAL)

    def waiting(self) -> Self:
        return self.filter(status=ToolCall.Status.WAITING)


class ToolCall(models.Model):
    """One tool_use block of an answer on its way to its tool_result. Decided once, answered once."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting for approval")
        READY = "ready", _("allowed")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        DENIED = "denied", _("denied")
        EXPIRED = "expired", _("expired")
        STOPPED = "stopped", _("not run")

    class Decision(models.TextChoices):
        APPROVE = "approve", _("Allowed")
        EDIT = "edit", _("Allowed with edited input")
        DENY = "deny", _("Denied")

    FINAL = ("done", "failed", "denied", "expired", "stopped")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    turn = models.ForeignKey(Turn, models.CASCADE, related_name="tool_calls", verbose_name=_("turn"))
    message = models.ForeignKey(Message, models.CASCADE, related_name="tool_calls", verbose_name=_("message"))
    tool_use_id = models.CharField(_("tool use id"), max_length=120)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    tool = models.ForeignKey(
        ToolDefinition, models.SET_NULL, null=True, related_name="calls", verbose_name=_("tool")
    )
    name = models.CharField(_("name"), max_length=128)
    input = ExactJSONField(_("input"), default=dict)
    edited_input = ExactJSONField(_("edited input"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=8, choices=Status.choices)
    decision = models.CharField(_("decision"), max_length=8, choices=Decision.choices, blank=True, default="")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True, default="")
    # The content of the tool_result: a list of blocks.
    result = ExactJSONField(_("result"), null=True, blank=True)
    is_error = models.BooleanField(_("failed"), default=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = ToolCallQuerySet.as_manager()

    class Meta:
        verbose_name = _("tool call")
        verbose_name_plural = _("tool calls")
        indexes = [
            models.Index(fields=["turn", "position"], name="tool_call_of_turn"),
            models.Index(fields=["expires_at"], name="tool_call_expiry", condition=Q(status="waiting")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["message", "tool_use_id"], name="tool_call_once"),
            models.CheckConstraint(
                name="tool_call_final_has_result",
                condition=Q(status__in=("waiting", "ready", "running"), finished_at__isnull=True)
                | Q(
                    status__in=("done", "failed", "denied", "expired", "stopped"),
                    finished_at__isnull=False,
                    result__isnull=False,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.get_status_display()}"

    @property
    def effective_input(self) -> dict[str, object]:
        """The input of the tool: the edited one if a person changed it."""
        given: dict[str, object] = self.input if self.edited_input is None else self.edited_input
        return given
