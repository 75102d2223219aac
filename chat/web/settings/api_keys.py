"""A person's own API keys: creating one, which is shown once, and revoking it."""

import datetime as dt
import uuid

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat.models import ApiKey
from chat.operations.accounts.api_keys import check_key_room, create_api_key, revoke_api_key
from chat.operations.errors import OperationError
from chat.web.page import PersonRequest, person_page

LIFETIMES = [
    ("30", gettext_lazy("30 days")),
    ("90", gettext_lazy("90 days")),
    ("365", gettext_lazy("1 year")),
    ("", gettext_lazy("No end")),
]


class OwnKeyForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        help_text=gettext_lazy("What the program is, so that you can tell your keys apart."),
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("Scopes"), choices=ApiKey.Scope.choices, widget=forms.CheckboxSelectMultiple
    )
    days = forms.ChoiceField(
        label=gettext_lazy("Valid for"),
        choices=LIFETIMES,
        required=False,
        initial="90",
        widget=forms.Select(attrs={"class": "input"}),
    )


@person_page("GET", "HEAD", "POST")
def api_keys(request: PersonRequest) -> HttpResponse:
    """List the keys. POST creates one and shows it in the response itself: nothing stores it."""
    form = OwnKeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        days = form.cleaned_data["days"]
        expires_at = timezone.now() + dt.timedelta(days=int(days)) if days else None
        try:
            check_key_room(user=request.user)
            key, secret = create_api_key(
                user=request.user,
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                expires_at=expires_at,
            )
        except OperationError as error:
            form.add_error(None, error.message)
        else:
            return _page(request, OwnKeyForm(), new_key=key, secret=secret)
    return _page(request, form)


@person_page("POST")
def revoke_own_key(request: PersonRequest, key_id: uuid.UUID) -> HttpResponse:
    key = ApiKey.objects.live().filter(user=request.user, pk=key_id).first()
    if key is None:
        raise Http404
    revoke_api_key(key=key)
    messages.success(request, _("The key “%(name)s” was revoked.") % {"name": key.name})
    return redirect("api_keys")


def _page(request: PersonRequest, form: OwnKeyForm, **more: object) -> HttpResponse:
    keys = ApiKey.objects.live().filter(user=request.user).order_by("-created_at", "-id")
    return render(request, "settings/api_keys.html", {"form": form, "keys": keys, **more})
