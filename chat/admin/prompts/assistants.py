"""Assistants: their settings, the groups that may use them, and their order."""

from collections import Counter
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display
from unfold.widgets import UnfoldAdminImageFieldWidget, UnfoldAdminTextareaWidget

from chat.admin.base import EmptyLabels, HistoryAdmin, shown_if
from chat.admin.deletion import ExplainsUse
from chat.admin.models.language_models import IndentedJSONField
from chat.admin.prompts.thinking_form import ThinkingForm
from chat.admin.tools.definitions import AssistantToolInline
from chat.models import Assistant
from chat.operations.errors import OperationError
from chat.operations.files.pictures import Rendition
from chat.operations.request.output_schema import checked_schema, way_of
from chat.operations.staff.assistant_pictures import read_assistant_picture, set_picture

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


class StoredPicture:
    """The present picture, as Django's file widget asks for it."""

    def __init__(self, assistant: Assistant) -> None:
        self.url = reverse("assistant_picture", args=[assistant.pk])
        self._name = assistant.name

    def __str__(self) -> str:
        return self._name


class AssistantForm(ThinkingForm):
    picture_file = forms.FileField(
        label=_("Picture"),
        required=False,
        widget=UnfoldAdminImageFieldWidget(attrs={"accept": "image/png,image/jpeg,image/webp,image/gif"}),
        help_text=_("PNG, JPEG, WebP or GIF. It is shown as a small square."),
    )
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
            "auto_continue",
            "cache_policy",
            "prewarm",
            "output_schema",
            "for_everyone",
            "audience_groups",
            "greeting",
            "starters",
            "order",
            "enabled",
        )
        field_classes = {"output_schema": IndentedJSONField}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.picture_id:
            self.fields["picture_file"].initial = StoredPicture(self.instance)

    def clean_picture_file(self) -> Any:
        """Return the picture as it is kept; False to remove it; for an unchanged one what the field began with."""
        given = self.cleaned_data.get("picture_file")
        if not isinstance(given, UploadedFile):
            return given
        try:
            return read_assistant_picture(given.read())
        except OperationError as error:
            raise ValidationError(error.message) from error

    def clean(self) -> dict[str, Any]:
        """Refuse an audience of no one, and an answer format that is not valid or that the model does not support."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("for_everyone"):
            data["audience_groups"] = Group.objects.none()
        elif "for_everyone" in data and not data.get("audience_groups"):
            self.add_error(
                "audience_groups", _("Choose at least one group, or make it available to everyone.")
            )
        self._check_schema(data)
        return data

    def _check_schema(self, data: dict[str, Any]) -> None:
        schema, model = data.get("output_schema"), data.get("model")
        if schema is None:
            return
        try:
            data["output_schema"] = checked_schema(schema)
            if model is not None:
                way_of(model, data["output_schema"])
        except OperationError as error:
            self.add_error("output_schema", error.message)


@admin.register(Assistant)
class AssistantAdmin(EmptyLabels, ExplainsUse, HistoryAdmin):
    form = AssistantForm
    empty_text = _("No assistants yet. An assistant is a model with your prompt and your tools.")
    empty_labels: ClassVar[dict[str, Any]] = {
        "model": _("Person chooses"),
        "prompt": _("No prompt"),
        "effort": _("Model default"),
        "auto_continue": _("As set for the workspace"),
    }
    inlines = (AssistantToolInline,)
    list_display = ("name", "model", "prompt", "effort", "audience", "order", "enabled")
    list_editable = ("order", "enabled")
    list_filter = ("enabled", "model", "for_everyone", "audience_groups")
    conditional_fields: ClassVar[dict[str, str]] = {
        "audience_groups": shown_if("for_everyone", "!for_everyone")
    }
    list_select_related = ("model", "prompt")
    search_fields = ("name", "description")
    ordering = ("order", "name", "id")
    autocomplete_fields = ("audience_groups",)
    warn_unsaved_form = True

    fieldsets = (
        (None, {"fields": ("name", "description", "picture_file", ("enabled", "order"))}),
        (
            _("Answers"),
            {
                "fields": (
                    ("model", "prompt"),
                    ("thinking", "effort"),
                    ("max_tokens", "auto_continue"),
                    "tell_context",
                    "output_schema",
                )
            },
        ),
        (_("Cache"), {"fields": (("cache_policy", "prewarm"),)}),
        (_("Available to"), {"fields": ("for_everyone", "audience_groups")}),
        (_("Empty conversation"), {"fields": ("greeting", "starters")}),
    )

    class Media:
        js = ("chat/admin/assistant_form.js",)

    def save_model(self, request: HttpRequest, obj: Assistant, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        picture = form.cleaned_data.get("picture_file")
        if isinstance(picture, Rendition) or picture is False:
            set_picture(assistant=obj, picture=picture or None)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Assistant]:
        rows: QuerySet[Assistant] = super().get_queryset(request)
        return rows.annotate(group_count=Count("audience_groups"))

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Return the field; models of the same name are shown with their connection."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "model" and field is not None:
            models = field.queryset.select_related("connection")
            names = Counter(models.values_list("display_name", flat=True))
            field.queryset = models
            field.label_from_instance = lambda model: (
                f"{model} · {model.connection}" if names[model.display_name] > 1 else str(model)
            )
        return field

    @display(description=_("available to"))
    def audience(self, assistant: Any) -> str:
        count = assistant.group_count
        if assistant.for_everyone:
            return str(_("everyone"))
        if not count:
            return str(_("no one: its groups were deleted"))
        return ngettext("%(count)d group", "%(count)d groups", count) % {"count": count}
