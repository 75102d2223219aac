"""Connections: a form per kind, fetching the list of models, and a test that sends one small request."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display

from chat.admin.base import AT_ONCE, DeletesWrittenOnce, HistoryAdmin, back_to, done
from chat.admin.deletion import ExplainsUse
from chat.admin.models.connection_form import ConnectionForm, address_fields, credential_fields
from chat.models import ModelPrice, ProviderConnection
from chat.models.catalogue.platforms import Gap, platform_of
from chat.models.fields import is_kept
from chat.operations.catalogue.connection_test import test_connection
from chat.operations.catalogue.seed import regional_factor
from chat.operations.catalogue.sync import sync_models

TEST = {
    "title": _("Test this connection?"),
    "description": _(
        "One very small request is sent to the first model of this connection. It is recorded in the ledger."
    ),
    "form_class": None,
    "form_submit_text": _("Test now"),
}
STATES = {"ready": "success", "problem": "danger", "off": "warning", "uncached": "warning"}
CHOOSE = "admin/chat/providerconnection/choose_kind.html"
LIMITS = (
    ("connect_timeout_seconds", "content_idle_seconds"),
    ("turn_limit_seconds", "max_concurrency"),
    ("max_retries", "retry_after_limit_seconds"),
)


def chosen_kind(request: HttpRequest) -> str:
    """Return the chosen kind of a new connection; "" if none is chosen yet."""
    kind = request.POST.get("kind") or request.GET.get("kind") or ""
    return kind if kind in ProviderConnection.Kind.values else ""


def missing_features(kind: str) -> str:
    """Return a sentence with the features that a kind lacks; "" if it lacks none."""
    gaps = [str(gap.label) for gap in Gap if platform_of(kind).lacks(gap)]
    return _("Not available: %(gaps)s.") % {"gaps": ", ".join(gaps)} if gaps else ""


def cache_note(connection: ProviderConnection) -> str:
    """Return that cache breakpoints are left out after a refusal, and until when; "" otherwise."""
    until = connection.cache_control_returns_at
    if until is None:
        return ""
    words = _("The server refused cache breakpoints. They are left out until %(until)s, then tried again.")
    return words % {"until": formats.localize(timezone.localtime(until))}


def kind_text(kind: str) -> str:
    """Return the name of a kind and the features that it lacks."""
    label = dict(ProviderConnection.Kind.choices).get(kind, "")
    return f"{label}. {missing_features(kind)}" if label else ""


@admin.register(ProviderConnection)
class ProviderConnectionAdmin(ExplainsUse, HistoryAdmin, DeletesWrittenOnce):
    form = ConnectionForm
    empty_text = _("No connections yet. A connection is an account at a provider of Claude.")
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

    def get_fieldsets(self, request: HttpRequest, obj: ProviderConnection | None = None) -> Any:
        kind = obj.kind if obj else chosen_kind(request)
        platform = platform_of(kind)
        return (
            (
                None,
                {
                    "fields": ("name", "kind", ("enabled", "order")),
                    "description": missing_features(kind) if obj else kind_text(kind),
                },
            ),
            (_("Address"), {"fields": address_fields(platform)}),
            (
                _("Credential"),
                {"fields": credential_fields(platform, stored=obj is not None and is_kept(obj.credential))},
            ),
            (_("Limits"), {"fields": LIMITS}),
            (
                _("Caching"),
                {"fields": ("sends_cache_control",), "description": cache_note(obj) if obj else ""},
            ),
        )

    def get_form(self, request: HttpRequest, obj: ProviderConnection | None = None, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, **kwargs)
        form.by_superuser = bool(request.user.is_superuser)
        return form

    def get_readonly_fields(
        self, request: HttpRequest, obj: ProviderConnection | None = None
    ) -> tuple[str, ...]:
        """Return the kind for a saved connection: settings and credentials of one kind don't fit another."""
        return ("kind",) if obj else ()

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        if chosen_kind(request):
            answer: HttpResponse = super().add_view(request, form_url, extra_context)
            return answer
        kinds = [(kind, label, missing_features(kind)) for kind, label in ProviderConnection.Kind.choices]
        context = {**self.admin_site.each_context(request), "title": _("What kind of connection?")}
        return TemplateResponse(request, CHOOSE, context | {"kinds": kinds, "opts": self.opts})

    def save_model(self, request: HttpRequest, obj: ProviderConnection, form: Any, change: bool) -> None:
        if "sends_cache_control" in form.changed_data:
            obj.cache_control_refused_at = None
        super().save_model(request, obj, form, change)
        if isinstance(form, ConnectionForm) and form.shortened_address:
            words = _("%(name)s: the base URL was saved as %(address)s. Parley adds the rest itself.")
            told = {"name": obj.name, "address": form.shortened_address}
            self.message_user(request, words % told, messages.INFO)
        if not change and obj.platform.lacks(Gap.MODELS_LIST):
            self._fetch(request, obj)
        if obj.enabled and obj.problem():
            self.message_user(request, f"{obj.name}: {obj.problem()}", messages.WARNING)
        if change and "region" in form.changed_data:
            self._warn_about_prices(
                request, obj, ProviderConnection(kind=obj.kind, region=form.initial["region"])
            )

    def _warn_about_prices(
        self, request: HttpRequest, connection: ProviderConnection, before: ProviderConnection
    ) -> None:
        """Warn that the prices were not changed although the new region has other prices."""
        factor = regional_factor(connection) / regional_factor(before)
        if factor != 1 and ModelPrice.objects.filter(model__connection=connection).exists():
            words = _(
                "%(name)s: this region has different prices. The prices of its models were not "
                "changed. Add price rows with %(factor)s times the current prices."
            )
            told = {"name": connection.name, "factor": f"{factor:.4g}"}
            self.message_user(request, words % told, messages.WARNING)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProviderConnection]:
        rows: QuerySet[ProviderConnection] = super().get_queryset(request)
        return rows.annotate(models_on=Count("language_models"))

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> type[forms.ModelForm]:
        # The list edits two columns only. The form with the credential is for the change page.
        return super().get_changelist_form(request, **{**kwargs, "form": forms.ModelForm})

    @action(description=_("Test"), permissions=["change"], url_path="test", icon="network_check", dialog=TEST)
    def test(self, request: HttpRequest, form: forms.Form, object_id: str) -> HttpResponse:
        self._run_test(request, self.get_object(request, object_id))
        return done(request, self)

    @action(
        description=_("Fetch models"),
        permissions=["change"],
        url_path="fetch-models",
        icon="sync",
        attrs=AT_ONCE,
    )
    def fetch_models(self, request: HttpRequest, object_id: str) -> HttpResponse:
        connection = self.get_object(request, object_id)
        if connection is not None and request.method == "POST":
            self._fetch(request, connection)
        return back_to(self, connection)

    @admin.action(description=_("Test the selected connections"), permissions=["change"])
    def test_selected(self, request: HttpRequest, queryset: QuerySet[ProviderConnection]) -> None:
        for connection in queryset:
            self._run_test(request, connection)

    def _run_test(self, request: HttpRequest, connection: ProviderConnection | None) -> None:
        if connection is None:
            return
        seen = test_connection(connection_id=connection.id, user=request.user)  # type: ignore[arg-type]
        self.message_user(
            request, f"{connection.name}: {seen.message}", messages.SUCCESS if seen.ok else messages.ERROR
        )

    def _fetch(self, request: HttpRequest, connection: ProviderConnection) -> None:
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
        return connection.base_url or connection.region or connection.resource or str(_("provider default"))

    @display(description=_("credential"))
    def credential_source(self, connection: ProviderConnection) -> str:
        if connection.ambient:
            return str(_("identity of this server"))
        if connection.credential_env:
            return connection.credential_env
        return str(_("stored")) if is_kept(connection.credential) else str(_("none"))

    @display(description=_("state"), label=STATES)
    def state(self, connection: ProviderConnection) -> tuple[str, str]:
        if not connection.enabled:
            return "off", str(_("off"))
        if not connection.problem() and connection.cache_control_returns_at:
            return "uncached", cache_note(connection)
        return ("problem", connection.problem()) if connection.problem() else ("ready", str(_("ready")))

    @display(description=_("models"), ordering="models_on")
    def model_count(self, connection: Any) -> int:
        return int(connection.models_on)
