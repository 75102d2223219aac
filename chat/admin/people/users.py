"""People. Only superusers set passwords, change addresses and ranks, or edit another staff member.

Staff who could set a person's password could sign in as that person and read everything that the person wrote.
"""

from typing import Any, ClassVar

# Imported first, so that their registrations exist and can be replaced.
import allauth.account.admin
import allauth.mfa.admin  # noqa: F401
import structlog
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm

from chat import access
from chat.admin.base import EmptyLabels, ReadOnlyInline, TableAdmin, done, shown_if
from chat.admin.people.user_forms import RANK, InvitationForm, PersonChangeForm, PersonCreationForm
from chat.models import FileUsage, User
from chat.operations.accounts.account_mail import (
    notify_address_changed,
    notify_password_set,
    send_invitation,
    send_reset_link,
)
from chat.operations.accounts.users import confirm_email
from chat.presentation.figures import file_size

log = structlog.get_logger(__name__)

admin.site.unregister(EmailAddress)

RESET = {
    "title": _("Send a link to set a new password?"),
    "description": _(
        "The person gets a mail with a link. The current password works until a new one is set."
    ),
    "form_class": None,
    "form_submit_text": _("Send"),
}
NAMES = ("first_name", "last_name")


class EmailAddressInline(ReadOnlyInline, TabularInline):
    model = EmailAddress
    fields = ("email", "verified", "primary")
    verbose_name_plural = _("email addresses")
    show_change_link = False


@admin.register(User)
class UserAdmin(EmptyLabels, DjangoUserAdmin, TableAdmin):  # type: ignore[misc]
    empty_labels: ClassVar[dict[str, Any]] = {"language": _("Same as browser")}
    form = PersonChangeForm
    add_form = PersonCreationForm
    add_form_template = "admin/change_form.html"
    change_password_form = AdminPasswordChangeForm
    inlines = (EmailAddressInline,)
    list_display = ("email", "name", "is_active", "is_staff", "two_factor", "last_login", "date_joined")
    list_filter = ("is_active", "is_staff", "is_superuser", "groups")
    search_fields = ("email", "first_name", "last_name")
    ordering = ("email",)
    autocomplete_fields = ("groups",)
    filter_horizontal = ()
    readonly_fields = ("password_state", "last_login", "date_joined", "deletion_at", "stored_files")
    actions_detail = ("reset_password",)
    fieldsets = (
        (None, {"fields": ("email", "password_state", NAMES, "language")}),
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
        (_("Dates"), {"fields": (("last_login", "date_joined"), "deletion_at")}),
        (_("Files"), {"fields": ("stored_files",)}),
    )
    # What staff who are no superusers fill in for a new person. Superusers also choose access and groups.
    add_fieldsets = ((None, {"fields": ("email", NAMES, "language")}),)
    superuser_add_fieldsets = (
        (None, {"fields": ("email", NAMES, "language", "groups")}),
        (_("Access"), {"fields": ("access", "password1", "password2")}),
    )
    conditional_fields: ClassVar[dict[str, str]] = {
        "password1": shown_if("access", "access === 'password'"),
        "password2": shown_if("access", "access === 'password'"),
    }

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

    def has_reset_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        person = User.objects.filter(pk=access.as_id(object_id)).first()
        return person is not None and self.has_change_permission(request, person)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        if request.user.is_superuser:
            return self.readonly_fields
        return (*self.readonly_fields, *RANK, *(("email",) if obj else ()))

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None and request.user.is_superuser:
            return self.superuser_add_fieldsets
        return super().get_fieldsets(request, obj)

    def get_form(
        self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if obj is None and not request.user.is_superuser:
            kwargs["form"] = InvitationForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_inlines(self, request: HttpRequest, obj: User | None) -> tuple[Any, ...]:
        return self.inlines if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if obj.is_active:
            obj.deletion_at = None  # brought back
        super().save_model(request, obj, form, change)
        if change and "email" not in form.changed_data:
            return
        old_email = form.initial["email"] if change else ""
        confirm_email(user=obj, replaced=old_email)  # an address that staff entered counts as confirmed
        if change:
            log.info("address_changed", by=str(request.user.pk), user=str(obj.pk))
            notify_address_changed(user=obj, old_email=old_email)
        elif form.invites:
            send_invitation(user=obj, inviter=request.user)  # type: ignore[arg-type]
            self.message_user(request, _("An invitation goes to %(email)s.") % {"email": obj.email})

    def user_change_password(
        self,
        request: HttpRequest,
        id: str,  # noqa: A002 - the name in Django's route
        form_url: str = "",
    ) -> HttpResponse:
        if not request.user.is_superuser:
            raise PermissionDenied
        before = User.objects.filter(pk=access.as_id(id)).first()
        page: HttpResponse = super().user_change_password(request, id, form_url)
        person = User.objects.filter(pk=access.as_id(id)).first()
        if before and person and before.password != person.password:
            log.info("password_set", by=str(request.user.pk), user=str(person.pk))
            if person.pk != request.user.pk:
                notify_password_set(user=person)
        return page

    @action(
        description=_("Send a password link"),
        permissions=["reset"],
        url_path="reset-password",
        icon="mail",
        dialog=RESET,
    )
    def reset_password(self, request: HttpRequest, form: forms.Form, object_id: str) -> HttpResponse:
        person = User.objects.get(pk=object_id)
        if person.is_active:
            send_reset_link(user=person, request=request)
            self.message_user(request, _("A link goes to %(email)s.") % {"email": person.email})
        else:
            self.message_user(request, _("Activate the person first."), messages.ERROR)
        return done(request, self)

    @display(description=_("password"))
    def password_state(self, person: User) -> SafeString | str:
        words = _("Set") if person.has_usable_password() else _("Not set yet")
        return format_html(
            '{} · <a class="text-link" href="{}">{}</a>', words, "../password/", _("Set a new password")
        )

    @display(description=_("stored files"))
    def stored_files(self, person: User) -> str:
        usage = FileUsage.objects.filter(user=person).first()
        return file_size(usage.total_bytes if usage else 0)

    @display(description=_("name"), ordering="first_name")
    def name(self, person: User) -> str:
        return person.get_full_name()

    @display(description=_("second factor"), boolean=True, ordering="has_second_factor")
    def two_factor(self, person: Any) -> bool:
        return bool(person.has_second_factor)
