"""Connections, their models and prices, with a live test that sends one tiny request."""

import json
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget

from chat.admin.base import BigTableAdmin, DeletesWrittenOnce, WriteOnce, done
from chat.admin.connection_form import ConnectionForm
from chat.models import LanguageModel, ModelPrice, ProviderConnection
from chat.operations.connections import test_connection
from chat.operations.model_sync import sync_models

TEST = {
    "title": _("Test this connection?"),
    "description": _("One tiny request is sent to its first model. It is entered in the ledger."),
    "form_class": None,
    "form_submit_text": _("Test now"),
}
FETCH = {
    "title": _("Fetch the list of models?"),
    "description": _(
        "Limits, capabilities and lifecycle follow what the provider says; new models are added."
    ),
    "form_class": None,
    "form_submit_text": _("Fetch"),
}


@admin.register(ProviderConnection)
class ProviderConnectionAdmin(SimpleHistoryAdmin, DeletesWrittenOnce, ModelAdmin):
    form = ConnectionForm
    written_once = (ModelPrice,)
    list_display = (
        "name",
        "kind",
        "address",
        "credential_source",
        "state",
        "model_count",
        "order",
        "enabled",
    )
    list_editable = ("order", "enabled")
    list_filter = ("kind", "enabled")
    search_fields = ("name", "base_url")
    ordering = ("order", "created_at", "id")
    actions = ("test_selected",)
    actions_detail = ("test", "fetch_models")
    actions_row = ("test", "fetch_models")
    warn_unsaved_form = True
    fieldsets = (
        (None, {"fields": ("name", "kind", ("enabled", "order"))}),
        (
            _("Address and credential"),
            {"fields": ("base_url", "credential_env", "new_credential", "clear_credential")},
        ),
        (
            _("Limits"),
            {
                "fields": (
                    ("connect_timeout_seconds", "content_idle_seconds"),
                    ("turn_limit_seconds", "max_concurrency"),
                    ("max_retries", "retry_after_limit_seconds"),
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProviderConnection]:
        rows: QuerySet[ProviderConnection] = super().get_queryset(request)
        return rows.annotate(models_on=Count("language_models"))

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> type[forms.ModelForm]:
        # The list edits two columns only; the form with the credential is the change page's.
        return super().get_changelist_form(request, **{**kwargs, "form": forms.ModelForm})

    @action(description=_("Test"), permissions=["change"], url_path="test", icon="network_check", dialog=TEST)
    def test(self, request: HttpRequest, form: forms.Form, object_id: str) -> HttpResponse:
        self._tried(request, self.get_object(request, object_id))
        return done(request, self)

    @action(
        description=_("Fetch models"),
        permissions=["change"],
        url_path="fetch-models",
        icon="sync",
        dialog=FETCH,
    )
    def fetch_models(self, request: HttpRequest, form: forms.Form, object_id: str) -> HttpResponse:
        connection = self.get_object(request, object_id)
        if connection is not None:
            self._fetched(request, connection)
        return done(request, self)

    @admin.action(description=_("Test the selected connections"), permissions=["change"])
    def test_selected(self, request: HttpRequest, queryset: QuerySet[ProviderConnection]) -> None:
        for connection in queryset:
            self._tried(request, connection)

    def _tried(self, request: HttpRequest, connection: ProviderConnection | None) -> None:
        if connection is None:
            return
        seen = test_connection(connection_id=connection.id, user=request.user)  # type: ignore[arg-type]
        self.message_user(
            request, f"{connection.name}: {seen.message}", messages.SUCCESS if seen.ok else messages.ERROR
        )

    def _fetched(self, request: HttpRequest, connection: ProviderConnection) -> None:
        report = sync_models(connection)
        if report.problem:
            self.message_user(request, f"{connection.name}: {report.problem}", messages.ERROR)
            return
        words = _("%(name)s: %(added)d models added, %(changed)d changed.")
        counts = {"name": connection.name, "added": len(report.added), "changed": len(report.changed)}
        self.message_user(request, words % counts, messages.SUCCESS)
        if report.unpriced:
            self.message_user(
                request,
                ngettext(
                    "%(names)s has no known price. Add one, then switch the model on.",
                    "%(names)s have no known price. Add prices, then switch the models on.",
                    len(report.unpriced),
                )
                % {"names": ", ".join(report.unpriced[:10])},
                messages.WARNING,
            )

    @display(description=_("address"), ordering="base_url")
    def address(self, connection: ProviderConnection) -> str:
        return connection.base_url or str(_("the provider's own"))

    @display(description=_("credential"))
    def credential_source(self, connection: ProviderConnection) -> str:
        if connection.credential_env:
            return connection.credential_env
        return str(_("stored")) if connection.credential else str(_("none"))

    @display(description=_("state"), label={"ready": "success", "problem": "danger", "off": "warning"})
    def state(self, connection: ProviderConnection) -> tuple[str, str]:
        if not connection.enabled:
            return "off", str(_("off"))
        return ("problem", connection.problem()) if connection.problem() else ("ready", str(_("ready")))

    @display(description=_("models"), ordering="models_on")
    def model_count(self, connection: Any) -> int:
        return int(connection.models_on)


class PriceInline(WriteOnce, TabularInline):
    model = ModelPrice
    extra = 0
    fields = ("valid_from", "speed", "above_prompt_tokens", *ModelPrice.UNITS)
    verbose_name_plural = _("prices (USD per million tokens; a new price is a new row)")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelPrice]:
        rows: QuerySet[ModelPrice] = super().get_queryset(request)
        return rows.select_related("model").order_by("-valid_from", "speed", "above_prompt_tokens", "id")


class IndentedJSONField(forms.JSONField):
    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except (RecursionError, ValueError) as error:  # nested too deep, or a number of thousands of digits
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from error

    def bound_data(self, data: Any, initial: Any) -> Any:
        try:
            return super().bound_data(data, initial)
        except (RecursionError, ValueError):
            return data

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


class LanguageModelForm(forms.ModelForm):
    capabilities = IndentedJSONField(
        label=_("Capabilities"), required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 12})
    )

    def clean_capabilities(self) -> dict[str, Any]:
        value = self.cleaned_data["capabilities"] or {}
        if not isinstance(value, dict):
            raise forms.ValidationError(_("Write a JSON object."))
        return value


