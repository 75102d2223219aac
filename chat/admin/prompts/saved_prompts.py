"""Saved prompts: staff's own, and those that people share with groups. Private ones are not listed."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from chat.admin.base import TableAdmin, shown_if
from chat.models import SavedPrompt
from chat.models.accounts.saved_prompts import one_form


class SavedPromptForm(forms.ModelForm):
    class Meta:
        model = SavedPrompt
        fields = ("command", "description", "text", "for_everyone", "groups")

    def clean_command(self) -> str:
        """Return the command; staff's, and those of one person, are all different."""
        command = one_form(self.cleaned_data["command"])
        same = SavedPrompt.objects.with_command(command, self.instance.owner)
        if same.exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("There is a prompt with this command."))
        return command

    def clean(self) -> dict[str, Any]:
        """Refuse an audience of no one, and a person's prompt for everyone."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("for_everyone") and self.instance.owner is not None:
            self.add_error("for_everyone", _("This prompt is a person’s. Share it with groups."))
        elif data.get("for_everyone"):
            data["groups"] = Group.objects.none()
        elif "for_everyone" in data and not data.get("groups"):
            self.add_error("groups", _("Choose at least one group, or make it available to everyone."))
        return data


@admin.register(SavedPrompt)
class SavedPromptAdmin(TableAdmin):
    form = SavedPromptForm
    empty_text = _("No saved prompts yet. People insert them into a message by typing a slash.")
    keeps_history = False
    list_display = ("command", "description", "written_by", "audience", "updated_at")
    list_filter = ("for_everyone", "groups")
    list_select_related = ("owner",)
    conditional_fields: ClassVar[dict[str, str]] = {"groups": shown_if("for_everyone", "!for_everyone")}
    search_fields = ("command", "description", "owner__email")
    ordering = ("command", "id")
    autocomplete_fields = ("groups",)
    warn_unsaved_form = True
    fieldsets = (
        (None, {"fields": ("command", "description", "text")}),
        (_("Available to"), {"fields": ("for_everyone", "groups")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[SavedPrompt]:
        rows: Any = super().get_queryset(request)
        shared: QuerySet[SavedPrompt] = rows.shared()
        return shared.annotate(group_count=Count("groups"))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"for_everyone": True, **super().get_changeform_initial_data(request)}

    @display(description=_("owner"), ordering="owner__email")
    def written_by(self, prompt: SavedPrompt) -> str:
        return str(prompt.owner or _("Administrators"))

    @display(description=_("available to"))
    def audience(self, prompt: Any) -> str:
        if prompt.for_everyone:
            return str(_("everyone"))
        count = prompt.group_count
        return ngettext("%(count)d group", "%(count)d groups", count) % {"count": count}
