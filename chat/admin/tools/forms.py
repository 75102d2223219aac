"""Forms of tools and MCP servers. Stored secrets are never shown; addresses are checked before they are saved."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from chat.admin.models.language_models import IndentedJSONField
from chat.admin.stored_secrets import explain_stored
from chat.admin.tools.strict_messages import excess_error, schema_error
from chat.claude.encoding.text import too_deep
from chat.claude.schemas.tool_definitions import TOOL_NAME, definition_fault, input_schema_fault
from chat.models import Assistant, McpServer, ProviderConnection, ToolDefinition
from chat.models.catalogue.platforms import Gap, platform_of
from chat.models.fields import UNREADABLE, Unreadable, is_kept
from chat.operations.request.tool_selection import api_name, is_connected, shared_names
from chat.presentation.tool_faults import fault_text
from chat.tools.addresses import EgressRefused, check_url
from chat.tools.webhook import new_secret, secret_problem

NO_APPROVAL_TEXT = _(
    "Anthropic calls this tool’s server while it answers, so people can’t approve calls. The tool is "
    "used only if it runs automatically."
)
KINDS_TO_CREATE = (ToolDefinition.Kind.WEBHOOK, ToolDefinition.Kind.SERVER)


def _address(label: Any) -> forms.URLField:
    return forms.URLField(
        label=label,
        required=False,
        assume_scheme="https",
        max_length=500,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "url"}),
        help_text=_("Must be a public https address. Internal hosts must be allowed in EGRESS_ALLOW."),
    )


def _checked_address(url: str) -> str:
    try:
        check_url(url)
    except EgressRefused as error:
        raise forms.ValidationError(
            _("This address can’t be called. Only public https addresses are allowed.")
        ) from error
    return url


def _secret(label: Any, words: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=4000,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}, render_value=False),
        help_text=words,
    )


class ToolForm(forms.ModelForm):
    """`generated_secret` is a signing secret that was generated because none was entered. It is shown once."""

    url = _address(_("Address"))
    new_secret = _secret(
        _("Signing secret"),
        _("Stored encrypted and never shown again. Leave empty to generate one, which is shown once."),
    )
    input_schema = IndentedJSONField(
        label=_("Input schema"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 12}),
        help_text=_('A JSON Schema with "type": "object".'),
    )
    options = IndentedJSONField(
        label=_("Provider’s definition"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8}),
    )
    generated_secret = ""

    class Meta:
        model = ToolDefinition
        fields = (
            "name",
            "title",
            "kind",
            "description",
            "input_schema",
            "strict",
            "approval",
            "url",
            "options",
            "timeout_seconds",
            "max_result_bytes",
            "enabled",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "kind" in self.fields:
            self.fields["kind"].choices = [(kind.value, kind.label) for kind in KINDS_TO_CREATE]  # type: ignore[attr-defined]
        if "approval" in self.fields and self.instance.pk and is_connected(self.instance):
            self.fields["approval"].help_text = NO_APPROVAL_TEXT
        explain_stored(self, "new_secret", self.instance.secret)
        if "new_secret" in self.fields and isinstance(self.instance.secret, Unreadable):
            self.fields["new_secret"].help_text = UNREADABLE

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if not TOOL_NAME.fullmatch(name):
            raise forms.ValidationError(_("Use 1–64 letters, digits, _ or - (no spaces)."))
        return name

    def clean_input_schema(self) -> dict[str, Any]:
        schema = self.cleaned_data["input_schema"] or {"type": "object", "properties": {}}
        if fault := input_schema_fault(schema):
            raise forms.ValidationError(
                _("This is not a valid tool schema: %(problem)s"), params={"problem": fault_text(fault)}
            )
        return dict(schema)

    def clean_options(self) -> dict[str, Any]:
        options = self.cleaned_data["options"] or {}
        if not isinstance(options, dict) or too_deep(options):
            raise forms.ValidationError(_("Enter a JSON object."))
        if "name" in options and (fault := definition_fault({**options, "type": options.get("type", "")})):
            raise forms.ValidationError(_("Not used: %(why)s.") % {"why": fault_text(fault)})
        return options

    def clean_timeout_seconds(self) -> int:
        return self._between("timeout_seconds", 1, 600)

    def clean_max_result_bytes(self) -> int:
        return self._between("max_result_bytes", 1_000, 5_000_000)

    def clean_new_secret(self) -> str:
        secret = str(self.cleaned_data["new_secret"])
        if secret and secret_problem(secret):
            raise forms.ValidationError(
                _("A signing secret starts with whsec_, followed by at least 24 base64 characters.")
            )
        return secret

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        kind = cleaned.get("kind") or self.instance.kind
        if kind == ToolDefinition.Kind.WEBHOOK:
            self._clean_webhook(cleaned)
        elif kind == ToolDefinition.Kind.SERVER and not isinstance(
            cleaned.get("options", {}).get("type"), str
        ):
            self.add_error("options", _('The definition needs a "type", such as "web_search_20260318".'))
        self._check_name(kind, cleaned)
        if cleaned.get("strict") and kind != ToolDefinition.Kind.SERVER and "input_schema" in cleaned:
            self._check_strict(kind, cleaned["input_schema"])
        return cleaned

    def _check_strict(self, kind: str, schema: dict[str, Any]) -> None:
        """Refuse a strict schema with which the API would reject the requests of an assistant."""
        if words := schema_error(schema):
            self.add_error("input_schema", words)
            return
        changed = ToolDefinition(kind=kind, strict=True, input_schema=schema)
        for assistant in Assistant.objects.filter(tool_links__tool=self.instance.pk).order_by("name"):
            others = ToolDefinition.objects.filter(assistant_links__assistant=assistant)
            if words := excess_error([changed, *others.exclude(pk=self.instance.pk)]):
                self.add_error("strict", f"{assistant}: {words}")
                return

    def _check_name(self, kind: str, cleaned: dict[str, Any]) -> None:
        """Refuse a name that another tool of an assistant has: the API rejects such a request."""
        changed = ToolDefinition(
            pk=self.instance.pk,
            kind=kind,
            name=cleaned.get("name", self.instance.name),
            options=cleaned.get("options", self.instance.options),
            server=self.instance.server,
        )
        for assistant in Assistant.objects.filter(tool_links__tool=self.instance.pk).order_by("name"):
            others = ToolDefinition.objects.filter(assistant_links__assistant=assistant)
            others = others.exclude(pk=self.instance.pk).select_related("server")
            if api_name(changed) in shared_names([changed, *others]):
                self.add_error(
                    "options" if kind == ToolDefinition.Kind.SERVER else "name",
                    _("%(assistant)s already has a tool with the name %(name)s.")
                    % {"assistant": assistant, "name": api_name(changed)},
                )
                return

    def _clean_webhook(self, cleaned: dict[str, Any]) -> None:
        try:
            _checked_address(cleaned.get("url") or "")
        except forms.ValidationError as error:
            self.add_error("url", error)
        secret = cleaned.get("new_secret") or self.instance.secret
        if not is_kept(secret):
            secret = self.generated_secret = new_secret()
        self.instance.secret = secret

    def _between(self, field: str, least: int, most: int) -> int:
        value = int(self.cleaned_data[field])
        if not least <= value <= most:
            raise forms.ValidationError(
                _("Enter a number from %(least)d to %(most)d."), params={"least": least, "most": most}
            )
        return value


class AssistantToolFormSet(forms.BaseInlineFormSet):
    def clean(self) -> None:
        """Refuse two tools of one name and too many strict tools: the API would reject each request."""
        super().clean()
        kept = [
            form.cleaned_data["tool"]
            for form in self.forms
            if form.cleaned_data.get("tool") and not form.cleaned_data.get("DELETE")
        ]
        for name in shared_names(kept):
            rows = ", ".join(sorted(tool.name for tool in kept if api_name(tool) == name))
            raise forms.ValidationError(
                _("These tools have the same name for the model, %(name)s: %(rows)s. Keep only one of them."),
                params={"name": name, "rows": rows},
            )
        if words := excess_error(kept):
            raise forms.ValidationError(words)


class TryForm(forms.Form):
    given = IndentedJSONField(
        label=_("Input"), required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 6})
    )

    def clean_given(self) -> dict[str, Any]:
        given = {} if self.cleaned_data["given"] is None else self.cleaned_data["given"]
        if not isinstance(given, dict) or too_deep(given):
            raise forms.ValidationError(_("Enter a JSON object."))
        return given


class McpServerForm(forms.ModelForm):
    url = _address(_("Address"))
    new_credential = _secret(_("Token"), _("Stored encrypted and never shown again."))
    clear_credential = forms.BooleanField(
        label=_("Remove the stored token"), required=False, widget=UnfoldBooleanSwitchWidget
    )

    class Meta:
        model = McpServer
        fields = ("name", "url", "route", "auth", "enabled")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        explain_stored(self, "new_credential", self.instance.credential)
        if "new_credential" in self.fields and isinstance(self.instance.credential, Unreadable):
            self.fields["new_credential"].help_text = UNREADABLE
        if "url" in self.fields:
            self.fields["url"].required = True
        if "route" in self.fields:
            self._explain_route()

    def _explain_route(self) -> None:
        lacking = [
            str(kind.label)
            for kind in ProviderConnection.Kind
            if kind == ProviderConnection.Kind.COMPATIBLE or platform_of(kind).lacks(Gap.MCP_CONNECTOR)
        ]
        self.fields["route"].help_text = _(
            "Anthropic calls the server while it answers. People can’t approve calls, so only tools "
            "that run automatically are used. Models of these connections can’t use the tools: "
            "%(kinds)s."
        ) % {"kinds": ", ".join(lacking)}

    def clean_url(self) -> str:
        return _checked_address(str(self.cleaned_data["url"]))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        stored = McpServer.objects.filter(pk=self.instance.pk).first()
        kept, new = stored.credential if stored else "", cleaned.get("new_credential", "")
        if cleaned.get("clear_credential"):
            kept = ""
        elif is_kept(kept) and not new and stored and "url" in cleaned and cleaned["url"] != stored.url:
            # A stored token must not be sent to another address.
            self.add_error("new_credential", _("Type the token again: it was stored for another address."))
        self.instance.credential = new or kept
        return cleaned
