"""Shared parts of the admin: which filters a table takes, lists without a full count, read-only tables, history."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.apps import apps
from django.contrib.admin.filters import SimpleListFilter
from django.contrib.admin.options import InlineModelAdmin
from django.contrib.admin.utils import get_fields_from_path
from django.core.exceptions import ValidationError
from django.db.models import BooleanField, DateField, Model, QuerySet
from django.db.models.fields.related import RelatedField
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.paginator import InfinitePaginator
from unfold.views import ChangeList

from chat.admin.history import ReadableChanges, entry_in_words
from chat.claude.encoding.exact_numbers import indented_json

JSON_LIMIT = 200_000
# SQLite refuses longer patterns, and a text that people search for is shorter.
MAX_SEARCH_CHARACTERS = 200
HISTORY_ID_DIGITS = 18


class TableAdmin(ModelAdmin):
    """The base of every table. Its list is filtered by its list filters only.

    Django would take any lookup on any column. Staff who see only metadata could then read texts and secrets letter
    by letter (`?text__regex=^a`), and a slow expression would stop the server on SQLite.
    """

    link_lookups: tuple[str, ...] = ()  # lookups of the admin's own links to this list
    keeps_history = True  # its pages link the history
    empty_text: Any = ""  # what an empty list says: what its rows are and how they come to be

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return "\0" not in value and lookup in self._allowed_lookups(request)

    def _allowed_lookups(self, request: HttpRequest | None) -> set[str]:
        allowed = set(self.link_lookups)
        for item in self.get_list_filter(request):
            if isinstance(item, type) and issubclass(item, SimpleListFilter):
                allowed.add(str(item.parameter_name))
            else:
                path, kind = item if isinstance(item, tuple) else (item, None)
                allowed.update(_filter_lookups(self.model, str(path), kind))
        return allowed

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return super().get_search_results(request, queryset, search_term[:MAX_SEARCH_CHARACTERS])

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Let the page's title be the table's name instead of a request to select a row."""
        title = capfirst(str(self.opts.verbose_name_plural))
        page: HttpResponse = super().changelist_view(request, {"title": title, **(extra_context or {})})
        return page

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, Any, Any]:
        """Leave out the rows that only join two tables: their names say nothing."""
        rows, counts, missing, protected = super().get_deleted_objects(objs, request)
        joins = {
            model._meta for model in apps.get_models(include_auto_created=True) if model._meta.auto_created
        }
        kinds = tuple(f"{capfirst(str(join.verbose_name))}: " for join in joins)
        plurals = {str(join.verbose_name_plural) for join in joins}
        kept = {name: count for name, count in counts.items() if str(name) not in plurals}
        return _without(rows, kinds), kept, missing, protected

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        page: Any = super().history_view(request, object_id, extra_context)
        for entry in (getattr(page, "context_data", None) or {}).get("action_list", ()):
            entry.words = entry_in_words(entry)
        return page


def _without(rows: list[Any], kinds: tuple[str, ...]) -> list[Any]:
    """Return a nested list of texts without those that start with one of these."""
    return [
        _without(row, kinds) if isinstance(row, list) else row
        for row in rows
        if isinstance(row, list) or not str(row).startswith(kinds)
    ]


def _filter_lookups(model: type[Model], path: str, kind: type | None) -> Iterator[str]:
    """Return the names of the parameters that a list filter on this column sends."""
    if kind is RangeDateTimeFilter:
        yield from (f"{path}_{end}_{part}" for end in ("from", "to") for part in (0, 1))
        return
    yield f"{path}__isnull"
    field = get_fields_from_path(model, path)[-1]
    if isinstance(field, RelatedField):
        yield f"{path}__{field.target_field.name}__exact"
    elif isinstance(field, DateField):
        yield from (f"{path}__gte", f"{path}__lt")
    elif field.choices or field.get_internal_type() == "BooleanField":
        yield from (f"{path}__exact", f"{path}__in")
    else:
        yield path


