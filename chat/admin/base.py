"""Shared parts of the admin: lists without a full count, read-only tables, and rows that are written once."""

import json
from typing import Any, ClassVar

from django.contrib.admin.options import InlineModelAdmin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.paginator import InfinitePaginator

JSON_LIMIT = 200_000


class BigTableAdmin(ModelAdmin):
    """A table that grows without limit. Its list is paged without counting all rows."""

    paginator = InfinitePaginator
    show_full_result_count = False
    list_per_page = 50


class ReadOnly:
    """Refuse adding, changing and deleting, for superusers too."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class WriteOnce:
    """Rows can be added but not changed. They are deleted only together with the row that they belong to."""

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class DeletesWrittenOnce(ModelAdmin):
    """A model with write-once rows, which are deleted together with their owner."""

    written_once: tuple[type[Model], ...] = ()

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, Any, Any]:
        rows, counts, missing, protected = super().get_deleted_objects(objs, request)
        return rows, counts, missing - {model._meta.verbose_name for model in self.written_once}, protected


class EmptyLabels:
    """Names the empty choice of select fields: `empty_labels` has the label by field name."""

    empty_labels: ClassVar[dict[str, Any]] = {}

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        label = self.empty_labels.get(db_field.name)
        if label is not None:
            kwargs["choices"] = db_field.get_choices(include_blank=True, blank_choice=[("", label)])
        return super().formfield_for_choice_field(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]
        if field is not None and db_field.name in self.empty_labels:
            field.empty_label = self.empty_labels[db_field.name]
        return field


class ReadOnlyInline(ReadOnly, InlineModelAdmin):
    extra = 0
    max_num = 0
    can_delete = False
    show_change_link = True


def pretty_json(value: Any) -> SafeString:
    """Return the value as indented JSON, keys in their stored order, in a scrolling box."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    if len(text) > JSON_LIMIT:
        text = text[:JSON_LIMIT] + "\n…"
    return preformatted(text)


def preformatted(text: str) -> SafeString:
    """Return the text unchanged, wrapped, in a box that scrolls."""
    return format_html(
        '<pre class="max-h-96 overflow-auto whitespace-pre-wrap break-words rounded-default bg-base-50 p-3 text-xs '
        'dark:bg-white/[.04]">{}</pre>',
        text,
    )


def usd(value: Any) -> str:
    """Return an amount of US dollars with enough digits for small costs."""
    return f"${value:,.2f}" if value >= 1 or not value else f"${value:.6f}"


def cents(value: Any) -> str:
    """Return an amount of US dollars, rounded to cents."""
    return f"${value:,.2f}"


def nowrap(text: str) -> SafeString:
    """Return the text in an element that does not wrap, for names in narrow columns."""
    return format_html('<span class="whitespace-nowrap">{}</span>', text)


def done(request: HttpRequest, options: ModelAdmin) -> HttpResponse:
    """Return the response to a dialog: the page behind it reloads and shows the messages."""
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Refresh": "true"})
    return redirect(f"admin:{options.opts.app_label}_{options.opts.model_name}_changelist")
