"""Tool calls. Staff see which tools run, when, and how calls end. Only superusers see inputs and results."""

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

from chat.admin.base import BigTableAdmin, ReadOnly, pretty_json
from chat.admin.diagnostics.conversations import log_reading, may_read_content
from chat.models import ToolCall
from chat.models.transcript.conversations import listed

COLOURS = {
    "waiting": "warning",
    "ready": "info",
    "running": "info",
    "done": "success",
    "failed": "danger",
    "denied": "warning",
    "expired": "warning",
    "stopped": "warning",
}
ABOUT = (
    ("name", "status"),
    ("turn_row", "tool_use_id"),
    ("decided", "decided_by"),
    ("decided_at", "expires_at"),
    "created_at",
    ("started_at", "finished_at"),
    "failed",
)
CONTENT = ("shown_input", "shown_edited_input", "reason", "shown_result")


@admin.register(ToolCall)
class ToolCallAdmin(ReadOnly, BigTableAdmin):
    empty_text = _("No tool calls yet.")
    list_display = ("created_at", "name", "state", "decided", "seconds")
    list_filter = ("status", "decision", "tool", ("created_at", RangeDateTimeFilter))
    list_filter_submit = True
    search_fields = ("=id", "=turn__id", "=tool_use_id", "name")
    search_help_text = _("Tool name, or id of a call or turn")
    ordering = ("-id",)
    readonly_fields = ("turn_row", "failed", "decided", "shown_input", "shown_edited_input", "shown_result")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ToolCall]:
        rows: QuerySet[ToolCall] = super().get_queryset(request).select_related("decided_by", "tool")
        return rows.filter(listed("turn__conversation__")).defer("input", "edited_input", "reason", "result")

    def get_fields(self, request: HttpRequest, obj: ToolCall | None = None) -> tuple[Any, ...]:
        return (*ABOUT, *CONTENT) if may_read_content(request) else ABOUT

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        call = super().get_object(request, object_id, from_field)
        if call is not None and may_read_content(request):
            log_reading(request, "tool_call", call.pk)
        return call

    @display(description=_("status"), ordering="status", label=COLOURS)
    def state(self, call: ToolCall) -> tuple[str, str]:
        return call.status, call.get_status_display()

    @display(description=_("decision"), ordering="decision")
    def decided(self, call: ToolCall) -> str:
        return call.get_decision_display() or "-"

    @display(description=_("error"))
    def failed(self, call: ToolCall) -> SafeString | str:
        if not call.is_error:
            return str(_("no error"))
        return format_html('<span class="text-red-600 dark:text-red-500">{}</span>', _("failed"))

    @display(description=_("seconds"))
    def seconds(self, call: ToolCall) -> str:
        if call.started_at is None or call.finished_at is None:
            return "-"
        return f"{(call.finished_at - call.started_at).total_seconds():.1f}"

    @display(description=_("turn"))
    def turn_row(self, call: ToolCall) -> SafeString:
        address = reverse("admin:chat_turn_change", args=[call.turn_id])
        return format_html('<a class="text-link" href="{}">{}</a>', address, call.turn_id)

    @display(description=_("input"))
    def shown_input(self, call: ToolCall) -> SafeString:
        return pretty_json(call.input)

    @display(description=_("edited input"))
    def shown_edited_input(self, call: ToolCall) -> SafeString | str:
        return "-" if call.edited_input is None else pretty_json(call.edited_input)

    @display(description=_("result"))
    def shown_result(self, call: ToolCall) -> SafeString | str:
        return "-" if call.result is None else pretty_json(call.result)
