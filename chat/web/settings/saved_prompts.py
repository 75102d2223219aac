"""Saved prompts: the page with a person's own ones, and what the message field offers after a slash."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from chat import access
from chat.claude.encoding.text import clean_text
from chat.models import SavedPrompt, User
from chat.models.accounts.saved_prompts import one_form
from chat.operations.accounts import saved_prompts as journeys
from chat.operations.errors import OperationError
from chat.web.page import PersonRequest, person_page


class OwnPromptForm(forms.ModelForm):
    """A person's prompt. It is shared with groups that the person is in."""

    class Meta:
        model = SavedPrompt
        fields = ("command", "description", "text", "groups")
        labels = {"groups": _("Share with your groups")}
        widgets = {
            "command": forms.TextInput(
                attrs={
                    "class": "input",
                    "autocapitalize": "none",
                    "autocomplete": "off",
                    "spellcheck": "false",
                }
            ),
            "description": forms.TextInput(attrs={"class": "input", "dir": "auto"}),
            "text": forms.Textarea(attrs={"class": "input", "rows": 8, "dir": "auto"}),
            "groups": forms.CheckboxSelectMultiple(),
        }

    def __init__(self, *args: Any, owner: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups: Any = self.fields["groups"]
        groups.queryset = owner.groups.order_by("name", "id")
        if not groups.queryset:
            del self.fields["groups"]

    def clean_command(self) -> str:
        return one_form(self.cleaned_data["command"])

    def clean_text(self) -> str:
        return clean_text(self.cleaned_data["text"].replace("\r\n", "\n"))


@person_page("GET", "HEAD", "POST")
def prompts(request: PersonRequest) -> HttpResponse:
    """Return the list of a person's prompts with a form for a new one."""
    return _edited(request, SavedPrompt())


@person_page("GET", "HEAD", "POST")
def prompt(request: PersonRequest, prompt_id: uuid.UUID) -> HttpResponse:
    """Return the form of a person's own prompt."""
    return _edited(request, _own(request, prompt_id))


@person_page("POST")
def delete_prompt(request: PersonRequest, prompt_id: uuid.UUID) -> HttpResponse:
    found = _own(request, prompt_id)
    journeys.delete_prompt(prompt=found)
    messages.success(request, _("/%(command)s was deleted.") % {"command": found.command})
    return redirect("prompts")


@person_page("GET", "HEAD")
def prompt_options(request: PersonRequest) -> HttpResponse:
    """Return what the message field offers after a slash: a person's own prompts first."""
    offered = list(access.saved_prompts(request.user))
    offered.sort(key=lambda row: (row.owner_id != request.user.pk, row.owner_id is None))
    return render(request, "chat/composer/_prompt_options.html", {"prompts": offered})


@person_page("GET", "HEAD")
def prompt_text(request: PersonRequest, prompt_id: uuid.UUID) -> HttpResponse:
    """Return the text that is inserted."""
    found = access.find_saved_prompt(request.user, prompt_id)
    if found is None:
        raise Http404
    return JsonResponse({"text": found.text})


def _edited(request: PersonRequest, row: SavedPrompt) -> HttpResponse:
    form = OwnPromptForm(request.POST or None, instance=row, owner=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            groups = form.cleaned_data.get("groups") or ()
            journeys.save_prompt(prompt=form.instance, owner=request.user, groups=groups)
        except OperationError as error:
            form.add_error("command" if error.code == "taken" else None, error.message)
        else:
            messages.success(request, _("Saved. Type /%(command)s to use it.") % {"command": row.command})
            return redirect("prompts")
    offered = access.saved_prompts(request.user)
    context = {
        "form": form,
        "prompt": row if not row._state.adding else None,
        "own": [one for one in offered if one.owner_id == request.user.pk],
        "others": [one for one in offered if one.owner_id != request.user.pk],
    }
    return render(request, "account/prompts.html", context, status=422 if form.errors else 200)


def _own(request: PersonRequest, prompt_id: uuid.UUID) -> SavedPrompt:
    found = access.find_own_saved_prompt(request.user, prompt_id)
    if found is None:
        raise Http404
    return found
