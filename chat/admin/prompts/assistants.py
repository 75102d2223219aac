"""Assistants: their settings, the groups that may use them, and their order."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from chat.admin.base import EmptyLabels
from chat.admin.models.language_models import IndentedJSONField
from chat.admin.prompts.thinking_form import ThinkingForm
from chat.admin.tools.definitions import AssistantToolInline
from chat.models import Assistant
from chat.operations.errors import OperationError
from chat.operations.request.output_schema import checked_schema, way_of

MAX_STARTERS = 8


class LinesField(forms.CharField):
    """A field for a list of short texts, one per line."""

    widget = UnfoldAdminTextareaWidget

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(str(line) for line in value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return [line.strip() for line in (super().to_python(value) or "").splitlines() if line.strip()]

    def validate(self, value: Any) -> None:
        if len(value) > MAX_STARTERS or any(len(line) > 200 for line in value):
            raise ValidationError(_("At most 8 lines of at most 200 characters."))

    def run_validators(self, value: Any) -> None:
        return None

    def has_changed(self, initial: Any, data: Any) -> bool:
        return list(initial or []) != self.to_python(data)


class AssistantForm(ThinkingForm):
    starters = LinesField(
        label=_("Suggested first messages"),
        required=False,
        help_text=_("One per line, at most 8. They are shown in an empty conversation."),
    )

    class Meta:
        model = Assistant
        fields = (
            "name",
            "description",
            "model",
            "prompt",
            "thinking",
            "effort",
            "max_tokens",
            "tell_context",
            "cache_policy",
            "prewarm",
            "output_schema",
            "audience_groups",
            "starters",
            "order",
            "enabled",
        )
        field_classes = {"output_schema": IndentedJSONField}

    def clean(self) -> dict[str, Any]:
        """Refuse an answer format that is not valid or that the assistant's model does not support."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        schema, model = data.get("output_schema"), data.get("model")
        if schema is None:
            return data
        try:
            data["output_schema"] = checked_schema(schema)
            if model is not None:
                way_of(model, data["output_schema"])
        except OperationError as error:
            self.add_error("output_schema", error.message)
        return data


@admin.register(Assistant)
class AssistantAdmin(EmptyLabels, SimpleHistoryAdmin, ModelAdmin):
    form = AssistantForm
    empty_labels: ClassVar[dict[str, Any]] = {
        "model": _("Person chooses"),
        "prompt": _("No prompt"),
        "effort": _("Model default"),
    }
    inlines = (AssistantToolInline,)
    list_display = ("name", "model", "prompt", "effort", "audience", "order", "enabled")
    list_editable = ("order", "enabled")
    list_filter = ("enabled", "model", "audience_groups")
    list_select_related = ("model", "prompt")
    search_fields = ("name", "description")
    ordering = ("order", "name", "id")
    autocomplete_fields = ("audience_groups",)
    warn_unsaved_form = True

    fieldsets = (
        (None, {"fields": ("name", "description", ("enabled", "order"))}),
        (
            _("Answers"),
            {
                "fields": (
                    ("model", "prompt"),
                    ("thinking", "effort"),
                    ("max_tokens", "tell_context"),
                    "output_schema",
                )
            },
        ),
        (_("Cache"), {"fields": (("cache_policy", "prewarm"),)}),
        (_("Available to"), {"fields": ("audience_groups", "starters")}),
    )

    class Media:
        js = ("chat/admin/assistant_form.js",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Assistant]:
        rows: QuerySet[Assistant] = super().get_queryset(request)
        return rows.annotate(group_count=Count("audience_groups"))

    @display(description=_("available to"))
    def audience(self, assistant: Any) -> str:
        if not assistant.group_count:
            return str(_("everyone"))
        return str(_("%(count)d groups") % {"count": assistant.group_count})
