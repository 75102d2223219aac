"""Shared conversations: who shares what with whom, and revoking. Links and contents are never shown."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from chat.admin.base import TableAdmin, done
from chat.models import Share
from chat.operations.sharing.shares import end_share

REVOKE = {
    "title": _("Revoke this link?"),
    "description": _("No one can open it any more. This can’t be undone."),
    "form_class": None,
    "form_submit_text": _("Revoke"),
}


@admin.register(Share)
class ShareAdmin(TableAdmin):
    empty_text = _("No shared conversations yet.")
    list_display = ("owner", "audience", "shows_files", "state", "created_at", "renewed_at", "expires_at")
    list_filter = ("audience", "revoked_at", "expires_at")
    list_select_related = ("owner",)
    search_fields = ("owner__email",)
    ordering = ("-created_at", "-id")
    actions = ("revoke_selected",)
    actions_detail = ("revoke",)
    actions_row = ("revoke",)
    fields = (
        ("owner", "audience", "shows_files"),
        ("created_at", "renewed_at"),
        ("expires_at", "revoked_at"),
    )
    readonly_fields = ("created_at",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # people share their own conversations

    def has_change_permission(self, request: HttpRequest, obj: Share | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Share | None = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return bool(request.user.has_perm("chat.change_share"))

    @action(description=_("Revoke"), permissions=["revoke"], url_path="revoke", icon="block", dialog=REVOKE)
    def revoke(self, request: HttpRequest, form: forms.Form, object_id: str) -> HttpResponse:
        share = self.get_object(request, object_id)
        self._revoked(request, [share] if share else [])
        return done(request, self)

    @admin.action(description=_("Revoke the selected links"), permissions=["revoke"])
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[Share]) -> None:
        self._revoked(request, queryset)

    def _revoked(self, request: HttpRequest, shares: Iterable[Share]) -> None:
        for share in shares:
            end_share(share)
            self.log_change(request, share, "revoked")
            self.message_user(request, _("The link of %(person)s was revoked.") % {"person": share.owner})

    @display(description=_("state"), label={"live": "success", "revoked": "danger", "expired": "warning"})
    def state(self, share: Share) -> tuple[str, Any]:
        if share.revoked_at:
            return "revoked", _("revoked")
        return ("expired", _("expired")) if share.is_over else ("live", _("in use"))
