"""The workspace's settings."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.widgets import UnfoldAdminSelect2Widget

from chat.admin.base import HistoryAdmin
from chat.models import Workspace
from chat.models.accounts.time_zones import zone_names

FIELDS = (
    "name",
    "time_zone",
    "auto_continue",
    "shows_costs",
    "offers_memory",
    "sharing",
    "daily_upload_mb",
    "stored_files_mb",
    "temporary_hours",
    "project_share_percent",
)


class WorkspaceForm(forms.ModelForm):
    class Meta:
        model = Workspace
        fields = FIELDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "time_zone" in self.fields:
            choices = [(name, name.replace("_", " ")) for name in zone_names()]
            current = self.instance.time_zone
            if current not in dict(choices):
                choices.append((current, current))
            self.fields["time_zone"] = forms.ChoiceField(
                label=self.fields["time_zone"].label,
                help_text=self.fields["time_zone"].help_text,
                choices=choices,
                widget=UnfoldAdminSelect2Widget,
            )


@admin.register(Workspace)
class WorkspaceAdmin(HistoryAdmin):
    """There is one row, so its form takes the place of a list."""

    form = WorkspaceForm
    fields = FIELDS

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return redirect("admin:chat_workspace_change", object_id=Workspace.current().pk)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the row, or one with the defaults, which the first save stores."""
        current = Workspace.current()
        return current if object_id == str(current.pk) else None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
