"""The note at a secret's empty field: whether one is stored, since when, and by whom. The secret is never shown."""

import json
from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from chat.models.fields import is_kept

SEARCHED_ENTRIES = 200


def explain_stored(form: forms.ModelForm, field: str, secret: Any, also: Iterable[str] = ()) -> None:
    """Set the help text of a secret's field. `also` names other fields through which the same secret is entered."""
    if field not in form.fields or not is_kept(secret):
        return
    entry = _last_entry(form, (field, *also))
    if entry is None:
        words = _("A secret is stored. Leave this empty to keep it, or type a new one to replace it.")
    else:
        words = _(
            "A secret is stored (set on %(date)s by %(person)s). Leave this empty to keep it, or type a new one to "
            "replace it."
        ) % {
            "date": date_format(timezone.localtime(entry.action_time), "DATE_FORMAT"),
            "person": entry.user,
        }
    form.fields[field].help_text = words


def _last_entry(form: forms.ModelForm, names: tuple[str, ...]) -> LogEntry | None:
    """Return the newest entry of the admin's log in which one of these fields was filled in, or the row was added."""
    with translation.override(None):  # as Django does when it writes the entry
        labels = {str(form.fields[name].label or name) for name in names if name in form.fields}
    kind = ContentType.objects.get_for_model(form.instance)
    entries = LogEntry.objects.filter(content_type=kind, object_id=str(form.instance.pk)).select_related(
        "user"
    )
    for entry in entries.order_by("-action_time", "-id")[:SEARCHED_ENTRIES]:
        if entry.action_flag == ADDITION or labels & _changed_fields(entry.change_message):
            return entry
    return None


def _changed_fields(message: str) -> set[str]:
    try:
        steps = json.loads(message)
    except ValueError:  # a plain sentence, such as of an action
        return set()
    return {
        name
        for step in steps
        if isinstance(step, dict) and "changed" in step
        for name in step["changed"].get("fields", ())
    }
