"""A person's own page: the displayed name and the address."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from chat.models import User
from chat.web.page import PersonRequest, person_page


class ProfileForm(forms.ModelForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if translation.get_language() == "ko":  # the family name comes first
            self.order_fields(["last_name", "first_name"])

    class Meta:
        model = User
        fields = ("first_name", "last_name")
        widgets = {
            "first_name": forms.TextInput(attrs={"class": "input", "autocomplete": "given-name"}),
            "last_name": forms.TextInput(attrs={"class": "input", "autocomplete": "family-name"}),
        }


@person_page("GET", "HEAD", "POST")
def profile(request: PersonRequest) -> HttpResponse:
    # A copy, so that a refused form does not change the name that the page shows.
    form = ProfileForm(request.POST or None, instance=User.objects.get(pk=request.user.pk))
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("profile")
    context = {"form": form, "manages_addresses": _manages_addresses(request)}
    return render(request, "account/profile.html", context)


def _manages_addresses(request: PersonRequest) -> bool:
    """Return whether the page of email addresses has something to do: with closed sign-up people keep one address."""
    verified = EmailAddress.objects.filter(user=request.user).values_list("verified", flat=True)
    open_signup = get_adapter(request).is_open_for_signup(request)
    return bool(open_signup or len(verified) > 1 or False in verified)
