"""Connections to Claude: addresses, credentials and time limits. All of it is data in rows."""

import datetime as dt
import os
from typing import Self
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from chat.models.catalogue.credentials import AMBIENT, Credential, CredentialProblem, read_credential
from chat.models.catalogue.platforms import Platform, platform_of
from chat.models.fields import UNREADABLE, Unreadable, encrypted_text, uuid7

# How long a refusal of cache breakpoints is remembered.
WITHOUT_CACHE_CONTROL = dt.timedelta(hours=24)


class ProviderConnectionQuerySet(models.QuerySet["ProviderConnection"]):
    def usable(self) -> Self:
        return self.filter(enabled=True)

    def by_preference(self) -> Self:
        return self.order_by("order", "created_at", "id")


class ProviderConnection(models.Model):
    """One way to reach a Messages API: an address, a credential and its time limits.

    Half of the class are its columns; what a kind of connection is like stands in `platforms`.
    """

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
    max_retries = models.PositiveSmallIntegerField(_("retries before the first text"), default=5)
    retry_after_limit_seconds = models.PositiveSmallIntegerField(
        _("longest wait before a retry (seconds)"), default=60
    )
    max_concurrency = models.PositiveSmallIntegerField(_("concurrent streams per process"), default=200)
    sends_cache_control = models.BooleanField(
        _("cache breakpoints"),
        default=True,
        help_text=_("Switch this off for a server that refuses cache_control. Prompts are then not cached."),
    )
    cache_control_refused_at = models.DateTimeField(
        _("cache breakpoints refused"), null=True, blank=True, editable=False
    )
    order = models.PositiveSmallIntegerField(_("order"), default=100)
    enabled = models.BooleanField(_("enabled"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    objects = ProviderConnectionQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["credential", "cache_control_refused_at"])

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

    @property
    def cache_control_returns_at(self) -> dt.datetime | None:
        """When cache breakpoints are tried again after a refusal; None if they are not left out because of one."""
        if not self.sends_cache_control or self.cache_control_refused_at is None:
            return None
        again = self.cache_control_refused_at + WITHOUT_CACHE_CONTROL
        return again if again > timezone.now() else None

    @property
    def takes_cache_control(self) -> bool:
        """Whether requests have cache breakpoints: staff may switch them off, and a server may have refused them."""
        return self.sends_cache_control and self.cache_control_returns_at is None

    @property
    def takes_mcp_tokens(self) -> bool:
        """Whether tokens of MCP servers may go to this address: the platform's own, or one that operators listed."""
        if not self.base_url:
            return True
        if self.kind == self.Kind.SIMULATOR and self.base_url.startswith(f"{settings.OWN_URL}/"):
            return True
        parts = urlsplit(self.base_url)
        host = (parts.hostname or "").lower()
        return not {host, f"{host}:{parts.port}"}.isdisjoint(settings.MCP_CONNECTOR_HOSTS)

    def address(self) -> str:
        """Return the base URL: the row's own, or the platform's for these settings; never the environment's."""
        if self.base_url:
            return self.platform.normal_base_url(self.base_url)
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
