"""The form of a connection: only the fields that its kind needs. A stored credential is never shown."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from chat.admin.stored_secrets import explain_stored
from chat.models import ProviderConnection
from chat.models.catalogue.credentials import AMBIENT, PARTS, CredentialProblem, from_parts, read_credential
from chat.models.catalogue.platforms import Entrance, Platform, platform_of
from chat.models.fields import is_kept

# Without this check, any variable of the process could be sent to any address.
CREDENTIAL_NAME = re.compile(r"[A-Z][A-Z0-9_]*_(API_KEY|AUTH_TOKEN)|AWS_BEARER_TOKEN_BEDROCK")
JSON_NAME = re.compile(r"[A-Z][A-Z0-9_]*_CREDENTIALS")
SETTINGS = ("region", "project", "workspace", "resource")
PART_FIELDS = tuple(name for names in PARTS.values() for name in names)


def address_fields(platform: Platform) -> tuple[str, ...]:
    """Return the names of the form's fields for the address of this kind."""
    return (*(setting.name for setting in platform.settings), "base_url")


def credential_fields(platform: Platform, *, stored: bool = True) -> tuple[str, ...]:
    """Return the names of the form's fields for the credential of this kind; removing is for a `stored` one."""
    ambient = ("ambient",) if platform.ambient else ()
    clear = ("clear_credential",) if stored else ()
    return ("credential_env", "new_credential", *part_fields(platform), *clear, *ambient)


def part_fields(platform: Platform) -> tuple[str, ...]:
    """Return the names of the form's fields for a credential with several parts; () if the kind has none."""
    return next((PARTS[entrance] for entrance in platform.entrances if entrance in PARTS), ())


def _secret(label: Any, **options: Any) -> forms.CharField:
    widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}, render_value=False)
    return forms.CharField(label=label, required=False, strip=True, max_length=4000, widget=widget, **options)


class ServiceAccountWidget(UnfoldAdminTextareaWidget):
    """A text area for a secret. It never shows the stored value."""

    def format_value(self, value: Any) -> str:
        return ""


