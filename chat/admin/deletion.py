"""Rows that something else uses can't be deleted. Their page says what uses them and offers to switch them off."""

from collections.abc import Iterable
from typing import Any

from django.contrib.admin.utils import quote
from django.core.exceptions import FieldDoesNotExist, PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from chat.admin.base import TableAdmin


class ExplainsUse(TableAdmin):
    def users_of(self, obj: Any) -> Iterable[Model]:
        """Return rows that use this one although no foreign key protects it."""
        return ()

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, Any, Any]:
        rows, counts, missing, protected = super().get_deleted_objects(objs, request)
        return (
            rows,
            counts,
            missing,
            [*protected, *(_linked(user) for obj in objs for user in self.users_of(obj))],
        )

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_switch_off"
        view = self.admin_site.admin_view(self.switch_off)
        return [path("<path:object_id>/switch-off/", view, name=name), *super().get_urls()]

    def render_delete_form(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        obj = context["object"]
        if self._can_switch_off() and obj.enabled and self.has_change_permission(request, obj):
            name = f"admin:{self.opts.app_label}_{self.opts.model_name}_switch_off"
            context["switch_off"] = reverse(name, args=[quote(obj.pk)])
        page: HttpResponse = super().render_delete_form(request, context)
        return page

    def switch_off(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        obj: Any = self.get_object(request, object_id)
        if obj is None or not self._can_switch_off():
            raise Http404
        if not self.has_change_permission(request, obj):
            raise PermissionDenied
        obj.enabled = False
        obj.save(update_fields=["enabled"])
        self.log_change(request, obj, "switched off")
        self.message_user(request, _("“%(name)s” was switched off.") % {"name": obj})
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", object_id=obj.pk)

    def _can_switch_off(self) -> bool:
        try:
            self.opts.get_field("enabled")
        except FieldDoesNotExist:
            return False
        return True


def _linked(row: Model) -> str:
    address = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[quote(row.pk)])
    kind = capfirst(str(row._meta.verbose_name))
    return format_html('{}: <a class="text-link" href="{}">{}</a>', kind, address, row)
