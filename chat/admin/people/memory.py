"""Memory entries: whose, how many and when. Only superusers see their texts, and each view is logged."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from chat.admin.base import ReadOnly
from chat.admin.diagnostics.conversations import ContentList, conversation_link, log_reading, may_read_content
from chat.models import MemoryEntry


@admin.register(MemoryEntry)
class MemoryEntryAdmin(ReadOnly, ContentList):
    empty_text = _("No entries yet. People keep them on their own settings page, where memory is on.")
    content_kind = "memory_entry"
    list_display = ("created_at", "user", "shown_text", "updated_at")
    list_select_related = ("user",)
    ordering = ("-id",)
    search_fields = ("=id", "user__email")
    search_help_text = _("Person or id")
    readonly_fields = ("shown_text", "conversation_row")

    def get_queryset(self, request: HttpRequest) -> QuerySet[MemoryEntry]:
        rows: QuerySet[MemoryEntry] = super().get_queryset(request)
        return rows if may_read_content(request) else rows.defer("text")

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        return tuple(name for name in self.list_display if name != "shown_text" or may_read_content(request))

    def get_fields(self, request: HttpRequest, obj: MemoryEntry | None = None) -> tuple[Any, ...]:
        about = ("user", "conversation_row", ("created_at", "updated_at"))
        return ("shown_text", *about) if may_read_content(request) else about

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        entry = super().get_object(request, object_id, from_field)
        if entry is None:
            return None
        if may_read_content(request):
            log_reading(request, "memory_entry", entry.pk)
        else:
            entry.text = ""  # the page's heading prints it
        return entry

    @display(description=_("text"))
    def shown_text(self, entry: MemoryEntry) -> str:
        return entry.text

    @display(description=_("conversation"))
    def conversation_row(self, entry: MemoryEntry) -> SafeString | str:
        return conversation_link(entry.conversation_id)
