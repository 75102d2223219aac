"""Turns and their stored events, read only."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from chat.admin.base import BigTableAdmin, ReadOnly, preformatted
from chat.admin.diagnostics.conversations import conversation_link, log_reading, may_read_content
from chat.models import Turn, TurnEvent

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
    list_display = ("created_at", "state", "author", "model", "door", "error_code", "stop_reason", "last_seq")
    list_filter = ("status", "door", "error_code", ("created_at", RangeDateTimeFilter), "model")
    list_filter_submit = True
    list_select_related = ("author", "model")
    search_fields = ("=id", "=conversation__id", "=client_id", "author__email")
    search_help_text = _("Person, or id of a turn or conversation")
    ordering = ("-id",)
    readonly_fields = ("id", "conversation_row", "frame_row", "calls_row")
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
                    ("frame_row", "calls_row"),
                )
            },
        ),
        (
            _("Outcome"),
            {
                "fields": (
                    ("created_at", "finished_at"),
                    "started_at",
                    ("stop_reason", "stop_requested_at"),
                    ("error_code", "error_detail"),
                    "notices",
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
        return rows.select_related("author", "model", "api_key")

    @display(description=_("status"), ordering="status", label=COLOURS)
    def state(self, turn: Turn) -> tuple[str, str]:
        return turn.status, turn.get_status_display()

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
    list_display = ("created_at", "turn_id", "first_seq", "last_seq")
    search_fields = ("=turn__id",)
    search_help_text = _("Id of a turn")
    ordering = ("-id",)
    readonly_fields = ("turn_id", "shown_frames")

    def get_queryset(self, request: HttpRequest) -> QuerySet[TurnEvent]:
        rows: QuerySet[TurnEvent] = super().get_queryset(request)
        return rows if may_read_content(request) else rows.defer("frames")

    def get_fields(self, request: HttpRequest, obj: TurnEvent | None = None) -> tuple[Any, ...]:
        about = ("turn_id", ("first_seq", "last_seq"), "created_at")
        return (*about, "shown_frames") if may_read_content(request) else about

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        event = super().get_object(request, object_id, from_field)
        if event is not None and may_read_content(request):
            log_reading(request, "turn_event", event.pk)
        return event

    @display(description=_("events"))
    def shown_frames(self, event: TurnEvent) -> SafeString:
        return preformatted(event.frames)
