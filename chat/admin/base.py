"""What the admin's modules share: lists without a full count, tables that are only read, and rows written once."""

import json
from typing import Any

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
    """A table that grows without end: pages go on until there are no more rows, nothing counts them all."""

    paginator = InfinitePaginator
    show_full_result_count = False
    list_per_page = 50


class ReadOnly:
    """Nobody adds, changes or deletes here, superusers included."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class WriteOnce:
    """Rows are added and then stay as they are; they only go together with the row that they belong to."""

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class DeletesWrittenOnce(ModelAdmin):
    """An owner of write-once rows: deleting it takes them along."""

    written_once: tuple[type[Model], ...] = ()

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, Any, Any]:
        rows, counts, missing, protected = super().get_deleted_objects(objs, request)
        return rows, counts, missing - {model._meta.verbose_name for model in self.written_once}, protected


class ReadOnlyInline(ReadOnly, InlineModelAdmin):
    extra = 0
    max_num = 0
    can_delete = False
    show_change_link = True


def pretty_json(value: Any) -> SafeString:
    """Show exact JSON readably, keys in their stored order."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    if len(text) > JSON_LIMIT:
        text = text[:JSON_LIMIT] + "\n…"
    return preformatted(text)


def preformatted(text: str) -> SafeString:
    """Show text as it is, wrapped, in a box that scrolls."""
    return format_html(
        '<pre class="max-h-96 overflow-auto whitespace-pre-wrap break-words rounded-default bg-base-50 p-3 text-xs '
        'dark:bg-white/[.04]">{}</pre>',
        text,
    )


def usd(value: Any) -> str:
    """Write an amount of US dollars so that small costs stay visible."""
    return f"${value:,.2f}" if value >= 1 or not value else f"${value:.6f}"


def cents(value: Any) -> str:
    """Write a sum, where fractions of a cent are nobody's concern."""
    return f"${value:,.2f}"


def unbroken(text: str) -> SafeString:
    """Keep a name on one line of a narrow column."""
    return format_html('<span class="whitespace-nowrap">{}</span>', text)


def done(request: HttpRequest, options: ModelAdmin) -> HttpResponse:
    """Answer a dialog: the page behind it is loaded anew and shows the messages."""
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Refresh": "true"})
    return redirect(f"admin:{options.opts.app_label}_{options.opts.model_name}_changelist")