class HistoryAdmin(SimpleHistoryAdmin, TableAdmin):
    """A table whose rows have a history."""

    def get_historical_record_context_helper(self, request: HttpRequest, historical_record: Any) -> Any:
        return ReadableChanges(self.model, historical_record)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        try:
            page: HttpResponse = super().history_view(request, object_id, extra_context)
        except (ValidationError, ValueError) as error:  # the id is not one that a row can have
            raise Http404 from error
        return page

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: Any = None
    ) -> HttpResponse:
        if not (version_id.isdecimal() and len(version_id) <= HISTORY_ID_DIGITS):
            raise Http404
        version = self.model.history.filter(history_id=version_id).first()
        shown = {"seen_at": version.history_date if version else "", **(extra_context or {})}
        try:
            page: HttpResponse = super().history_form_view(request, object_id, version_id, shown)
        except (ValidationError, ValueError) as error:
            raise Http404 from error
        return page


class UncountedChangeList(ChangeList):
    """A page of a list whose rows are not counted: it knows its own rows and whether more follow."""

    @property
    def first_row(self) -> int:
        return (self.page_num - 1) * self.list_per_page + 1

    @property
    def last_row(self) -> int:
        return self.first_row + len(self.result_list) - 1

    @cached_property
    def has_more(self) -> bool:
        after = self.page_num * self.list_per_page
        return len(self.result_list) == self.list_per_page and self.queryset[after : after + 1].exists()


class BigTableAdmin(TableAdmin):
    """A table that grows without limit. Its list is paged without counting all rows."""

    paginator = InfinitePaginator
    show_full_result_count = False
    list_per_page = 50

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return UncountedChangeList


class ReadOnly:
    """Refuse adding, changing and deleting, for superusers too."""

    keeps_history = False  # its pages link no history, which would always be empty

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


class DeletesWrittenOnce(TableAdmin):
    """A model with write-once rows, which are deleted together with their owner."""

    written_once: tuple[type[Model], ...] = ()

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, Any, Any]:
        rows, counts, missing, protected = super().get_deleted_objects(objs, request)
        return rows, counts, missing - {model._meta.verbose_name for model in self.written_once}, protected


class EmptyLabels:
    """Names the empty choice of select fields: `empty_labels` has the label by field name."""

    empty_labels: ClassVar[dict[str, Any]] = {}

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        # The theme has a select of its own for booleans that may be empty, without such a label.
        if isinstance(db_field, BooleanField) and db_field.name in self.empty_labels:
            return self.formfield_for_choice_field(db_field, request, **kwargs)
        return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]

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


def shown_if(field: str, condition: str) -> str:
    """Return the condition of a conditional field. On a page that only shows values, the field is always shown."""
    return f"typeof {field} === 'undefined' || ({condition})"


def pretty_json(value: Any) -> SafeString:
    """Return the value as indented JSON, keys in their stored order, in a scrolling box."""
    text = indented_json(value)
    if len(text) > JSON_LIMIT:
        text = text[:JSON_LIMIT] + "\n…"
    return preformatted(text)


def preformatted(text: str) -> SafeString:
    """Return the text unchanged, wrapped, in a box that scrolls; "-" without a text."""
    if not text:
        return SafeString("-")
    return format_html(
        '<pre tabindex="0" class="max-h-96 overflow-auto whitespace-pre-wrap break-words rounded-default bg-base-50 '
        'p-3 text-xs dark:bg-white/[.04]">{}</pre>',
        text,
    )


def dollars(value: Any) -> str:
    """Return an amount of US dollars with enough digits for small costs."""
    return f"${value:,.2f}" if value >= 1 or not value else f"${value:.6f}"


def cents(value: Any) -> str:
    """Return an amount of US dollars, rounded to cents."""
    return f"${value:,.2f}"


def nowrap(text: str) -> SafeString:
    """Return the text in an element that does not wrap, for names in narrow columns."""
    return format_html('<span class="whitespace-nowrap">{}</span>', text)


# The attributes of an action that needs no dialog: a script sends it by POST.
AT_ONCE = {"data-post": ""}


def back_to(options: ModelAdmin, row: Model | None) -> HttpResponse:
    """Return a redirect to a row's page, or to the list if there is no row."""
    name = f"admin:{options.opts.app_label}_{options.opts.model_name}"
    return redirect(f"{name}_change", object_id=row.pk) if row else redirect(f"{name}_changelist")


def done(request: HttpRequest, options: ModelAdmin) -> HttpResponse:
    """Return the response to a dialog: the page behind it reloads and shows the messages."""
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Refresh": "true"})
    return redirect(f"admin:{options.opts.app_label}_{options.opts.model_name}_changelist")
