"""Frames and their cache health: the tokens that calls read, wrote and missed in the last week, with reasons."""

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.formats import date_format, number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from chat.admin.base import BigTableAdmin, ReadOnly, pretty_json
from chat.admin.diagnostics.conversations import log_reading, may_read_content
from chat.claude.request.output_schema import without_output_schema
from chat.models import Frame
from chat.operations.staff.cache_health import Health, daily_health, health_of
from chat.presentation import cache_misses

SHARES = (
    ("read_tokens", _("read"), "var(--color-primary-600)"),
    ("written_tokens", _("written"), "var(--color-primary-300)"),
    ("plain_tokens", _("not cached"), "var(--color-base-400)"),
)


@admin.register(Frame)
class FrameAdmin(ReadOnly, BigTableAdmin):
    """A frame contains the prompt that staff wrote and never a message of a person.

    Its output schema may come from a program of a person, so only superusers see it, and the log says who did.
    """

    empty_text = _("No request frames yet. A frame is what all requests with the same settings share.")
    list_display = ("short_digest", "model_id", "calls", "read", "written", "missed", "why", "created_at")
    search_fields = ("digest__startswith",)
    search_help_text = _("Start of the digest")
    ordering = ("-created_at", "digest")
    fields = ("digest", "created_at", "cache_health", "shown_body")
    readonly_fields = ("cache_health", "shown_body")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Read the cache health of this page's frames in one query, before the cells are rendered."""
        page = super().get_changelist_instance(request)
        found = health_of(frame.digest for frame in page.result_list)
        for frame in page.result_list:
            frame.health = found[frame.digest]
        return page

    @display(description=_("digest"), ordering="digest")
    def short_digest(self, frame: Frame) -> str:
        return str(frame)

    @display(description=_("model"))
    def model_id(self, frame: Frame) -> str:
        return str(frame.body.get("model", "-"))

    @display(description=_("calls in 7 days"))
    def calls(self, frame: Any) -> str:
        return _number(frame.health.calls)

    @display(description=_("read from the cache"))
    def read(self, frame: Any) -> str:
        return f"{frame.health.read_share:.0%} ({_number(frame.health.read_tokens)})"

    @display(description=_("written"))
    def written(self, frame: Any) -> str:
        return _number(frame.health.written_tokens)

    @display(description=_("missed"))
    def missed(self, frame: Any) -> str:
        return _number(frame.health.missed_tokens)

    @display(description=_("why"))
    def why(self, frame: Any) -> str:
        return cache_misses.cache_miss(next(iter(frame.health.reasons), "")) or "-"

    @display(description=_("cache in the last 7 days"))
    def cache_health(self, frame: Frame) -> SafeString:
        days = daily_health(frame.digest)
        health = health_of([frame.digest])[frame.digest]
        reasons = [(cache_misses.cache_miss(code), tokens) for code, tokens in health.reasons.items()]
        context = {"health": health, "days": days.items(), "reasons": reasons, "chart": _chart(days)}
        return render_to_string("admin/chat/frame/cache_health.html", context)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        frame = super().get_object(request, object_id, from_field)
        if frame is None:
            return None
        redacted = without_output_schema(frame.body)
        if redacted != frame.body:
            if may_read_content(request):
                log_reading(request, "output_schema", frame.pk)
            else:
                frame.body = redacted
        return frame

    @display(description=_("body"))
    def shown_body(self, frame: Frame) -> SafeString:
        return pretty_json(frame.body)


def _chart(days: dict[Any, Health]) -> dict[str, str]:
    """Return the data of a week's bar chart in the theme's format: one bar per day, stacked by cache result."""
    datasets = [
        {
            "label": str(label),
            "data": [getattr(health, name) for health in days.values()],
            "backgroundColor": colour,
            "stack": "tokens",
        }
        for name, label, colour in SHARES
    ]
    labels = [date_format(day, "SHORT_DATE_FORMAT") for day in days]
    return {
        "data": json.dumps({"labels": labels, "datasets": datasets}),
        "label": gettext("Tokens of prompts by day: read from the cache, written to it, not cached"),
    }


def _number(value: int) -> str:
    return str(number_format(value, use_l10n=True, force_grouping=True))
