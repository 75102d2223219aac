"""Tools that staff define, and the servers they come from."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from chat.models.catalogue.assistants import Assistant
from chat.models.fields import ExactJSONField, encrypted_text, uuid7


class Approval(models.TextChoices):
    ALLOW = "allow", _("run automatically")
    ASK = "ask", _("ask for approval")
    DENY = "deny", _("block")


class McpServer(models.Model):
    """A Model Context Protocol server over streamable HTTP; `listing` is what it offered when staff last looked."""

    class Auth(models.TextChoices):
        NONE = "none", _("none")
        BEARER = "bearer", _("one token for everyone")
        OAUTH = "oauth", _("each person signs in")

    class Route(models.TextChoices):
        PARLEY = "parley", _("Parley calls it")
        CONNECTOR = "connector", _("Anthropic calls it (MCP connector)")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.SlugField(_("name"), max_length=40, unique=True)
    url = models.URLField(_("address"), max_length=500)
    route = models.CharField(_("called by"), max_length=10, choices=Route.choices, default=Route.PARLEY)
    auth = models.CharField(_("sign-in"), max_length=8, choices=Auth.choices, default=Auth.NONE)
    credential = encrypted_text(_("token"), help_text=_("Stored encrypted and never shown again."))
    # One element: {"name": str, "description": str, "input_schema": {…}, "digest": SHA-256 of the three}
    listing = ExactJSONField(_("listed tools"), default=list, blank=True)
    listed_at = models.DateTimeField(_("listed"), null=True, blank=True)
    enabled = models.BooleanField(_("enabled"), default=True)

    history = HistoricalRecords(excluded_fields=["credential", "listing"])

    class Meta:
        verbose_name = _("MCP server")
        verbose_name_plural = _("MCP servers")

    def __str__(self) -> str:
        return self.name


class McpGrant(models.Model):
    """One person's sign-in at an MCP server: OAuth client registration and tokens, encrypted."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    server = models.ForeignKey(McpServer, models.CASCADE, related_name="grants", verbose_name=_("MCP server"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="mcp_grants", verbose_name=_("person")
    )
    tokens = encrypted_text(_("tokens"))
    client = encrypted_text(_("client registration"))
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("MCP sign-in")
        verbose_name_plural = _("MCP sign-ins")
        constraints = [models.UniqueConstraint(fields=["server", "user"], name="mcp_grant_once")]

    def __str__(self) -> str:
        return f"{self.server} · {self.user}"


class ToolDefinitionQuerySet(models.QuerySet["ToolDefinition"]):
    def usable(self) -> Self:
        return self.filter(enabled=True).exclude(server__enabled=False)

    def by_preference(self) -> Self:
        return self.order_by("name", "id")


class ToolDefinition(models.Model):
    """A tool as models see it, and how it is run. `name` is what a model calls.

    python: `target` names a registered function. webhook: `url`, signed with `secret`. mcp: `target` is the tool's name
    at `server`, `pinned_digest` what staff accepted of its listing. server: `options` holds the provider's own
    definition, such as {"type": "web_search_20260318", "max_uses": 5}.
    """

    class Kind(models.TextChoices):
        PYTHON = "python", _("Python function")
        WEBHOOK = "webhook", _("webhook")
        MCP = "mcp", _("MCP server")
        SERVER = "server", _("provider’s tool")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=64, unique=True)
    title = models.CharField(_("title"), max_length=80, blank=True, help_text=_("Shown to people."))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    description = models.TextField(_("description"), blank=True, help_text=_("Read by the model."))
    input_schema = ExactJSONField(_("input schema"), default=dict, blank=True)
    strict = models.BooleanField(_("strict"), default=False)
    approval = models.CharField(_("approval"), max_length=5, choices=Approval.choices, default=Approval.ASK)
    target = models.CharField(_("function or remote name"), max_length=255, blank=True)
    server = models.ForeignKey(
        McpServer, models.PROTECT, null=True, blank=True, related_name="tools", verbose_name=_("MCP server")
    )
    pinned_digest = models.CharField(_("accepted listing"), max_length=64, blank=True, default="")
    url = models.URLField(_("address"), max_length=500, blank=True)
    secret = encrypted_text(_("signing secret"), help_text=_("Stored encrypted."))
    options = ExactJSONField(_("options"), default=dict, blank=True)
    timeout_seconds = models.PositiveSmallIntegerField(_("time limit (seconds)"), default=30)
    max_result_bytes = models.PositiveIntegerField(_("longest result (bytes)"), default=200_000)
    enabled = models.BooleanField(_("enabled"), default=True)

    objects = ToolDefinitionQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["secret"])

    class Meta:
        verbose_name = _("tool")
        verbose_name_plural = _("tools")
        constraints = [
            models.CheckConstraint(
                name="tool_kind_has_its_target",
                condition=Q(kind="python") & ~Q(target="")
                | Q(kind="webhook") & ~Q(url="")
                | Q(kind="mcp", server__isnull=False) & ~Q(target="")
                | Q(kind="server"),
                violation_error_message=_("Fill in the fields that this kind of tool needs."),
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.name


class AssistantTool(models.Model):
    """A tool that an assistant may use, perhaps with an approval of its own."""

    assistant = models.ForeignKey(Assistant, models.CASCADE, related_name="tool_links")
    tool = models.ForeignKey(
        ToolDefinition, models.CASCADE, related_name="assistant_links", verbose_name=_("tool")
    )
    approval = models.CharField(
        _("approval"),
        max_length=5,
        choices=Approval.choices,
        blank=True,
        help_text=_("Leave empty to use the tool’s own setting."),
    )
    order = models.PositiveSmallIntegerField(_("order"), default=100)

    class Meta:
        verbose_name = _("tool of an assistant")
        verbose_name_plural = _("tools of an assistant")
        constraints = [models.UniqueConstraint(fields=["assistant", "tool"], name="assistant_tool_once")]

    def __str__(self) -> str:
        return str(self.tool)
