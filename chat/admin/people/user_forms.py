"""Forms of people: adding one by invitation or with a password, and changing one without showing the hash."""

from typing import Any, ClassVar

from django import forms
from django.contrib.auth.forms import SetPasswordMixin
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminRadioSelectWidget,
)

from chat.models import User

INVITE, SET_PASSWORD = "invite", "password"
RANK = ("is_staff", "is_superuser", "groups")
HINTS = {
    "is_active": _("Only active people can sign in and use their API keys."),
    "is_staff": _("May open the administration. What they may do there is decided by their groups."),
    "is_superuser": _("May do everything in the administration and read all conversations."),
    "groups": _("They decide which assistants the person gets and which rights staff have."),
}


def _password(label: Any, help_text: Any = "") -> forms.CharField:
    widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})
    return forms.CharField(label=label, required=False, strip=False, widget=widget, help_text=help_text)


class PersonForm(forms.ModelForm):
    """Refuses an address that another person has, in one sentence at its field, and explains the switches."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, words in HINTS.items():
            if name in self.fields:
                self.fields[name].help_text = words

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"])
        if User.objects.filter(email__iexact=email).exclude(pk=self.instance.pk).exists():
            # Otherwise the column and its constraint would both complain, one of them by its name.
            raise forms.ValidationError(_("Another person has this email address."))
        return email


class PersonCreationForm(SetPasswordMixin, PersonForm):
    """A new person, who is invited or gets a first password."""

    access = forms.ChoiceField(
        label=_("Access"),
        choices=[
            (INVITE, _("Send an invitation with a link to set a password")),
            (SET_PASSWORD, _("Set a password now")),
        ],
        initial=INVITE,
        widget=UnfoldAdminRadioSelectWidget,
    )
    password1 = _password(_("Password"))
    password2 = _password(_("Password confirmation"))

    class Meta:
        model = User
        fields = ("email", "first_name", "last_name", "language", "groups")
        field_classes: ClassVar[dict[str, Any]] = {"email": forms.EmailField}
        widgets: ClassVar[dict[str, Any]] = {"email": UnfoldAdminEmailInputWidget}

    @property
    def invites(self) -> bool:
        return self.cleaned_data.get("access", INVITE) == INVITE

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.invites:
            for name in ("password1", "password2"):
                if not cleaned.get(name):
                    self.add_error(name, _("Enter a password."))
            self.validate_passwords()
        return cleaned

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if not self.invites:
            self.validate_password_for_user(self.instance)

    def save(self, commit: bool = True) -> User:
        if self.invites:
            self.instance.set_unusable_password()
        else:
            self.instance.set_password(self.cleaned_data["password1"])
        return super().save(commit)


class InvitationForm(PersonCreationForm):
    """A new person, who is invited. Staff who are no superusers may not know a person's password."""

    access = password1 = password2 = None  # type: ignore[assignment]


class PersonChangeForm(PersonForm):
    """A form without the framework's password field, which would show a part of the hash."""

    class Meta:
        model = User
        fields = ("email", "first_name", "last_name", "language", "is_active", *RANK)
