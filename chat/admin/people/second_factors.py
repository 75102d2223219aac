"""Second factors without their secrets. Superusers delete one if a person has lost the device."""

from typing import Any

import allauth.mfa.admin  # noqa: F401 - imported first, so that its registration exists and can be replaced
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from chat.admin.base import TableAdmin
from chat.admin.history import in_words

admin.site.unregister(Authenticator)
# The package calls the table "authenticators" in every language. The names of its columns are its own too.
Authenticator._meta.verbose_name = _("second factor")
Authenticator._meta.verbose_name_plural = _("second factors")
KINDS: dict[str, Any] = {
    "totp": _("authenticator app"),
    "recovery_codes": _("recovery codes"),
    "webauthn": _("security key"),
}


@admin.register(Authenticator)
class AuthenticatorAdmin(TableAdmin):
    keeps_history = False
    empty_text = _("No one uses a second factor yet. People set one up on their account page.")
    list_display = ("person", "shown_kind", "created", "last_used")
    list_filter = ("type",)
    list_select_related = ("user",)
    search_fields = ("user__email",)
    ordering = ("-created_at", "-id")
    fields = readonly_fields = list_display

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    @display(description=_("person"), ordering="user__email")
    def person(self, factor: Authenticator) -> str:
        return str(factor.user)

    @display(description=_("kind"), ordering="type")
    def shown_kind(self, factor: Authenticator) -> str:
        return str(KINDS.get(factor.type, factor.type))

    @display(description=_("created"), ordering="created_at")
    def created(self, factor: Authenticator) -> str:
        return in_words(factor.created_at)

    @display(description=_("last used"), ordering="last_used_at")
    def last_used(self, factor: Authenticator) -> str:
        return in_words(factor.last_used_at)
