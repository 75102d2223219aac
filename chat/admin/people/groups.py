"""Groups: an audience of assistants, and the rights of staff. Only superusers change them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.models import Group, Permission
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from chat.admin.base import TableAdmin
from chat.admin.deletion import ExplainsUse
from chat.admin.people.roles import ROLES, held_roles, with_roles
from chat.models import Assistant

VERBS: dict[str, Any] = {
    "view": _("view"),
    "add": _("add"),
    "change": _("change"),
    "delete": _("delete"),
}

if admin.site.is_registered(Group):
    admin.site.unregister(Group)


def shown_permissions() -> QuerySet[Permission]:
    """Return the permissions of the admin's tables, without those of history rows."""
    known = Permission.objects.filter(content_type__app_label__in=("chat", "mfa"))
    known = known.exclude(codename__contains="historical").select_related("content_type")
    return known.order_by("content_type__app_label", "content_type__model", "codename")


class PermissionChoiceField(forms.ModelMultipleChoiceField):
    """Rights by table and verb. Django keeps their names in English only."""

    def label_from_instance(self, obj: Any) -> str:
        verb = obj.codename.split("_", 1)[0]
        model = obj.content_type.model_class()
        table = capfirst(str(model._meta.verbose_name_plural)) if model else obj.content_type.model
        return f"{table}: {VERBS[verb]}" if verb in VERBS else str(obj.name)


class GroupForm(forms.ModelForm):
    roles = forms.MultipleChoiceField(
        label=_("Roles"),
        required=False,
        choices=[(name, f"{role.label}: {role.hint}") for name, role in ROLES.items()],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("For groups of staff. Members also need the staff switch on their own page."),
    )

    class Meta:
        model = Group
        fields = ("name", "permissions")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "roles" in self.fields:
            self.fields["roles"].choices = [  # type: ignore[attr-defined]
                (name, f"{role.label}: {role.hint}") for name, role in ROLES.items()
            ]
            self.initial["roles"] = held_roles(self._codenames())

    def _codenames(self) -> set[str]:
        if self.instance._state.adding:
            return set()
        return set(self.instance.permissions.values_list("codename", flat=True))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "roles" in cleaned and "permissions" in cleaned:
            chosen = cleaned["permissions"]
            ours = {right.codename for right in chosen if right.content_type.app_label == "chat"}
            ours = with_roles(ours, before=set(held_roles(self._codenames())), after=set(cleaned["roles"]))
            others = [right.pk for right in chosen if right.content_type.app_label != "chat"]
            kept = Permission.objects.filter(content_type__app_label="chat", codename__in=ours)
            cleaned["permissions"] = kept | Permission.objects.filter(pk__in=others)
        return cleaned


@admin.register(Group)
class GroupAdmin(ExplainsUse, DjangoGroupAdmin, TableAdmin):
    form = GroupForm
    empty_text = _("No groups yet. A group decides who gets an assistant, and which rights staff have.")
    list_display = ("name", "member_count", "assistant_count")
    ordering = ("name",)
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("name", "roles")}),
        (_("Single rights"), {"fields": ("permissions",), "classes": ("collapse",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        rows: QuerySet[Group] = super().get_queryset(request)
        return rows.annotate(
            members=Count("user", distinct=True), assistants=Count("assistant", distinct=True)
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return _is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return _is_superuser(request)

    def users_of(self, obj: Group) -> QuerySet[Assistant]:
        return Assistant.objects.filter(audience_groups=obj).by_preference()

    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest | None = None, **kwargs: Any
    ) -> Any:
        if db_field.name == "permissions":
            return PermissionChoiceField(
                label=_("Rights"),
                required=False,
                queryset=shown_permissions(),
                widget=UnfoldAdminCheckboxSelectMultipleWidget,
            )
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    @display(description=_("people"), ordering="members")
    def member_count(self, group: Any) -> int:
        return int(group.members)

    @display(description=_("assistants"), ordering="assistants")
    def assistant_count(self, group: Any) -> int:
        return int(group.assistants)


def _is_superuser(request: HttpRequest) -> bool:
    """A group is also an audience and may have a budget, so changing one changes what people may use and spend."""
    return bool(request.user.is_active and request.user.is_superuser)
