"""The form of a connection: its credential goes in and never comes out."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from chat.models import ProviderConnection

# Any variable of the process could be named here and sent to any address: only those made for this purpose.
CREDENTIAL_NAME = re.compile(r"[A-Z][A-Z0-9_]*_(API_KEY|AUTH_TOKEN)")


class ConnectionForm(forms.ModelForm):
    base_url = forms.URLField(
        label=_("Base URL"),
        required=False,
        assume_scheme="https",
        max_length=200,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "url"}),
        help_text=_("Empty: the address that the Anthropic SDK uses."),
    )
    new_credential = forms.CharField(
        label=_("Stored credential"),
        required=False,
        strip=True,
        max_length=4000,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}, render_value=False),
        help_text=_("Kept encrypted and never shown again. Leave empty to keep what is stored."),
    )
    clear_credential = forms.BooleanField(
        label=_("Remove the stored credential"), required=False, widget=UnfoldBooleanSwitchWidget
    )

    class Meta:
        model = ProviderConnection
        fields = (
            "name",
            "kind",
            "base_url",
            "credential_env",
            "connect_timeout_seconds",
            "content_idle_seconds",
            "turn_limit_seconds",
            "max_retries",
            "retry_after_limit_seconds",
            "max_concurrency",
            "order",
            "enabled",
        )

    def clean_credential_env(self) -> str:
        name = str(self.cleaned_data["credential_env"]).strip()
        if name and not CREDENTIAL_NAME.fullmatch(name):
            raise forms.ValidationError(
                _("The name must end in _API_KEY or _AUTH_TOKEN, in capital letters.")
            )
        return name

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        new, clear = cleaned.get("new_credential", ""), cleaned.get("clear_credential", False)
        if new and clear:
            self.add_error("clear_credential", _("Either give a new credential or remove the stored one."))
            return cleaned
        stored = ProviderConnection.objects.filter(pk=self.instance.pk).first()
        kept = (stored.credential or "") if stored is not None else ""
        if kept and not new and not clear and self._redirected(stored, cleaned):
            self.add_error(
                "new_credential", _("Type the credential again: it was stored for another address.")
            )
        self.instance.credential = new or ("" if clear else kept)
        if self.instance.credential and cleaned.get("credential_env"):
            # The table's own rule can't say so: it concerns a column that the form does not have.
            self.add_error("credential_env", _("Give a variable’s name or a stored credential, not both."))
        return cleaned

    @staticmethod
    def _redirected(stored: ProviderConnection | None, cleaned: dict[str, Any]) -> bool:
        """A stored secret must not follow an address to which nobody entrusted it."""
        if stored is None:
            return False
        return any(
            cleaned.get(name) != getattr(stored, name) for name in ("base_url", "kind") if name in cleaned
        )
