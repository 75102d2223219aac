"""Tools and MCP servers: defining, testing, listing and accepting tools."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action, display

from chat.admin.base import EmptyLabels, HistoryAdmin, ReadOnly, TableAdmin, pretty_json, shown_if
from chat.admin.deletion import ExplainsUse
from chat.admin.tools.forms import AssistantToolFormSet, McpServerForm, ToolForm, TryForm
from chat.claude.schemas.tool_definitions import definition_fault, input_schema_fault
from chat.models import Approval, AssistantTool, McpGrant, McpServer, ToolDefinition
from chat.models.fields import is_kept
from chat.operations.errors import OperationError
from chat.operations.request.tool_selection import definition_of, is_connected, select_tools
from chat.operations.staff.mcp_servers import save_server
from chat.operations.staff.tool_listings import accept_tools, compare, refresh_listing, try_tool
from chat.presentation.tool_faults import fault_text
from chat.tools.mcp import has_drifted

Kind = ToolDefinition.Kind
GENERAL = (None, {"fields": (("name", "title"), "kind", ("approval", "enabled"))})
LIMITS = (_("Limits"), {"fields": (("timeout_seconds", "max_result_bytes"),)})
MODEL_TEXT_READ_ONLY = (_("For the model"), {"fields": ("description", "shown_schema", "strict")})
MODEL_TEXT = (_("For the model"), {"fields": ("description", "input_schema", "strict")})
WEBHOOK = (_("Webhook"), {"fields": ("url", "new_secret")})
PROVIDER_TOOL = (_("Provider’s tool"), {"fields": ("options",)})
LOCATION = (_("Location"), {"fields": ("target", "server")})
WEBHOOK_FIELDS = (
    "description", "input_schema", "strict", "url", "new_secret", "timeout_seconds", "max_result_bytes",
)  # fmt: skip
# Functions are described in the code, tools of MCP servers by the accepted listing: read only here.
READ_ONLY_KINDS = frozenset({Kind.PYTHON, Kind.MCP})
READ_ONLY_FIELDSETS = (GENERAL, MODEL_TEXT_READ_ONLY, LOCATION, LIMITS)
FIELDSETS: dict[str, tuple[Any, ...]] = {
    Kind.WEBHOOK: (GENERAL, MODEL_TEXT, WEBHOOK, LIMITS),
    Kind.SERVER: (GENERAL, PROVIDER_TOOL),
}

STATE_COLOURS = {"ready": "success", "changed": "danger", "refused": "danger", "off": "warning"}
NOT_USED = _("%(tool)s is not used: %(why)s.")
SERVER_CHANGED = _(
    "The server has changed. Its tools don’t run until you list and accept them again. Sign-ins that "
    "were ended: %(ended)d."
)


class AssistantToolInline(EmptyLabels, TabularInline):
    model = AssistantTool
    empty_labels: ClassVar[dict[str, Any]] = {"approval": _("Tool’s setting")}
    formset = AssistantToolFormSet
    extra = 0
    fields = ("tool", "approval", "order", "offered")
    readonly_fields = ("offered",)
    autocomplete_fields = ("tool",)
    ordering = ("order", "id")
    verbose_name = _("tool")
    verbose_name_plural = _("tools")

    @display(description=_("used with this model"))
    def offered(self, link: AssistantTool) -> Any:
        """Return whether the assistant's model gets the tool, and if not, why."""
        if not link.pk:
            return "-"
        left_out = select_tools(link.assistant.model, link.assistant).left_out
        return _("Not used: %(why)s.") % {"why": left_out[link.pk]} if link.pk in left_out else _("yes")


