"""Attached files: number, size and owner. Only superusers see their names and texts."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from chat.admin.base import ReadOnly, preformatted
from chat.admin.diagnostics.conversations import ContentList, conversation_link, log_reading, may_read_content
from chat.models import Attachment
from chat.models.transcript.conversations import listed
from chat.presentation.figures import file_size

SHOWN_CHARACTERS = 20_000


@admin.register(Attachment)
class AttachmentAdmin(ReadOnly, ContentList):
    empty_text = _("No files yet. Files that people add to messages appear here.")
    content_kind = "attachment"
    list_display = ("created_at", "owner", "kind", "shown_name", "size", "pages", "message_count")
    list_filter = ("kind",)
    list_select_related = ("owner", "original")
    ordering = ("-id",)
    search_help_text = _("Person, id, or SHA-256 of the upload")
    readonly_fields = ("shown_name", "size", "digest", "in_conversations", "shown_text")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attachment]:
        rows: QuerySet[Attachment] = super().get_queryset(request)
        # Not by a join, which would repeat a file for each of its messages.
        hidden = Attachment.messages.through.objects.exclude(listed("message__conversation__"))
        rows = rows.exclude(Exists(hidden.filter(attachment=OuterRef("pk"))))
        return rows.annotate(message_count=Count("messages")).defer("text")

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return ("=id", "owner__email", "=original__digest", *(("name",) if may_read_content(request) else ()))

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        return tuple(name for name in self.list_display if name != "shown_name" or may_read_content(request))

    def get_fields(self, request: HttpRequest, obj: Attachment | None = None) -> tuple[Any, ...]:
        about = (
            ("id", "owner"),
            ("kind", "size"),
            ("width", "height", "pages"),
            "digest",
            "in_conversations",
            "created_at",
        )
        return ("shown_name", *about, "shown_text") if may_read_content(request) else about

    def get_readonly_fields(self, request: HttpRequest, obj: Attachment | None = None) -> tuple[str, ...]:
        return (*self.readonly_fields, "id", "created_at")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        attachment = super().get_object(request, object_id, from_field)
        if attachment is None:
            return None
        if may_read_content(request):
            log_reading(request, "attachment", attachment.pk)
        else:
            attachment.name, attachment.text = "", ""  # the page's heading prints the name
        return attachment

    @display(description=_("name"))
    def shown_name(self, attachment: Attachment) -> str:
        return attachment.name

    @display(description=_("size"))
    def size(self, attachment: Attachment) -> str:
        return file_size(attachment.original.size_bytes)

    @display(description=_("SHA-256"))
    def digest(self, attachment: Attachment) -> str:
        return attachment.original.digest

    @display(description=_("messages"), ordering="message_count")
    def message_count(self, attachment: Any) -> int:
        return int(attachment.message_count)

    @display(description=_("conversations"))
    def in_conversations(self, attachment: Attachment) -> SafeString | str:
        found = attachment.messages.order_by("conversation_id").values_list("conversation_id", flat=True)
        links = ((conversation_link(one),) for one in found.distinct()[:20])
        return format_html_join(" ", "{}", links) or "-"

    @display(description=_("text"))
    def shown_text(self, attachment: Attachment) -> SafeString:
        return preformatted(attachment.text[:SHOWN_CHARACTERS])
