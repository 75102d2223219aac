"""Connections to Claude, the models they offer with their capabilities, and prices. All of it is data in rows."""

import os
from decimal import Decimal
from typing import ClassVar, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from chat.claude.pricing import PriceRow
from chat.models.capabilities import Capabilities
from chat.models.credentials import AMBIENT, Credential, CredentialProblem, read_credential
from chat.models.fields import UNREADABLE, Unreadable, encrypted_text, uuid7
from chat.models.platforms import Platform, platform_of


class ProviderConnectionQuerySet(models.QuerySet["ProviderConnection"]):
    def usable(self) -> Self:
        return self.filter(enabled=True)

    def by_preference(self) -> Self:
        return self.order_by("order", "created_at", "id")


class ProviderConnection(models.Model):
    """One way to reach a Messages API: an address, a credential and its time limits."""

    class Kind(models.TextChoices):
        ANTHROPIC = "anthropic", _("Anthropic")
        AWS = "aws", _("Claude Platform on AWS")
        BEDROCK = "bedrock", _("Amazon Bedrock")
        BEDROCK_MANTLE = "bedrock_mantle", _("Amazon Bedrock (Mantle)")
        VERTEX = "vertex", _("Google Vertex AI")
        GOOGLE_CLOUD = "google_cloud", _("Claude on Google Cloud")
        FOUNDRY = "foundry", _("Microsoft Foundry")
        COMPATIBLE = "compatible", _("Compatible with the Messages API")
        SIMULATOR = "simulator", _("Simulator")
        LOCAL = "local", _("Local model")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=80, unique=True)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    base_url = models.URLField(
        _("base URL"), blank=True, help_text=_("Leave empty to use the address of the Anthropic SDK.")
    )
    region = models.CharField(_("region or location"), max_length=60, blank=True)
    project = models.CharField(_("project"), max_length=100, blank=True)
    workspace = models.CharField(_("workspace id"), max_length=100, blank=True)
    resource = models.CharField(_("resource"), max_length=100, blank=True)
    credential_env = models.CharField(
        _("credential from the environment"),
        max_length=80,
        blank=True,
        help_text=_("The name of the environment variable that holds the API key."),
    )
    credential = encrypted_text(
        _("stored credential"), help_text=_("Stored encrypted and never shown again.")
    )
    connect_timeout_seconds = models.PositiveSmallIntegerField(_("connect timeout (seconds)"), default=10)
    content_idle_seconds = models.PositiveSmallIntegerField(
        _("content timeout (seconds)"),
        default=120,
        help_text=_("A stream that sends only pings for this long is ended as interrupted."),
    )
    turn_limit_seconds = models.PositiveIntegerField(_("turn limit (seconds)"), default=1800)
    max_retries = models.PositiveSmallIntegerField(_("retries before the first text"), default=3)
    retry_after_limit_seconds = models.PositiveSmallIntegerField(
        _("longest wait before a retry (seconds)"), default=60
    )
    max_concurrency = models.PositiveSmallIntegerField(_("concurrent streams per process"), default=200)
    order = models.PositiveSmallIntegerField(_("order"), default=100)
    enabled = models.BooleanField(_("enabled"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    objects = ProviderConnectionQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["credential"])

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        constraints = [
            models.CheckConstraint(
                name="connection_one_credential_source",
                condition=Q(credential_env="") | Q(credential="") | Q(credential=None),
                violation_error_message=_("Enter the name of a variable or a stored credential, not both."),
            ),
            models.CheckConstraint(
                name="connection_needs_address",
                condition=~Q(kind__in=("compatible", "simulator", "local")) | ~Q(base_url=""),
                violation_error_message=_("This kind of connection needs a base URL."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def platform(self) -> Platform:
        """The facts about this kind: settings, credentials, limits, gaps."""
        return platform_of(self.kind)

    @property
    def ambient(self) -> bool:
        """Whether staff chose that this machine's own identity is used."""
        return self.credential_env == AMBIENT

    def address(self) -> str:
        """Return the base URL: the row's own, or the platform's for these settings; never the environment's."""
        if self.base_url:
            return self.base_url
        region = self.region or self.platform.default_region
        form = self.platform.addresses.get(region, self.platform.address)
        return form.format(
            region=region, project=self.project, workspace=self.workspace, resource=self.resource
        )

    def secret(self) -> str:
        """Return the credential as it was written, or "" when there is none or the machine's own is used."""
        if self.ambient:
            return ""
        if self.credential_env:
            return os.environ.get(self.credential_env, "").strip()
        return (self.credential or "").strip()

    def read_credential(self) -> Credential | None:
        """Return the credential, or None where the machine's own identity is used.

        Raises:
            CredentialProblem: it is not of a form that this kind takes.
        """
        return None if self.ambient else read_credential(self.platform, self.secret())

    def problem(self) -> str:
        """Return one sentence that explains why this connection can't be used; "" if no problem is known."""
        if not self.enabled:
            return gettext("This connection is switched off.")
        return self._missing_setting() or self._credential_problem()

    def _missing_setting(self) -> str:
        for setting in self.platform.settings:
            value = getattr(self, setting.name)
            if not value and setting.required:
                return gettext("%(setting)s is missing. Enter it in the connection.") % {
                    "setting": setting.label
                }
            if value and not setting.accepts(value):
                return gettext("%(setting)s is not valid. Correct it in the connection.") % {
                    "setting": setting.label
                }
        if self.base_url:
            return ""
        if "{resource}" in self.platform.address and not self.resource:
            return gettext("This connection needs a resource name or a base URL.")
        return "" if self.platform.address else gettext("This kind of connection needs a base URL.")

    def _credential_problem(self) -> str:
        if self.ambient:
            return (
                "" if self.platform.ambient else gettext("This kind of connection needs its own credential.")
            )
        if self.secret():
            try:
                self.read_credential()
            except CredentialProblem as problem:
                return str(problem)
            return ""
        if self.credential_env:
            return gettext("The environment variable %(name)s is not set.") % {"name": self.credential_env}
        if isinstance(self.credential, Unreadable):
            return str(UNREADABLE)
        return gettext("This connection has no credential.")


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
        return Capabilities.read(self.capabilities, self.connection.kind)

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
