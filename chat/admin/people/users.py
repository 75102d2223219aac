"""People, groups and second factors. Only superusers may change ranks or edit another staff member."""

from typing import Any, ClassVar

# Imported first, so that their registrations exist and can be replaced.
import allauth.account.admin
import allauth.mfa.admin  # noqa: F401
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, Permission
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.forms import EmailField, ModelForm
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminEmailInputWidget

from chat.admin.base import EmptyLabels, ReadOnlyInline
from chat.models import User
from chat.operations.accounts.users import confirm_email

admin.site.unregister(Authenticator)
admin.site.unregister(EmailAddress)
if admin.site.is_registered(Group):
    admin.site.unregister(Group)

RANK = ("is_staff", "is_superuser", "groups")


class PersonCreationForm(UserCreationForm):
    class Meta:
        model = User
        fields = ("email",)
        field_classes = {"email": EmailField}
        widgets = {"email": UnfoldAdminEmailInputWidget}


class PersonChangeForm(ModelForm):
    """A form without the framework's password field, which would show a part of the hash."""

    class Meta:
        model = User
        fields = ("email", "first_name", "last_name", "language", "is_active", *RANK)


class EmailAddressInline(ReadOnlyInline, TabularInline):
    model = EmailAddress
    fields = ("email", "verified", "primary")
    verbose_name_plural = _("email addresses")
    show_change_link = False


@admin.register(User)
class UserAdmin(EmptyLabels, DjangoUserAdmin, ModelAdmin):
    empty_labels: ClassVar[dict[str, Any]] = {"language": _("Same as browser")}
    form = PersonChangeForm
    add_form = PersonCreationForm
    change_password_form = AdminPasswordChangeForm
    inlines = (EmailAddressInline,)
    list_display = ("email", "name", "is_active", "is_staff", "two_factor", "last_login", "date_joined")
    list_filter = ("is_active", "is_staff", "is_superuser", "groups")
    search_fields = ("email", "first_name", "last_name")
    ordering = ("email",)
    autocomplete_fields = ("groups",)
    filter_horizontal = ()
    readonly_fields = ("password_state", "last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "password_state", ("first_name", "last_name"), "language")}),
        (
            _("Access"),
            {
                "fields": ("is_active", "is_staff", "is_superuser", "groups"),
                "description": _(
                    "Deactivate people instead of deleting them, so that their conversations and "
                    "costs stay traceable."
                ),
            },
        ),
        (_("Dates"), {"fields": (("last_login", "date_joined"),)}),
    )
    add_fieldsets = ((None, {"fields": ("email", "password1", "password2")}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        rows: QuerySet[User] = super().get_queryset(request)
        return rows.annotate(
            has_second_factor=Exists(Authenticator.objects.filter(user=OuterRef("pk"), type="totp"))
        )

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        above = obj is None or obj.pk == request.user.pk or not (obj.is_staff or obj.is_superuser)
        return bool(super().has_change_permission(request, obj) and (request.user.is_superuser or above))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        return self.readonly_fields if request.user.is_superuser else (*self.readonly_fields, *RANK)

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change or "email" in form.changed_data:
            confirm_email(user=obj)  # an address that staff entered counts as confirmed

    def get_inlines(self, request: HttpRequest, obj: User | None) -> tuple[Any, ...]:
        return self.inlines if obj is not None else ()

    @display(description=_("password"))
    def password_state(self, person: User) -> SafeString:
        words = _("Change the password") if person.has_usable_password() else _("Not set. Set a password")
        return format_html('<a class="text-link" href="{}">{}</a>', "../password/", words)

    @display(description=_("name"), ordering="first_name")
    def name(self, person: User) -> str:
        return person.get_full_name()

    @display(description=_("second factor"), boolean=True, ordering="has_second_factor")
    def two_factor(self, person: Any) -> bool:
        return bool(person.has_second_factor)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    list_display = ("name", "member_count")
    ordering = ("name",)
    filter_horizontal = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        rows: QuerySet[Group] = super().get_queryset(request)
        return rows.annotate(members=Count("user"))

    def get_readonly_fields(self, request: HttpRequest, obj: Group | None = None) -> tuple[str, ...]:
        return () if request.user.is_superuser else ("permissions",)

    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest | None = None, **kwargs: Any
    ) -> Any:
        if db_field.name == "permissions":
            known = Permission.objects.filter(content_type__app_label__in=("chat", "auth", "mfa"))
            known = known.exclude(codename__contains="historical").order_by(
                "content_type__app_label", "codename"
            )
            kwargs["queryset"] = known
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    @display(description=_("people"), ordering="members")
    def member_count(self, group: Any) -> int:
        return int(group.members)


@admin.register(Authenticator)
class AuthenticatorAdmin(ModelAdmin):
    """Second factors without their secrets. Superusers delete one if a person has lost the device."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    list_select_related = ("user",)
    search_fields = ("user__email",)
    ordering = ("-created_at", "-id")
    fields = readonly_fields = ("user", "type", "created_at", "last_used_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Authenticator | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Authenticator | None = None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)