@admin.register(ToolDefinition)
class ToolDefinitionAdmin(ExplainsUse, HistoryAdmin):
    form = ToolForm
    empty_text = _("No tools yet. A tool lets a model look something up or do something.")
    list_display = ("name", "title", "kind", "approval", "state", "assistant_count", "enabled")
    list_editable = ("enabled",)
    list_filter = ("kind", "approval", "enabled", "server")
    list_select_related = ("server",)
    search_fields = ("name", "title", "description")
    ordering = ("name", "id")
    actions_detail = ("try_it",)
    add_fieldsets = (
        (None, {"fields": ("kind", ("name", "title"), ("approval", "enabled"))}),
        (_("Definition"), {"fields": (*WEBHOOK_FIELDS, "options")}),
    )
    conditional_fields: ClassVar[dict[str, str]] = {
        **dict.fromkeys(WEBHOOK_FIELDS, shown_if("kind", "kind === 'webhook'")),
        "options": shown_if("kind", "kind === 'server'"),
    }
    warn_unsaved_form = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[ToolDefinition]:
        rows: QuerySet[ToolDefinition] = super().get_queryset(request)
        return rows.annotate(used_by=Count("assistant_links"))

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        # The list edits one column only. The form with the secret is for the change page.
        return super().get_changelist_form(request, **{**kwargs, "form": forms.ModelForm})

    def get_fieldsets(self, request: HttpRequest, obj: ToolDefinition | None = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        return READ_ONLY_FIELDSETS if obj.kind in READ_ONLY_KINDS else FIELDSETS[obj.kind]

    def get_readonly_fields(self, request: HttpRequest, obj: ToolDefinition | None = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        given = ("description", "shown_schema", "strict", "target", "server")
        return ("kind", *given) if obj.kind in READ_ONLY_KINDS else ("kind",)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Return a page with a generated secret, so that neither the session nor a cookie stores it."""
        made: str = getattr(request, "generated_secret", "")
        if not made:
            return super().response_add(request, obj, post_url_continue)
        context = {**self._page(request, _("The signing secret")), "secret": made, "tool": obj}
        response = TemplateResponse(request, "admin/chat/tooldefinition/created.html", context)
        add_never_cache_headers(response)
        return response

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        request.generated_secret = getattr(form, "generated_secret", "")  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    @action(description=_("Try it"), permissions=["change"], url_path="try", icon="play_arrow")
    def try_it(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Run the tool once with an input, as the current user, and show the result and the time it took."""
        tool = self.get_object(request, object_id)
        if tool is None:
            raise Http404
        form = TryForm(request.POST or None, initial={"given": {}})
        tried = None
        if request.method == "POST" and form.is_valid():
            tried = try_tool(tool=tool, given=form.cleaned_data["given"], user=request.user)  # type: ignore[arg-type]
        context = {
            **self._page(request, _("Try %(tool)s") % {"tool": tool}),
            "tool": tool,
            "form": form,
            "schema": pretty_json(tool.input_schema),
            "tried": tried,
            "shown": pretty_json(tried.result.content) if tried else None,
        }
        return TemplateResponse(request, "admin/chat/tooldefinition/try.html", context)

    def _page(self, request: HttpRequest, title: Any) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts, "title": title}

    @display(description=_("input schema"))
    def shown_schema(self, tool: ToolDefinition) -> Any:
        return pretty_json(tool.input_schema)

    @display(description=_("state"), label=STATE_COLOURS)
    def state(self, tool: ToolDefinition) -> tuple[str, Any]:
        if not tool.enabled or (tool.server and not tool.server.enabled):
            return "off", _("off")
        if tool.kind == Kind.MCP and has_drifted(tool):
            return "changed", _("changed on the server")
        if is_connected(tool):
            return self._connected_state(tool)
        if definition_fault(definition_of(tool)):
            return "refused", _("not used: the API does not accept it")
        return "ready", _("ready")

    @staticmethod
    def _connected_state(tool: ToolDefinition) -> tuple[str, Any]:
        if tool.approval == Approval.ALLOW:
            return "ready", _("ready")
        return "off", _("not used: Anthropic can’t ask for approval")

    @display(description=_("assistants"), ordering="used_by")
    def assistant_count(self, tool: Any) -> int:
        return int(tool.used_by)


@admin.register(McpServer)
class McpServerAdmin(ExplainsUse, HistoryAdmin):
    form = McpServerForm
    empty_text = _("No MCP servers yet. An MCP server offers several tools at one address.")
    list_display = ("name", "url", "route", "auth", "tool_count", "listed_at", "enabled")
    list_editable = ("enabled",)
    list_filter = ("route", "auth", "enabled")
    search_fields = ("name", "url")
    ordering = ("name", "id")
    actions_detail = ("list_tools",)
    actions_row = ("list_tools",)
    warn_unsaved_form = True
    conditional_fields: ClassVar[dict[str, str]] = {
        name: shown_if("auth", "auth === 'bearer'") for name in ("new_credential", "clear_credential")
    }

    def get_fieldsets(self, request: HttpRequest, obj: McpServer | None = None) -> Any:
        clear = ("clear_credential",) if obj is not None and is_kept(obj.credential) else ()
        return (
            (None, {"fields": ("name", "url", "route", "enabled")}),
            (_("Sign-in"), {"fields": ("auth", "new_credential", *clear)}),
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[McpServer]:
        rows: QuerySet[McpServer] = super().get_queryset(request)
        return rows.annotate(accepted=Count("tools"))

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        # The list edits one column only. The form with the token is for the change page.
        return super().get_changelist_form(request, **{**kwargs, "form": forms.ModelForm})

    def save_model(self, request: HttpRequest, obj: McpServer, form: Any, change: bool) -> None:
        obj._history_user = request.user  # type: ignore[attr-defined]  # as the history's own admin does
        ended = save_server(obj)
        if ended is not None:
            self.message_user(request, SERVER_CHANGED % {"ended": ended}, messages.WARNING)

    @action(description=_("Tools"), permissions=["change"], url_path="tools", icon="checklist")
    def list_tools(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the server's tools and the accepted ones. POST lists the tools again or accepts the selected ones."""
        server = self.get_object(request, object_id)
        if server is None:
            raise Http404
        if request.method == "POST":
            self._handle_post(request, server)
            return redirect("admin:chat_mcpserver_list_tools", object_id=server.pk)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Tools of %(server)s") % {"server": server},
            "server": server,
            "offers": _listed_tools(server),
            "gone": compare(server).gone,
            "connected": server.route == McpServer.Route.CONNECTOR,
            "sign_in": reverse("connect_tool", args=[server.name])
            if server.auth == McpServer.Auth.OAUTH
            else "",
        }
        return TemplateResponse(request, "admin/chat/mcpserver/tools.html", context)

    def _handle_post(self, request: HttpRequest, server: McpServer) -> None:
        try:
            if "accept" in request.POST:
                accepted = accept_tools(server=server, names=request.POST.getlist("tool"))
                words = _("%(count)d tools accepted.") % {"count": len(accepted)}
                for tool in accepted:
                    self.log_change(request, server, f"accepted {tool.target} {tool.pinned_digest[:12]}")
                    if reason := _refusal(server, tool.input_schema):
                        text = NOT_USED % {"tool": tool.target, "why": reason}
                        self.message_user(request, text, messages.WARNING)
            else:
                found = refresh_listing(server=server, user=request.user)  # type: ignore[arg-type]
                counts = {"new": len(found.new), "changed": len(found.changed), "gone": len(found.gone)}
                words = _("%(new)d new, %(changed)d changed, %(gone)d removed.") % counts
            self.message_user(request, words)
        except OperationError as error:
            self.message_user(request, error.message, messages.ERROR)

    @display(description=_("tools"), ordering="accepted")
    def tool_count(self, server: Any) -> int:
        return int(server.accepted)


def _refusal(server: McpServer, schema: dict[str, Any]) -> str:
    """Return why the API refuses a tool of a server that Parley calls; "" if it accepts it."""
    if server.route == McpServer.Route.CONNECTOR:
        return ""  # Anthropic reads the definition itself
    fault = input_schema_fault(definition_of(ToolDefinition(input_schema=schema))["input_schema"])
    return fault_text(fault) if fault else ""


def _listed_tools(server: McpServer) -> list[dict[str, Any]]:
    """Return the server's listing, each tool with its state and the accepted definition."""
    known = {tool.target: tool for tool in server.tools.all()}
    found = compare(server)
    return [
        {
            **entry,
            "schema": pretty_json(entry["input_schema"]),
            "state": "new"
            if entry["name"] in found.new
            else "changed"
            if entry["name"] in found.changed
            else "",
            "before": known.get(entry["name"]),
            "refused": _refusal(server, entry["input_schema"]),
        }
        for entry in server.listing
    ]


@admin.register(McpGrant)
class McpGrantAdmin(ReadOnly, TableAdmin):
    """Sign-ins at MCP servers. Deleting a row ends the sign-in. Tokens are not shown."""

    empty_text = _("No one has signed in at an MCP server yet.")
    list_display = ("server", "user", "updated_at")
    list_filter = ("server",)
    list_select_related = ("server", "user")
    search_fields = ("user__email",)
    ordering = ("-updated_at", "-id")
    fields = ("server", "user", "updated_at")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.has_perm("chat.delete_mcpgrant"))
