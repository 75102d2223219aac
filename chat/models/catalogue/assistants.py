"""Assistants: a model, a prompt and settings that staff offer to groups of people."""

from typing import Self

from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from chat.models.accounts.people import User
from chat.models.catalogue.language_models import LanguageModel
from chat.models.catalogue.prompts import SystemPrompt
from chat.models.fields import ExactJSONField, uuid7


class AssistantQuerySet(models.QuerySet["Assistant"]):
    def offered_to(self, user: User) -> Self:
        """Return the assistants for everyone, and those of the user's groups.

        "Everyone" is a column of its own. If it meant "no group", deleting a group would open its assistants to all.
        """
        return self.filter(
            Q(for_everyone=True) | Q(audience_groups__in=user.groups.all()), enabled=True
        ).distinct()

    def by_preference(self) -> Self:
        return self.order_by("order", "name", "id")


class Assistant(models.Model):
    class Effort(models.TextChoices):
        LOW = "low", _("low")
        MEDIUM = "medium", _("medium")
        HIGH = "high", _("high")
        XHIGH = "xhigh", _("extra high")
        MAX = "max", _("maximum")

    class Thinking(models.TextChoices):
        SUMMARIZED = "summarized", _("summary shown")
        OMITTED = "omitted", _("hidden")
        OFF = "off", _("off, if the model allows it")

    class CachePolicy(models.TextChoices):
        AUTO = "auto", _("automatic")
        FIVE_MINUTES = "5m", _("5 minutes")
        ONE_HOUR = "1h", _("1 hour")
        NONE = "none", _("no caching")

    class AfterRefusal(models.TextChoices):
        OFFER = "offer", _("suggest the fallback model")
        FOLLOW = "follow", _("ask the fallback model automatically")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=80, unique=True)
    description = models.CharField(_("description"), max_length=300, blank=True)
    model = models.ForeignKey(
        LanguageModel,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("model"),
        help_text=_("Leave empty to let people choose the model."),
    )
    prompt = models.ForeignKey(
        SystemPrompt, models.PROTECT, null=True, blank=True, verbose_name=_("system prompt")
    )
    effort = models.CharField(_("effort"), max_length=8, choices=Effort.choices, blank=True)
    thinking = models.CharField(
        _("thinking"), max_length=10, choices=Thinking.choices, default=Thinking.SUMMARIZED
    )
    cache_policy = models.CharField(
        _("caching of the conversation"), max_length=4, choices=CachePolicy.choices, default=CachePolicy.AUTO
    )
    prewarm = models.BooleanField(
        _("pre-warm cache"),
        default=False,
        help_text=_("Refreshes the cached prompt before busy hours, when that saves money."),
    )
    after_refusal = models.CharField(
        _("after a refusal"), max_length=6, choices=AfterRefusal.choices, default=AfterRefusal.OFFER
    )
    auto_continue = models.BooleanField(
        _("continue interrupted answers automatically"),
        null=True,
        blank=True,
        choices=((True, _("yes")), (False, _("no"))),
    )
    output_schema = ExactJSONField(
        _("answer format"),
        null=True,
        blank=True,
        help_text=_("A JSON Schema. Leave empty for normal text answers."),
    )
    tell_context = models.BooleanField(
        _("tell the model the date and the person’s name and language"),
        default=True,
        help_text=_("Sent after the cached part, so caching still works."),
    )
    max_tokens = models.PositiveIntegerField(_("answer limit (tokens)"), null=True, blank=True)
    for_everyone = models.BooleanField(
        _("available to everyone"), default=True, help_text=_("Switch off to choose groups.")
    )
    audience_groups = models.ManyToManyField(
        Group,
        blank=True,
        verbose_name=_("groups"),
        help_text=_("Only members of these groups can use it."),
    )
    starters = models.JSONField(
        _("suggested first messages"),
        default=list,
        blank=True,
        help_text=_("Shown in an empty conversation."),
    )
    greeting = models.CharField(
        _("greeting"),
        max_length=200,
        blank=True,
        default="",
        help_text=_("Shown above the suggested first messages. Leave empty for the general greeting."),
    )
    picture = models.ForeignKey(
        "StoredFile",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("picture"),
        # The column holds a digest: the form has a field of its own for the upload.
        editable=False,
    )
    order = models.PositiveSmallIntegerField(_("order"), default=100)
    enabled = models.BooleanField(_("enabled"), default=True)

    objects = AssistantQuerySet.as_manager()
    history = HistoricalRecords(m2m_fields=[audience_groups])

    class Meta:
        verbose_name = _("assistant")
        verbose_name_plural = _("assistants")

    def __str__(self) -> str:
        return self.name
