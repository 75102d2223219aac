"""Turns and their stored events, read only."""

from typing import Any

from django.contrib import admin
from django.db.models import F, OuterRef, QuerySet, Subquery, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from chat.admin.base import BigTableAdmin, ReadOnly, dollars, nowrap, preformatted, pretty_json
from chat.admin.diagnostics.conversations import conversation_link, log_reading, may_read_content
from chat.admin.diagnostics.outcomes import error_with_code, outcome, stop_reason_with_code
from chat.models import ApiCall, Turn, TurnEvent
from chat.models.transcript.conversations import listed

COLOURS = {
    "completed": "success",
    "running": "info",
    "queued": "info",
    "waiting": "info",
    "failed": "danger",
    "interrupted": "warning",
    "refused": "warning",
    "stopped": "warning",
}


@admin.register(Turn)
class TurnAdmin(ReadOnly, BigTableAdmin):
    empty_text = _("No turns yet. Each answer is a turn.")
    list_display = (
        "created_at",
        "state",
        "author",
        "named_model",
        "door",
        "shown_outcome",
        "tokens",
        "cost",
        "seconds",
    )
    list_filter = ("status", "door", "error_code", ("created_at", RangeDateTimeFilter), "model")
    list_filter_submit = True
    list_select_related = ("author", "model")
    search_fields = ("=id", "=conversation__id", "=client_id", "author__email")
    search_help_text = _("Person, or id of a turn or conversation")
    ordering = ("-id",)
    readonly_fields = (
        "id",
        "conversation_row",
        "frame_row",
        "calls_row",
        "cost",
        "tokens",
        "seconds",
        "shown_error",
        "shown_stop_reason",
        "shown_notices",
        "answers_next",
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("id", "status"),
                    ("author", "api_key"),
                    "door",
                    ("conversation_row", "client_id"),
                    ("model", "max_tokens"),
                    "requested_length",
                    ("frame_row", "calls_row"),
                    ("cost", "tokens"),
                    "seconds",
                )
            },
        ),
        (
            _("Outcome"),
            {
                "fields": (
                    ("created_at", "finished_at"),
                    "started_at",
                    ("shown_stop_reason", "stop_requested_at"),
                    ("shown_error", "error_detail"),
                    "shown_notices",
                    "answers_next",
                )
            },
        ),
        (
            _("Lease"),
            {"fields": (("owner", "fence"), "heartbeat_at", ("last_seq", "recovered_seq"))},
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Turn]:
        rows: QuerySet[Turn] = super().get_queryset(request)
        calls = ApiCall.objects.filter(turn=OuterRef("pk")).order_by().values("turn")
        read = (
            F("input_tokens")
            + F("cache_read_tokens")
            + F("cache_write_5m_tokens")
            + F("cache_write_1h_tokens")
        )
        return rows.select_related("author", "model", "api_key").annotate(
            cost_usd=Subquery(calls.annotate(sum=Sum("cost_usd")).values("sum")),
            read_tokens=Subquery(calls.annotate(sum=Sum(read)).values("sum")),
            output_tokens=Subquery(calls.annotate(sum=Sum("output_tokens")).values("sum")),
        )

    @display(description=_("status"), ordering="status", label=COLOURS)
    def state(self, turn: Turn) -> tuple[str, str]:
        return turn.status, turn.get_status_display()

    @display(description=_("model"), ordering="model__display_name")
    def named_model(self, turn: Turn) -> SafeString | str:
        return nowrap(str(turn.model)) if turn.model else "-"

    @display(description=_("outcome"))
    def shown_outcome(self, turn: Turn) -> SafeString | str:
        return outcome(turn.error_code, turn.error_detail, turn.stop_reason)

    @display(description=_("error"))
    def shown_error(self, turn: Turn) -> str:
        return error_with_code(turn.error_code, turn.error_detail)

    @display(description=_("notices"))
    def shown_notices(self, turn: Turn) -> SafeString | str:
        return pretty_json(turn.notices) if turn.notices else "-"

    @display(description=_("answers next"))
    def answers_next(self, turn: Turn) -> str:
        return ", ".join(one["name"] for one in turn.compare_with or ()) or "-"

    @display(description=_("stop reason"))
    def shown_stop_reason(self, turn: Turn) -> str:
        return stop_reason_with_code(turn.stop_reason)

    @display(description=_("cost"))
    def cost(self, turn: Any) -> str:
        return "-" if turn.cost_usd is None else dollars(turn.cost_usd)

    @display(description=_("input → output tokens"))
    def tokens(self, turn: Any) -> SafeString | str:
        if turn.read_tokens is None:
            return "-"
        return nowrap(f"{turn.read_tokens:,} → {turn.output_tokens:,}")

    @display(description=_("seconds"))
    def seconds(self, turn: Turn) -> str:
        if turn.finished_at is None:
            return "-"
        return f"{max(0.0, (turn.finished_at - turn.created_at).total_seconds()):.1f}"

    @display(description=_("conversation"))
    def conversation_row(self, turn: Turn) -> SafeString | str:
        return conversation_link(turn.conversation_id)

    @display(description=_("request frame"))
    def frame_row(self, turn: Turn) -> SafeString:
        address = reverse("admin:chat_frame_change", args=[turn.frame_id])
        return format_html('<a class="text-link" href="{}">{}</a>', address, turn.frame_id[:12])

    @display(description=_("API calls"))
    def calls_row(self, turn: Turn) -> SafeString:
        address = reverse("admin:chat_apicall_changelist") + f"?turn__id__exact={turn.id}"
        return format_html('<a class="text-link" href="{}">{}</a>', address, turn.api_calls.count())


@admin.register(TurnEvent)
class TurnEventAdmin(ReadOnly, BigTableAdmin):
    empty_text = _("No events are stored. They are deleted an hour after a turn ends.")
    list_display = ("created_at", "turn_row", "first_seq", "last_seq")
    search_fields = ("=turn__id",)
    search_help_text = _("Id of a turn")
    ordering = ("-id",)
    readonly_fields = ("turn_row", "shown_frames")

    def get_queryset(self, request: HttpRequest) -> QuerySet[TurnEvent]:
        rows: QuerySet[TurnEvent] = super().get_queryset(request).filter(listed("turn__conversation__"))
        return rows.defer("frames")

    def get_fields(self, request: HttpRequest, obj: TurnEvent | None = None) -> tuple[Any, ...]:
        about = ("turn_row", ("first_seq", "last_seq"), "created_at")
        return (*about, "shown_frames") if may_read_content(request) else about

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        event = super().get_object(request, object_id, from_field)
        if event is not None and may_read_content(request):
            log_reading(request, "turn_event", event.pk)
        return event

    @display(description=_("turn"), ordering="turn_id")
    def turn_row(self, event: TurnEvent) -> SafeString:
        address = reverse("admin:chat_turn_change", args=[event.turn_id])
        return format_html('<a class="text-link" href="{}">{}</a>', address, event.turn_id)

    @display(description=_("events"))
    def shown_frames(self, event: TurnEvent) -> SafeString:
        return preformatted(event.frames)
