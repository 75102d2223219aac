"""The ledger, read only, with search and filters."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from chat.admin.base import BigTableAdmin, ReadOnly, dollars, nowrap, pretty_json
from chat.admin.diagnostics.conversations import conversation_link
from chat.admin.diagnostics.outcomes import error_with_code, stop_reason_with_code
from chat.models import ApiCall
from chat.presentation import cache_misses


@admin.register(ApiCall)
class ApiCallAdmin(ReadOnly, BigTableAdmin):
    empty_text = _("No calls yet. Each request to a provider becomes a row here.")
    link_lookups = ("turn__id__exact",)
    list_display = (
        "started_at",
        "state",
        "named_model",
        "user",
        "purpose",
        "door",
        "tokens",
        "cost",
        "certainty",
    )
    list_filter = (
        ("started_at", RangeDateTimeFilter),
        "status",
        "certainty",
        "purpose",
        "door",
        "connection",
    )
    list_filter_submit = True
    list_select_related = ("user",)
    search_fields = ("=key", "=upstream_request_id", "user__email", "model_name")
    search_help_text = _("Person, model, row key or the provider’s request id")
    ordering = ("-started_at", "-id")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("key", "status"),
                    ("purpose", "door"),
                    ("user", "api_key"),
                    "assistant",
                    ("conversation_row", "turn_row"),
                    ("connection", "connection_name"),
                    ("model", "model_name"),
                    ("attempt", "frame_row"),
                )
            },
        ),
        (
            _("Outcome"),
            {
                "fields": (
                    ("started_at", "finished_at"),
                    "first_byte_at",
                    ("http_status", "shown_error"),
                    "shown_stop_reason",
                    ("upstream_request_id", "upstream_message_id"),
                )
            },
        ),
        (
            _("Tokens and cost"),
            {
                "fields": (
                    ("input_tokens", "output_tokens"),
                    ("thinking_tokens", "web_search_requests"),
                    ("cache_write_5m_tokens", "cache_write_1h_tokens"),
                    ("cache_read_tokens", "cache_missed_tokens"),
                    "cache_miss",
                    ("cost_usd", "certainty"),
                    ("speed", "inference_geo"),
                    "unit_prices_shown",
                    "usage_shown",
                )
            },
        ),
    )
    readonly_fields = (
        "shown_error",
        "shown_stop_reason",
        "conversation_row",
        "turn_row",
        "frame_row",
        "cache_miss",
        "unit_prices_shown",
        "usage_shown",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiCall]:
        rows: QuerySet[ApiCall] = super().get_queryset(request)
        if request.resolver_match and request.resolver_match.url_name == "chat_apicall_changelist":
            return rows.defer("usage", "unit_prices")
        return rows.select_related(
            "user", "api_key", "assistant", "connection", "model__connection", "turn", "conversation"
        )

    @display(
        description=_("status"),
        ordering="status",
        label={"succeeded": "success", "failed": "danger", "cut": "warning", "open": "info"},
    )
    def state(self, call: ApiCall) -> tuple[str, str]:
        return call.status, call.get_status_display()

    @display(description=_("model"), ordering="model_name")
    def named_model(self, call: ApiCall) -> SafeString:
        return nowrap(call.model_name)

    @display(description=_("input → output tokens"))
    def tokens(self, call: ApiCall) -> SafeString:
        prompt = call.input_tokens + call.cache_read_tokens
        prompt += call.cache_write_5m_tokens + call.cache_write_1h_tokens
        return nowrap(f"{prompt:,} → {call.output_tokens:,}")

    @display(description=_("cost"), ordering="cost_usd")
    def cost(self, call: ApiCall) -> str:
        return dollars(call.cost_usd)

    @display(description=_("conversation"))
    def conversation_row(self, call: ApiCall) -> SafeString | str:
        return conversation_link(call.conversation_id)

    @display(description=_("error"))
    def shown_error(self, call: ApiCall) -> str:
        return error_with_code(call.error_code, "")

    @display(description=_("stop reason"))
    def shown_stop_reason(self, call: ApiCall) -> str:
        return stop_reason_with_code(call.stop_reason)

    @display(description=_("turn"))
    def turn_row(self, call: ApiCall) -> SafeString | str:
        if not call.turn_id:
            return "-"
        address = reverse("admin:chat_turn_change", args=[call.turn_id])
        return format_html('<a class="text-link" href="{}">{}</a>', address, call.turn_id)

    @display(description=_("request frame"))
    def frame_row(self, call: ApiCall) -> SafeString | str:
        if not call.frame_digest:
            return "-"
        address = reverse("admin:chat_frame_change", args=[call.frame_digest])
        return format_html('<a class="text-link" href="{}">{}</a>', address, call.frame_digest[:12])

    @display(description=_("reason for the cache miss"))
    def cache_miss(self, call: ApiCall) -> str:
        return cache_misses.cache_miss(call.cache_miss_reason) or "-"

    @display(description=_("unit prices"))
    def unit_prices_shown(self, call: ApiCall) -> SafeString:
        return pretty_json(call.unit_prices)

    @display(description=_("usage"))
    def usage_shown(self, call: ApiCall) -> SafeString:
        return pretty_json(call.usage)
