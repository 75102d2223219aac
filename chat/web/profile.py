"""A person's own page: the displayed name, the language, and the API keys that act as this person."""

import uuid
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from chat.models import ApiKey, User
from chat.operations.accounts.api_keys import revoke_api_key
from chat.web.page import PersonRequest, person_page


class ProfileForm(forms.ModelForm):
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=[("", _("Same as browser")), *settings.LANGUAGES],
        widget=forms.Select(attrs={"class": "input"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if translation.get_language() == "ko":  # the family name comes first
            self.order_fields(["last_name", "first_name"])

    class Meta:
        model = User
        fields = ("first_name", "last_name", "language")
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
        language = form.cleaned_data["language"]
        if language:
            translation.activate(language)
        messages.success(request, _("Saved."))
        return _with_language(redirect("profile"), language)
    keys = ApiKey.objects.live().filter(user=request.user).order_by("-created_at", "-id")
    context = {"form": form, "keys": keys, "manages_addresses": _manages_addresses(request)}
    return render(request, "account/profile.html", context)


def _manages_addresses(request: PersonRequest) -> bool:
    """Return whether the page of email addresses has something to do: with closed sign-up people keep one address."""
    verified = EmailAddress.objects.filter(user=request.user).values_list("verified", flat=True)
    open_signup = get_adapter(request).is_open_for_signup(request)
    return bool(open_signup or len(verified) > 1 or False in verified)


def _with_language(response: HttpResponse, language: str) -> HttpResponse:
    """Set the cookie of the language switch, so that it does not contradict the person's choice."""
    if language:
        secure = settings.SESSION_COOKIE_SECURE
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, samesite="Lax", secure=secure)
    else:
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME, samesite="Lax")
    return response


@person_page("POST")
def revoke_own_key(request: PersonRequest, key_id: uuid.UUID) -> HttpResponse:
    key = ApiKey.objects.live().filter(user=request.user, pk=key_id).first()
    if key is None:
        raise Http404
    revoke_api_key(key=key)
    messages.success(request, _("The key “%(name)s” was revoked.") % {"name": key.name})
    return redirect("profile")
