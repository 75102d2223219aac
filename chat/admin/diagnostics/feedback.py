"""What people think of answers. Staff read the opinion; the answer itself only where they may read content."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from chat.admin.base import BigTableAdmin, ReadOnly, preformatted
from chat.admin.diagnostics.conversations import conversation_link
from chat.models import Feedback


@admin.register(Feedback)
class FeedbackAdmin(ReadOnly, BigTableAdmin):
    empty_text = _("No feedback yet. People rate answers with the buttons below them.")
    list_display = ("updated_at", "opinion", "shown_reason", "beginning", "assistant", "model", "person")
    list_filter = ("rating", "reason", "assistant", "model", ("updated_at", RangeDateTimeFilter))
    list_filter_submit = True
    list_select_related = ("assistant", "model__connection", "person", "message")
    search_fields = ("words", "person__email", "=message__id")
    search_help_text = _("Words, person, or id of a message")
    ordering = ("-id",)
    fields = (
        ("opinion", "shown_reason"),
        "shown_words",
        ("assistant", "model"),
        "person",
        ("conversation_row", "message_row"),
        ("created_at", "updated_at"),
    )
    readonly_fields = ("opinion", "shown_reason", "shown_words", "conversation_row", "message_row")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Feedback]:
        rows: QuerySet[Feedback] = super().get_queryset(request)
        return rows.defer("message__content", "message__text", "message__stop_details")

    @display(description=_("rating"), ordering="rating", label={1: "success", -1: "danger"})
    def opinion(self, row: Feedback) -> tuple[int, str]:
        return row.rating, capfirst(str(row.get_rating_display()))

    @display(description=_("reason"), ordering="reason")
    def shown_reason(self, row: Feedback) -> str:
        return row.get_reason_display() or "-"

    @display(description=_("words"))
    def beginning(self, row: Feedback) -> str:
        return row.words if len(row.words) <= 80 else f"{row.words[:80]}…"

    @display(description=_("words"))
    def shown_words(self, row: Feedback) -> SafeString | str:
        return preformatted(row.words)

    @display(description=_("conversation"))
    def conversation_row(self, row: Feedback) -> SafeString | str:
        return conversation_link(row.message.conversation_id)

    @display(description=_("message"))
    def message_row(self, row: Feedback) -> str:
        return str(row.message_id)
