"""The welcome of an empty page: the chosen assistant's picture, greeting and suggested first messages."""

import dataclasses
import uuid
from typing import Any

from django.http import Http404
from django.shortcuts import render
from django.utils.translation import gettext as _

from chat import access
from chat.models import Assistant
from chat.web.composer.model_picker import Picker, picker_for
from chat.web.files.attachments import picture_response
from chat.web.files.file_response import StoredFileResponse
from chat.web.page import PersonRequest, person_page

MOST_STARTERS = 6
HUES = 6


@dataclasses.dataclass(frozen=True, slots=True)
class Welcome:
    """`starters` are (choice value, text). Without an assistant the greeting is the workspace's general one.

    `hue`, from 1 to 6, colours the initial of an assistant without a picture: the same one always has the same.
    """

    assistant: Assistant | None
    starters: list[tuple[str, str]]
    hue: int = 1


def welcome_for(picker: Picker, choice: str) -> Welcome:
    """Return the welcome of a choice of the picker; the general one for a model and for what is not offered."""
    assistant = next((one for one in picker.assistants if choice == f"assistant:{one.id}"), None)
    if assistant is None:
        return Welcome(None, _mixed_starters(picker.assistants))
    starters = [(choice, text) for text in _texts(assistant.starters)]
    return Welcome(assistant, starters, assistant.id.int % HUES + 1)


@person_page("GET", "HEAD")
def welcome(request: PersonRequest) -> Any:
    """Return the welcome of the choice in `choice`."""
    picker = picker_for(request.user, None)
    context = {"picker": picker, "welcome": welcome_for(picker, request.GET.get("choice", ""))}
    return render(request, "chat/thread/_greeting.html", context)


@person_page("GET", "HEAD")
def picture(request: PersonRequest, assistant_id: uuid.UUID) -> StoredFileResponse:
    """Return an assistant's picture."""
    found = access.find_assistant(request.user, assistant_id)
    if found is None or found.picture is None:
        raise Http404
    return picture_response(found.picture, name=found.name)


def _mixed_starters(assistants: list[Assistant]) -> list[tuple[str, str]]:
    """Return starters of all assistants in turn, so that the first assistant doesn't fill the list."""
    lists = [
        [(f"assistant:{assistant.id}", text) for text in _texts(assistant.starters)]
        for assistant in assistants
    ]
    longest = max((len(texts) for texts in lists), default=0)
    mixed = [texts[place] for place in range(longest) for texts in lists if place < len(texts)]
    return mixed[:MOST_STARTERS] or [("", text) for text in _general_starters()]


def _texts(starters: Any) -> list[str]:
    return (
        [text for text in starters if isinstance(text, str) and text.strip()]
        if isinstance(starters, list)
        else []
    )


def _general_starters() -> list[str]:
    return [
        _("Help me write a clear summary of a long document"),
        _("Explain a difficult idea in simple words"),
        _("Review a piece of code and suggest improvements"),
        _("Plan the steps of a small project with me"),
    ]
