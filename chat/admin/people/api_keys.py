"""API keys. A new key is shown once, on the next page. The digest is never shown."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from chat.admin.base import TableAdmin, done
from chat.models import ApiKey, User
from chat.operations.accounts.api_keys import create_api_key, revoke_api_key

REVOKE = {
    "title": _("Revoke this key?"),
    "description": _("Programs that use this key are refused from now on. This can’t be undone."),
    "form_class": None,
    "form_submit_text": _("Revoke"),
}


class ApiKeyForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"), choices=ApiKey.Scope.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    class Meta:
        model = ApiKey
        fields = ("user", "name", "scopes", "expires_at")

    def clean_expires_at(self) -> Any:
        moment = self.cleaned_data["expires_at"]
        if moment is not None and moment <= timezone.now():
            raise forms.ValidationError(_("This time is in the past."))
        return moment


@admin.register(ApiKey)
class ApiKeyAdmin(TableAdmin):
    form = ApiKeyForm
    empty_text = _("No API keys yet. A program uses a key to act as a person.")
    list_display = ("name", "user", "shown_scopes", "state", "created_at", "last_used_at", "expires_at")
    list_filter = ("revoked_at", "expires_at")
    list_select_related = ("user",)
    search_fields = ("name", "user__email")
    ordering = ("-created_at", "-id")
    actions = ("revoke_selected",)
    actions_detail = ("revoke",)
    actions_row = ("revoke",)
    add_fieldsets = ((None, {"fields": ("user", "name", "scopes", "expires_at")}),)
    fields = (("name", "user"), "shown_scopes", ("created_at", "last_used_at"), ("expires_at", "revoked_at"))
    readonly_fields = ("shown_scopes",)

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False  # a key is created and revoked, never edited

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return bool(request.user.has_perm("chat.change_apikey"))

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user" and not request.user.is_superuser:
            # A key acts as its owner, so only superusers may create one for another person.
            kwargs["queryset"] = User.objects.filter(id__in=[request.user.id])
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        key, secret = create_api_key(
            user=obj.user, name=obj.name, scopes=form.cleaned_data["scopes"], expires_at=obj.expires_at
        )
        for field in ApiKey._meta.concrete_fields:
            setattr(obj, field.attname, getattr(key, field.attname))
        request.new_api_key = secret  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Return a page with the key itself, so that neither the session nor a cookie stores it."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("New key"),
            "secret": request.new_api_key,  # type: ignore[attr-defined]
            "key": obj,
            "origin": request.build_absolute_uri("/").rstrip("/"),
        }
        response = TemplateResponse(request, "admin/chat/apikey/created.html", context)
        add_never_cache_headers(response)
        return response

    @action(description=_("Revoke"), permissions=["revoke"], url_path="revoke", icon="block", dialog=REVOKE)
    def revoke(self, request: HttpRequest, form: forms.Form, object_id: str) -> HttpResponse:
        key = self.get_object(request, object_id)
        self._revoked(request, [key] if key else [])
        return done(request, self)

    @admin.action(description=_("Revoke the selected keys"), permissions=["revoke"])
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        self._revoked(request, queryset)

    def _revoked(self, request: HttpRequest, keys: Iterable[ApiKey]) -> None:
        for key in keys:
            revoke_api_key(key=key)
            self.log_change(request, key, "revoked")
            self.message_user(request, _("The key “%(name)s” was revoked.") % {"name": key.name})

    @display(description=_("scopes"))
    def shown_scopes(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @display(description=_("state"), label={"live": "success", "revoked": "danger", "expired": "warning"})
    def state(self, key: ApiKey) -> tuple[str, Any]:
        if key.revoked_at:
            return "revoked", _("revoked")
        if key.expires_at and key.expires_at <= timezone.now():
            return "expired", _("expired")
        return "live", _("in use")
