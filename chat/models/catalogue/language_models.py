"""The models that connections offer, with their limits and capabilities, and prices. All of it is data in rows."""

from decimal import Decimal
from typing import ClassVar, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from chat.claude.billing.pricing import PriceRow
from chat.models.catalogue.capabilities import Capabilities
from chat.models.catalogue.connections import ProviderConnection
from chat.models.fields import uuid7


class LanguageModelQuerySet(models.QuerySet["LanguageModel"]):
    def usable(self) -> Self:
        return self.filter(enabled=True, connection__enabled=True).exclude(lifecycle="retired")

    def by_preference(self) -> Self:
        return self.order_by("connection__order", "order", "model_id", "id")


class LanguageModel(models.Model):
    """A model as one connection offers it, with the limits and capabilities that requests follow."""

    class Lifecycle(models.TextChoices):
        ACTIVE = "active", _("active")
        DEPRECATED = "deprecated", _("deprecated")
        RETIRED = "retired", _("retired")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.ForeignKey(
        ProviderConnection, models.CASCADE, related_name="language_models", verbose_name=_("connection")
    )
    model_id = models.CharField(_("model id"), max_length=120)
    display_name = models.CharField(_("name"), max_length=120)
    canonical_id = models.CharField(
        _("API model id"),
        max_length=120,
        blank=True,
        default="",
        db_index=True,
        help_text=_(
            "The model’s id in the Claude API, if this platform uses a different one. Used for failover."
        ),
    )
    line = models.CharField(_("family"), max_length=20, blank=True)
    lifecycle = models.CharField(
        _("lifecycle"), max_length=12, choices=Lifecycle.choices, default=Lifecycle.ACTIVE
    )
    retires_at = models.DateTimeField(_("retires on"), null=True, blank=True)
    max_input_tokens = models.PositiveIntegerField(_("context (tokens)"), default=200_000)
    max_output_tokens = models.PositiveIntegerField(_("longest answer (tokens)"), default=8192)
    default_max_tokens = models.PositiveIntegerField(_("default answer limit (tokens)"), default=8192)
    min_cacheable_tokens = models.PositiveIntegerField(_("smallest cacheable prefix (tokens)"), default=1024)
    capabilities = models.JSONField(_("capabilities"), default=dict, blank=True)
    fallback = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("after a refusal"),
        help_text=_("The model that is suggested or asked when this one declines."),
    )
    order = models.PositiveSmallIntegerField(_("order"), default=100)
    enabled = models.BooleanField(_("enabled"), default=True)

    objects = LanguageModelQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("model")
        verbose_name_plural = _("models")
        constraints = [
            models.UniqueConstraint(fields=["connection", "model_id"], name="model_once_per_connection"),
            models.CheckConstraint(
                name="model_default_within_limit",
                condition=Q(default_max_tokens__lte=models.F("max_output_tokens"), default_max_tokens__gte=1),
                violation_error_message=_(
                    "The default answer limit must be between 1 and the longest answer."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    @cached_property
    def supports(self) -> Capabilities:
        """What requests to this model may use; read once, so a changed row needs a fresh instance."""
        takes_mcp_tokens = self.connection.takes_mcp_tokens
        return Capabilities.read(self.capabilities, self.connection.kind, takes_mcp_tokens=takes_mcp_tokens)

    @property
    def canonical(self) -> str:
        """The API's id of the same model; the platform's may differ."""
        return self.canonical_id or self.model_id

    def price_rows(self) -> list[PriceRow]:
        """Return the price rows in force now, one per speed and prompt-size tier."""
        return [row.as_price_row() for row in self.prices.in_force()]


class ModelPriceQuerySet(models.QuerySet["ModelPrice"]):
    def in_force(self) -> list["ModelPrice"]:
        """Return the newest row that has begun, per (speed, tier)."""
        rows = self.filter(valid_from__lte=timezone.now()).order_by("-valid_from", "-id")
        newest: dict[tuple[str, int], ModelPrice] = {}
        for row in rows:
            newest.setdefault((row.speed, row.above_prompt_tokens), row)
        return list(newest.values())


def _usd(label: object) -> "models.DecimalField[Decimal, Decimal]":
    return models.DecimalField(label, max_digits=14, decimal_places=6, default=Decimal(0))  # type: ignore[arg-type]


class ModelPrice(models.Model):
    """USD per million tokens from a day on. Write-once: a new price is a new row, so that old bills stay correct."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    model = models.ForeignKey(LanguageModel, models.CASCADE, related_name="prices", verbose_name=_("model"))
    valid_from = models.DateTimeField(_("valid from"))
    speed = models.CharField(_("speed"), max_length=12, default="standard")
    above_prompt_tokens = models.PositiveIntegerField(_("for prompts above (tokens)"), default=0)
    input = _usd(_("input"))
    write_5m = _usd(_("cache write, 5 minutes"))
    write_1h = _usd(_("cache write, 1 hour"))
    read = _usd(_("cache read"))
    output = _usd(_("output"))
    per_search = _usd(_("per web search (USD each)"))
    batch_factor = models.DecimalField(
        _("batch factor"), max_digits=6, decimal_places=4, default=Decimal("0.5")
    )
    us_factor = models.DecimalField(
        _("factor for inference in the US"), max_digits=6, decimal_places=4, default=Decimal("1.1")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = ModelPriceQuerySet.as_manager()
    UNITS: ClassVar[tuple[str, ...]] = ("input", "write_5m", "write_1h", "read", "output", "per_search")
    FACTORS: ClassVar[tuple[str, ...]] = ("batch_factor", "us_factor")

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        constraints = [
            models.UniqueConstraint(
                fields=["model", "valid_from", "speed", "above_prompt_tokens"],
                name="price_once_per_day_and_tier",
            ),
            models.CheckConstraint(
                name="price_not_negative",
                condition=Q(input__gte=0, write_5m__gte=0, write_1h__gte=0, read__gte=0, output__gte=0)
                & Q(per_search__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model}: {self.input} / {self.output} USD"

    def clean(self) -> None:
        if not self._state.adding:
            raise ValidationError(_("Prices can’t be edited. Add a row with a later start time."))

    def as_price_row(self) -> PriceRow:
        return PriceRow(
            **{name: getattr(self, name) for name in self.UNITS + self.FACTORS},
            above_prompt_tokens=self.above_prompt_tokens,
            speed=self.speed,
        )
