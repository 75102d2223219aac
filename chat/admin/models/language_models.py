"""The models of connections and their prices."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.validators import MinValueValidator
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from chat.admin.base import BigTableAdmin, DeletesWrittenOnce, HistoryAdmin, WriteOnce
from chat.admin.deletion import ExplainsUse
from chat.claude.encoding.exact_numbers import ExactDecoder, indented_json
from chat.models import LanguageModel, ModelPrice

PER_MILLION = _("USD per million tokens. Enter 0 only if it costs nothing.")
PER_SEARCH = _("USD for each search. Enter 0 only if it costs nothing.")


class PriceForm(forms.ModelForm):
    """No price has a default: a field that was left at 0 would make a model free by accident."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for unit in ModelPrice.UNITS:
            if unit in self.fields:
                field = self.fields[unit]
                field.required, field.min_value = True, Decimal(0)  # type: ignore[attr-defined]
                field.validators.append(MinValueValidator(Decimal(0)))
                field.widget.attrs.update(min="0", placeholder="0.00", step="any")
                field.help_text = PER_SEARCH if unit == "per_search" else PER_MILLION
                if self.instance._state.adding:
                    field.initial = self.initial[unit] = None

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for factor in ModelPrice.FACTORS:
            if cleaned.get(factor) is not None and cleaned[factor] <= 0:
                self.add_error(factor, _("Enter a factor above 0. 1 changes nothing."))
        return cleaned


class PriceInline(WriteOnce, TabularInline):
    model = ModelPrice
    form = PriceForm
    extra = 0
    fields = ("valid_from", "speed", "above_prompt_tokens", *ModelPrice.UNITS)
    verbose_name_plural = _("prices (USD per million tokens; add a row for a new price)")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelPrice]:
        rows: QuerySet[ModelPrice] = super().get_queryset(request)
        return rows.select_related("model").order_by("-valid_from", "speed", "above_prompt_tokens", "id")


class IndentedJSONField(forms.JSONField):
    """JSON of which every digit is kept."""

    default_error_messages: ClassVar[dict[str, Any]] = {"invalid": _("This is not valid JSON.")}

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"decoder": ExactDecoder, **options})

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except forms.ValidationError as error:
            if not isinstance(error.__context__, json.JSONDecodeError):
                raise
            place = {"line": error.__context__.lineno, "column": error.__context__.colno}
            raise forms.ValidationError(
                _("This is not valid JSON: check line %(line)d, column %(column)d."),
                code="invalid",
                params=place,
            ) from error
        except (RecursionError, ValueError) as error:  # nested too deep, or a number of thousands of digits
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from error

    def bound_data(self, data: Any, initial: Any) -> Any:
        try:
            return super().bound_data(data, initial)
        except (RecursionError, ValueError):
            return data

    def prepare_value(self, value: Any) -> Any:
        if value is None:
            return ""  # None is shown as an empty field, not as "null"
        return value if isinstance(value, str) else indented_json(value)


class LanguageModelForm(forms.ModelForm):
    capabilities = IndentedJSONField(
        label=_("Capabilities"), required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 12})
    )

    def clean_capabilities(self) -> dict[str, Any]:
        value = self.cleaned_data["capabilities"] or {}
        if not isinstance(value, dict):
            raise forms.ValidationError(_("Enter a JSON object."))
        return value

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        default, longest = cleaned.get("default_max_tokens"), cleaned.get("max_output_tokens")
        if default is not None and longest is not None and not 1 <= default <= longest:
            # The constraint would report this above the form, without a field.
            self.add_error(
                "default_max_tokens", _("The default answer limit must be between 1 and the longest answer.")
            )
        return cleaned


@admin.register(LanguageModel)
class LanguageModelAdmin(ExplainsUse, HistoryAdmin, DeletesWrittenOnce):
    form = LanguageModelForm
    empty_text = _("No models yet. Open a connection and fetch its models.")
    inlines = (PriceInline,)
    written_once = (ModelPrice,)
    list_display = (
        "display_name",
        "connection",
        "model_id",
        "stage",
        "context",
        "price_count",
        "order",
        "enabled",
    )
    list_editable = ("order", "enabled")
    list_filter = ("connection", "enabled", "lifecycle", "line")
    list_select_related = ("connection",)
    search_fields = ("display_name", "model_id")
    ordering = ("connection__order", "order", "model_id", "id")
    warn_unsaved_form = True
    fieldsets = (
        (
            None,
            {"fields": ("display_name", ("connection", "model_id"), "canonical_id", ("enabled", "order"))},
        ),
        (
            _("Limits"),
            {
                "fields": (
                    ("max_input_tokens", "max_output_tokens"),
                    ("default_max_tokens", "min_cacheable_tokens"),
                )
            },
        ),
        (
            _("From the provider"),
            {
                "fields": (("line", "lifecycle"), "retires_at", "capabilities"),
                "description": _("Updated from the catalogue and the provider’s list of models."),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[LanguageModel]:
        rows: QuerySet[LanguageModel] = super().get_queryset(request)
        return rows.annotate(prices_known=Count("prices"))

    @display(
        description=_("lifecycle"),
        ordering="lifecycle",
        label={"active": "success", "deprecated": "warning", "retired": "danger"},
    )
    def stage(self, model: LanguageModel) -> tuple[str, str]:
        return model.lifecycle, model.get_lifecycle_display()

    @display(description=_("context (tokens)"), ordering="max_input_tokens")
    def context(self, model: LanguageModel) -> str:
        return f"{model.max_input_tokens:,}"

    @display(description=_("prices"), ordering="prices_known")
    def price_count(self, model: Any) -> str:
        return str(model.prices_known or _("unknown"))


def _amount(unit: str, label: Any) -> Callable[[Any, ModelPrice], str]:
    """Return a column that shows a price without trailing zeros."""

    @display(description=label, ordering=unit)
    def shown(_options: Any, price: ModelPrice) -> str:
        return f"{getattr(price, unit).normalize():f}"

    return shown


@admin.register(ModelPrice)
class ModelPriceAdmin(WriteOnce, BigTableAdmin):
    form = PriceForm
    empty_text = _("No prices yet. Without a price, a model’s calls are recorded with an unknown cost.")
    list_display = (
        "model",
        "valid_from",
        "speed",
        "above_prompt_tokens",
        "shown_input",
        "shown_write_5m",
        "shown_write_1h",
        "shown_read",
        "shown_output",
    )
    shown_input = _amount("input", _("input"))
    shown_write_5m = _amount("write_5m", _("cache write, 5 min"))
    shown_write_1h = _amount("write_1h", _("cache write, 1 h"))
    shown_read = _amount("read", _("cache read"))
    shown_output = _amount("output", _("output"))
    list_filter = ("speed", "model__connection")
    list_select_related = ("model__connection",)
    search_fields = ("model__display_name", "model__model_id")
    ordering = ("-valid_from", "model_id", "id")
    autocomplete_fields = ("model",)
    fieldsets = (
        (
            None,
            {
                "fields": ("model", "valid_from", ("speed", "above_prompt_tokens")),
                "description": _("Prices can’t be edited. Add a new price; it applies from its start time."),
            },
        ),
        (
            _("USD per million tokens"),
            {"fields": (("input", "output"), ("write_5m", "write_1h"), ("read", "per_search"))},
        ),
        (
            _("Factors"),
            {
                "fields": (("batch_factor", "us_factor"),),
                "description": _("Token prices are multiplied by these factors. Search prices are not."),
            },
        ),
    )
