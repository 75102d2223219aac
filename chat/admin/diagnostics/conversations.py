"""Conversations and messages. Staff see owners and counts. Only superusers see texts, and each view is logged.

What its owner has deleted and what is temporary is not there, for superusers neither.
"""

from typing import Any

import structlog
from django.contrib import admin
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Left
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from chat.admin.base import BigTableAdmin, ReadOnly, preformatted, pretty_json
from chat.admin.diagnostics.outcomes import stop_reason_text, stop_reason_with_code
from chat.admin.diagnostics.transcript import transcript
from chat.models import Conversation, Message
from chat.models.transcript.conversations import listed

log = structlog.get_logger(__name__)


def conversation_link(conversation_id: object) -> SafeString | str:
    """Return a link to a conversation with its id as the text, because a title would reveal its content."""
    if conversation_id is None:
        return "-"
    address = reverse("admin:chat_conversation_change", args=[conversation_id])
    return format_html('<a class="text-link" href="{}">{}</a>', address, conversation_id)


def may_read_content(request: HttpRequest) -> bool:
    """Return whether this user may read the messages of other people."""
    return bool(request.user.is_active and request.user.is_superuser)


def log_reading(request: HttpRequest, kind: str, object_id: object) -> None:
    """Log that a user opened a person's content. The content is not logged."""
    log.info("content_read", reader=str(request.user.pk), kind=kind, id=str(object_id))


class ContentList(BigTableAdmin):
    """A table whose list shows superusers the starts of people's texts. A log line names the rows of each page."""

    content_kind = ""  # as in the line of one opened row, with "_list" added

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        page = super().get_changelist_instance(request)
        if may_read_content(request) and page.result_list:
            ids = [str(row.pk) for row in page.result_list]
            log.info("content_read", reader=str(request.user.pk), kind=f"{self.content_kind}_list", ids=ids)
        return page


@admin.register(Conversation)
class ConversationAdmin(ReadOnly, ContentList):
    empty_text = _("No conversations yet.")
    content_kind = "conversation"
    link_lookups = ("project__id__exact",)
    list_display = (
        "short_id",
        "owner",
        "shown_title",
        "assistant",
        "message_count",
        "last_message_at",
        "archived",
    )
    list_filter = ("archived", "assistant", "model")
    list_select_related = ("owner", "assistant")
    ordering = ("-id",)
    search_help_text = _("Person or id")
    fields = (
        ("id", "owner"),
        "shown_title",
        ("assistant", "model"),
        ("pinned", "archived"),
        ("created_at", "last_message_at"),
        "messages_link",
        "shown_transcript",
    )
    readonly_fields = ("id", "shown_title", "messages_link", "shown_transcript")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        counted = (
            Message.objects.filter(conversation=OuterRef("pk"))
            .order_by()
            .values("conversation")
            .annotate(count=Count("pk"))
            .values("count")
        )
        rows: QuerySet[Conversation] = super().get_queryset(request).filter(listed())
        return rows.annotate(message_count=Coalesce(Subquery(counted, output_field=IntegerField()), 0))

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return ("=id", "owner__email", *(("title",) if may_read_content(request) else ()))

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        return tuple(name for name in self.list_display if name != "shown_title" or may_read_content(request))

    def get_fields(self, request: HttpRequest, obj: Conversation | None = None) -> tuple[Any, ...]:
        content = ("shown_title", "shown_transcript")
        return tuple(name for name in self.fields if name not in content or may_read_content(request))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        conversation = super().get_object(request, object_id, from_field)
        if conversation is None:
            return None
        if may_read_content(request):
            log_reading(request, "conversation", conversation.pk)
        else:
            conversation.title = ""  # the page's heading prints it
        return conversation

    @display(description=_("id"))
    def short_id(self, conversation: Conversation) -> str:
        return f"{str(conversation.id)[:13]}…"

    @display(description=_("title"))
    def shown_title(self, conversation: Conversation) -> str:
        return str(conversation)

    @display(description=_("messages"), ordering="message_count")
    def message_count(self, conversation: Any) -> int:
        return int(conversation.message_count)

    @display(description=_("transcript"))
    def shown_transcript(self, conversation: Conversation) -> SafeString:
        return transcript(conversation)

    @display(description=_("messages"))
    def messages_link(self, conversation: Any) -> SafeString:
        address = reverse("admin:chat_message_changelist") + f"?conversation__id__exact={conversation.id}"
        return format_html('<a class="text-link" href="{}">{}</a>', address, conversation.message_count)


@admin.register(Message)
class MessageAdmin(ReadOnly, ContentList):
    empty_text = _("No messages yet.")
    content_kind = "message"
    link_lookups = ("conversation__id__exact",)
    list_display = ("created_at", "role", "author", "shown_text", "model_name", "status", "ended")
    list_filter = ("role", "status", "kind")
    list_select_related = ("conversation__owner",)
    ordering = ("-id",)
    search_help_text = _("Person, or id of a message or conversation")
    readonly_fields = ("id", "conversation_row", "shown_text", "shown_content", "shown_stop_reason")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """Read the beginnings of texts: a list of whole ones, of 16 MB each, would take the server's memory."""
        rows: QuerySet[Message] = super().get_queryset(request).filter(listed("conversation__"))
        rows = rows.defer("content", "text", "stop_details")
        return rows.annotate(beginning=Left("text", 81)) if may_read_content(request) else rows

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return (
            "=id",
            "=conversation__id",
            "conversation__owner__email",
            *(("text",) if may_read_content(request) else ()),
        )

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        return tuple(name for name in self.list_display if name != "shown_text" or may_read_content(request))

    def get_fields(self, request: HttpRequest, obj: Message | None = None) -> tuple[Any, ...]:
        about = (
            ("id", "conversation_row"),
            ("role", "kind"),
            "status",
            ("depth", "parent_row"),
            ("model_name", "shown_stop_reason"),
            "created_at",
        )
        return (*about, "shown_content") if may_read_content(request) else about

    def get_readonly_fields(self, request: HttpRequest, obj: Message | None = None) -> tuple[str, ...]:
        return (*self.readonly_fields, "parent_row")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        message = super().get_object(request, object_id, from_field)
        if message is None:
            return None
        if may_read_content(request):
            log_reading(request, "message", message.pk)
        else:
            message.text, message.content = "", []  # the page's heading prints the text
        return message

    @display(description=_("previous message"))
    def parent_row(self, message: Message) -> SafeString | str:
        if message.parent_id is None:
            return "-"
        address = reverse("admin:chat_message_change", args=[message.parent_id])
        return format_html('<a class="text-link" href="{}">{}</a>', address, message.parent_id)

    @display(description=_("person"))
    def author(self, message: Message) -> str:
        return str(message.conversation.owner)

    @display(description=_("text"))
    def shown_text(self, message: Any) -> str:
        beginning = str(message.beginning)
        return beginning if len(beginning) <= 80 else f"{beginning[:80]}…"

    @display(description=_("stop reason"))
    def ended(self, message: Message) -> str:
        return stop_reason_text(message.stop_reason)

    @display(description=_("stop reason"))
    def shown_stop_reason(self, message: Message) -> str:
        return stop_reason_with_code(message.stop_reason)

    @display(description=_("conversation"))
    def conversation_row(self, message: Message) -> SafeString | str:
        return conversation_link(message.conversation_id)

    @display(description=_("content"))
    def shown_content(self, message: Message) -> SafeString:
        return format_html("{}{}", preformatted(message.text), pretty_json(message.content))