@admin.register(LanguageModel)
class LanguageModelAdmin(SimpleHistoryAdmin, DeletesWrittenOnce, ModelAdmin):
    form = LanguageModelForm
    inlines = (PriceInline,)
    written_once = (ModelPrice,)
    list_display = (
        "display_name",
        "connection",
        "model_id",
        "stage",
        "max_input_tokens",
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
        (None, {"fields": ("display_name", ("connection", "model_id"), ("enabled", "order"))}),
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
            _("What the provider says"),
            {
                "fields": (("line", "lifecycle"), "retires_at", "capabilities"),
                "description": _("Refreshed from the catalogue and from the provider's list of models."),
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

    @display(description=_("prices"), ordering="prices_known")
    def price_count(self, model: Any) -> str:
        return str(model.prices_known or _("unknown"))


def _amount(unit: str, label: Any) -> Callable[[Any, ModelPrice], str]:
    """Make a column that shows a price without trailing zeros."""

    @display(description=label, ordering=unit)
    def shown(_options: Any, price: ModelPrice) -> str:
        return f"{getattr(price, unit).normalize():f}"

    return shown


@admin.register(ModelPrice)
class ModelPriceAdmin(WriteOnce, BigTableAdmin):
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
    shown_write_5m = _amount("write_5m", _("write, 5 min"))
    shown_write_1h = _amount("write_1h", _("write, 1 h"))
    shown_read = _amount("read", _("read"))
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
                "description": _(
                    "A price is never changed. Calls from its moment on are billed by the new row."
                ),
            },
        ),
        (
            _("USD per million tokens"),
            {"fields": (("input", "output"), ("write_5m", "write_1h"), ("read", "per_search"))},
        ),
    )
