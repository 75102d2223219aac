"""The page of general settings: language, theme, text size, send key and time zone, and the switches elsewhere."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from chat.models import User
from chat.models.accounts.people import SendKey, TextSize, Theme
from chat.models.accounts.time_zones import zone_names
from chat.web.page import PersonRequest, person_page

YEAR_SECONDS = 31_536_000


class TimeZoneField(forms.CharField):
    """Takes a zone's name as people type it: "Asia/Seoul", "seoul" and "New York" are found."""

    def clean(self, value: Any) -> str:
        typed = super().clean(value).replace(" ", "_").casefold()
        if not typed:
            return ""
        names = zone_names()
        exact = [name for name in names if name.casefold() == typed]
        found = exact or [name for name in names if name.rpartition("/")[2].casefold() == typed]
        if len(found) != 1:
            raise forms.ValidationError(_("Choose a time zone of the list, such as Asia/Seoul."))
        return found[0]


class PreferencesForm(forms.ModelForm):
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=[("", _("Same as browser")), *settings.LANGUAGES],
        widget=forms.Select(attrs={"class": "input"}),
    )
    theme = forms.ChoiceField(
        label=_("Theme"),
        required=False,
        choices=[("", _("System")), *Theme.choices],
        widget=forms.RadioSelect,
    )
    text_size = forms.ChoiceField(
        label=_("Text size"),
        required=False,
        choices=[(TextSize.SMALL, _("Small")), ("", _("Normal")), *TextSize.choices[1:]],
        widget=forms.RadioSelect,
    )
    send_key = forms.ChoiceField(
        label=_("Send key"),
        required=False,
        choices=[("", _("Enter sends, Shift+Enter breaks the line")), *SendKey.choices],
        help_text=_("On a phone, Enter breaks the line and the button sends."),
        widget=forms.RadioSelect,
    )
    time_zone = TimeZoneField(
        label=_("Time zone"),
        required=False,
        help_text=_(
            "Empty means the browser’s. Dates on these pages, and what a model is told about the time, use it."
        ),
        widget=forms.TextInput(attrs={"class": "input", "list": "zones", "autocomplete": "off"}),
    )

    class Meta:
        model = User
        fields = ("language", "theme", "text_size", "send_key", "time_zone")


@person_page("GET", "HEAD", "POST")
def general(request: PersonRequest) -> HttpResponse:
    # A copy, so that a refused form does not change the page that says so.
    form = PreferencesForm(request.POST or None, instance=User.objects.get(pk=request.user.pk))
    if request.method == "POST" and form.is_valid():
        language = form.cleaned_data["language"]
        form.save()
        if language:
            translation.activate(language)
        messages.success(request, _("Saved."))
        return with_language(redirect("settings"), language)
    return render(request, "settings/general.html", {"form": form, "zones": zone_names()})


@require_POST
def preferences(request: Any) -> HttpResponse:
    """Set the language or the theme from a switch on another page. Visitors have only a language, in a cookie."""
    if "theme" in request.POST:
        return _set_theme(request, request.POST["theme"])
    language = request.POST.get("language", "")
    if language not in dict(settings.LANGUAGES):
        return HttpResponseBadRequest()
    if request.user.is_authenticated:
        request.user.language = language
        request.user.save(update_fields=["language"])
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = "/"
    return with_language(HttpResponseRedirect(target), language)


def with_language(response: HttpResponse, language: str) -> HttpResponse:
    """Set the cookie of the language switch, so that it does not contradict the person's choice; "" deletes it."""
    if not language:
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME, samesite="Lax")
        return response
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=YEAR_SECONDS,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return response


def _set_theme(request: HttpRequest, theme: str) -> HttpResponse:
    if not isinstance(request.user, User) or theme not in ("", *Theme.values):
        return HttpResponseBadRequest()
    request.user.theme = theme
    request.user.save(update_fields=["theme"])
    return HttpResponse(status=204)