class ConnectionForm(forms.ModelForm):
    base_url = forms.URLField(
        label=_("Base URL"),
        required=False,
        assume_scheme="https",
        max_length=200,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "url"}),
        help_text=_("Leave empty to use the provider’s own address for these settings."),
    )
    new_credential = _secret(
        _("Stored credential"),
        help_text=_("Stored encrypted and never shown again."),
    )
    access_key_id = _secret(_("Access key id"), help_text=_("AWS keys, used instead of an API key."))
    secret_access_key = _secret(_("Secret access key"))
    session_token = _secret(_("Session token"), help_text=_("Needed only for temporary keys."))
    tenant_id = _secret(
        _("Tenant ID"),
        help_text=_("The tenant of a service principal in Microsoft Entra ID, used instead of an API key."),
    )
    client_id = _secret(_("Client ID"), help_text=_("The application’s ID."))
    client_secret = _secret(_("Client secret"), help_text=_("The value of the secret, not its ID."))
    clear_credential = forms.BooleanField(
        label=_("Remove the stored credential"), required=False, widget=UnfoldBooleanSwitchWidget
    )
    ambient = forms.BooleanField(
        label=_("Use the identity of this server"), required=False, widget=UnfoldBooleanSwitchWidget
    )

    class Meta:
        model = ProviderConnection
        fields = (
            "name",
            "kind",
            *SETTINGS,
            "base_url",
            "credential_env",
            "connect_timeout_seconds",
            "content_idle_seconds",
            "turn_limit_seconds",
            "max_retries",
            "retry_after_limit_seconds",
            "max_concurrency",
            "sends_cache_control",
            "order",
            "enabled",
        )

    # Set by the admin for each request. Without a superuser a named variable stays at its address.
    by_superuser = False
    shortened_address = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind = self.instance.kind or self.data.get("kind") or self.initial.get("kind") or ""
        self.platform = platform_of(str(kind))
        self._remove_unneeded_fields()
        explain_stored(self, "new_credential", self.instance.credential, also=PART_FIELDS)
        if self.instance.ambient:
            self.initial.update(credential_env="", ambient=True)

    def _remove_unneeded_fields(self) -> None:
        kept = {*address_fields(self.platform), *credential_fields(self.platform)}
        optional = {*SETTINGS, *PART_FIELDS, "ambient"}
        for name in optional - kept:
            self.fields.pop(name, None)
        for setting in self.platform.settings:
            field = self.fields.get(setting.name)
            if field is not None:
                field.label, field.help_text, field.required = setting.label, setting.hint, setting.required
        if "kind" in self.fields:
            self.fields["kind"].widget = forms.HiddenInput()
        if "ambient" in self.fields:
            self.fields["ambient"].help_text = self.platform.ambient
        if "base_url" in self.fields and not self.platform.address:
            self.fields["base_url"].required = True
            self.fields["base_url"].help_text = _(
                "The address where the server’s Messages API starts, without /v1."
            )
        if "new_credential" in self.fields:
            self._label_credential_field()

    def _label_credential_field(self) -> None:
        field = self.fields["new_credential"]
        if Entrance.SERVICE_ACCOUNT in self.platform.entrances:
            field.label, field.widget = _("Key of a service account"), ServiceAccountWidget(attrs={"rows": 4})
            field.help_text = _("The whole JSON file. Stored encrypted and never shown again.")
        elif part_fields(self.platform):
            field.label = _("API key")

    def clean_base_url(self) -> str:
        typed = str(self.cleaned_data["base_url"])
        address = self.platform.normal_base_url(typed)
        self.shortened_address = address if address != typed else ""
        return address

    def clean_credential_env(self) -> str:
        name = str(self.cleaned_data["credential_env"]).strip()
        as_json = self.platform.entrances != (Entrance.API_KEY,)
        if not name or CREDENTIAL_NAME.fullmatch(name) or (as_json and JSON_NAME.fullmatch(name)):
            return name
        if as_json:
            raise forms.ValidationError(
                _("Use capital letters. The name must end in _CREDENTIALS, _API_KEY or _AUTH_TOKEN.")
            )
        raise forms.ValidationError(_("Use capital letters. The name must end in _API_KEY or _AUTH_TOKEN."))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        self._check_settings(cleaned)
        new, clear = self._entered_credential(cleaned), cleaned.get("clear_credential", False)
        if new and clear:
            self.add_error(
                "clear_credential", _("Enter a new credential or remove the stored one, not both.")
            )
            return cleaned
        stored = ProviderConnection.objects.filter(pk=self.instance.pk).first()
        kept = stored.credential if stored is not None else ""
        if is_kept(kept) and not new and not clear and self._address_changed(stored, cleaned):
            self.add_error(
                "new_credential", _("Type the credential again: it was stored for another address.")
            )
        self.instance.credential = new or ("" if clear else kept)
        self._check_source(cleaned)
        self._check_variable(stored, cleaned)
        return cleaned

    def _check_variable(self, stored: ProviderConnection | None, cleaned: dict[str, Any]) -> None:
        """Refuse to send a variable of the environment to another address than before, except for superusers."""
        named = cleaned.get("credential_env")
        if self.by_superuser or not named or named == AMBIENT:
            return
        elsewhere = cleaned.get("base_url") or cleaned.get("resource")
        changed = stored is None or stored.credential_env != named or self._address_changed(stored, cleaned)
        if elsewhere and changed:
            self.add_error(
                "credential_env",
                _("Only a superuser may choose the address that a variable of the environment is sent to."),
            )

    def _check_settings(self, cleaned: dict[str, Any]) -> None:
        for setting in self.platform.settings:
            value = cleaned.get(setting.name)
            if value and not setting.accepts(value):
                self.add_error(setting.name, _("This name can’t be used. %(hint)s") % {"hint": setting.hint})
        resource = "{resource}" in self.platform.address
        if resource and "base_url" in cleaned and bool(cleaned.get("resource")) == bool(cleaned["base_url"]):
            self.add_error("resource", _("Enter either a resource name or a base URL."))

    def _entered_credential(self, cleaned: dict[str, Any]) -> str:
        """Return the entered credential as it will be stored; "" if none was entered or it is not valid."""
        text, place = str(cleaned.get("new_credential") or ""), "new_credential"
        parts = {name: str(cleaned.get(name) or "") for name in part_fields(self.platform)}
        if any(parts.values()):
            if text:
                self.add_error(place, _("Enter an API key or the other credential, not both."))
                return ""
            text, place = (
                from_parts(parts),
                next((name for name in parts if not parts[name]), next(iter(parts))),
            )
        if text:
            try:
                read_credential(self.platform, text)
            except CredentialProblem as problem:
                self.add_error(place, str(problem))
                return ""
        return text

    def _check_source(self, cleaned: dict[str, Any]) -> None:
        ambient, named = cleaned.get("ambient", False), cleaned.get("credential_env")
        if is_kept(self.instance.credential) and named:
            # The model's constraint can't report this: it is about a column that is not in the form.
            self.add_error(
                "credential_env", _("Enter the name of a variable or a stored credential, not both.")
            )
        if not ambient:
            return
        if is_kept(self.instance.credential) or named:
            self.add_error(
                "ambient",
                _(
                    "The identity of this server can’t be combined with another credential. Remove that "
                    "one first."
                ),
            )
        if cleaned.get("base_url") and Entrance.AWS_KEYS not in self.platform.entrances:
            # The address would get a token that acts as this server. Amazon's signatures are valid for one host only.
            self.add_error(
                "base_url",
                _(
                    "The identity of this server is sent only to the platform’s own address. Leave this "
                    "empty."
                ),
            )
        cleaned["credential_env"] = AMBIENT

    @staticmethod
    def _address_changed(stored: ProviderConnection | None, cleaned: dict[str, Any]) -> bool:
        """Return whether the address changed: a stored secret must not be sent to another address."""
        if stored is None:
            return False
        before = {name: getattr(stored, name) for name in ("base_url", "kind", "resource")}
        before["base_url"] = stored.platform.normal_base_url(stored.base_url)
        return any(cleaned.get(name) != value for name, value in before.items() if name in cleaned)
