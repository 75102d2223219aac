"""System prompts. A prompt has immutable revisions; blocks carry staff's cache mark: none, 5m or 1h."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from chat.models.fields import ExactJSONField, uuid7

CACHE_MARKS = ("none", "5m", "1h")


def validate_blocks(value: object) -> None:
    """Check a prompt's blocks: [{"text": "You are …", "cache": "1h"}, …].

    Raises:
        ValidationError: says which block is wrong and what it needs.
    """
    if not isinstance(value, list) or not value:
        raise ValidationError(_("A prompt needs at least one block."))
    for number, block in enumerate(value, start=1):
        if not isinstance(block, dict) or not isinstance(block.get("text"), str) or not block["text"].strip():
            raise ValidationError(_("Block %(number)d needs text."), params={"number": number})
        if block.get("cache", "none") not in CACHE_MARKS:
            raise ValidationError(
                _("Block %(number)d: the cache point must be none, 5m or 1h."), params={"number": number}
            )


class SystemPrompt(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=120, unique=True)
    description = models.TextField(_("description"), blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("system prompt")
        verbose_name_plural = _("system prompts")

    def __str__(self) -> str:
        return self.name

    def current(self) -> "PromptRevision | None":
        return self.revisions.order_by("-number").first()


class PromptRevision(models.Model):
    """One wording of a prompt. Never changed: transcripts point at frames that were made from it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    prompt = models.ForeignKey(
        SystemPrompt, models.CASCADE, related_name="revisions", verbose_name=_("system prompt")
    )
    number = models.PositiveIntegerField(_("number"))
    blocks = ExactJSONField(_("blocks"), validators=[validate_blocks])
    note = models.CharField(_("note"), max_length=200, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name=_("author")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("prompt revision")
        verbose_name_plural = _("prompt revisions")
        constraints = [models.UniqueConstraint(fields=["prompt", "number"], name="revision_number_once")]

    def __str__(self) -> str:
        return f"{self.prompt} #{self.number}"
