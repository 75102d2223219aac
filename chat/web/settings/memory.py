"""The page of a person's instructions and memory: everything that Parley keeps about them, to see and to edit."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from chat.models import MemoryEntry, User, Workspace
from chat.models.accounts.memory import MOST_CHARACTERS
from chat.models.accounts.people import LONGEST_INSTRUCTIONS
from chat.operations.accounts import memory as journeys
from chat.operations.errors import OperationError
from chat.web.page import PersonRequest, person_page


@person_page("GET", "HEAD", "POST")
def memory(request: PersonRequest) -> HttpResponse:
    """Show the page. POST does what the pressed button's `do` says."""
    if request.method != "POST":
        return _page(request)
    do = _ACTIONS.get(request.POST.get("do", ""))
    if do is None:
        raise Http404
    try:
        messages.success(request, do(request.user, request.POST))
    except OperationError as error:
        if error.status == 404:
            raise Http404 from error
        return _page(request, status=422, error=error.message, typed=request.POST)
    return redirect("memory")


def _page(request: PersonRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    entries = MemoryEntry.objects.filter(user=request.user).select_related("conversation")
    rows = list(entries.order_by("-created_at", "-id"))
    context = {
        "entries": rows,
        "offered": Workspace.current().offers_memory,
        "used_characters": sum(len(row.text) for row in rows),
        "most_characters": MOST_CHARACTERS,
        "longest_instructions": LONGEST_INSTRUCTIONS,
        **more,
    }
    return render(request, "settings/memory.html", context, status=status)


def _instructions(user: User, posted: Any) -> str:
    journeys.save_instructions(user=user, text=posted.get("text", ""))
    return _("Saved. Your next messages carry the instructions.")


def _switch(user: User, posted: Any) -> str:
    on = posted.get("on") == "1"
    journeys.use_memory(user=user, on=on)
    return _("Memory is on.") if on else _("Memory is off. Your entries stay here.")


def _add(user: User, posted: Any) -> str:
    journeys.add_memory_entry(user=user, text=posted.get("text", ""))
    return _("Added to your memory.")


def _change(user: User, posted: Any) -> str:
    journeys.change_memory_entry(user=user, entry_id=posted.get("entry"), text=posted.get("text", ""))
    return _("Saved.")


def _forget(user: User, posted: Any) -> str:
    journeys.forget(user=user, entry_id=posted.get("entry"))
    return _("Deleted.")


def _forget_everything(user: User, _posted: Any) -> str:
    journeys.forget_everything(user=user)
    return _("Your memory is empty.")


_ACTIONS: dict[str, Callable[[User, Any], str]] = {
    "instructions": _instructions,
    "switch": _switch,
    "add": _add,
    "change": _change,
    "forget": _forget,
    "forget_everything": _forget_everything,
}
