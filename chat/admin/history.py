"""How changes of a row are worded on its history page, from the history tables and from the admin's log."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

from django.contrib.admin.models import LogEntry
from django.db.models import Model
from django.utils import timezone
from django.utils.formats import localize
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from simple_history.models import DeletedObject, ModelChange
from simple_history.template_utils import HistoricalRecordContextHelper

from chat.claude.encoding.exact_numbers import write_json

NOTHING = "–"


class ReadableChanges(HistoricalRecordContextHelper):
    """Words a change without Python's own values, such as None and False."""

    def prepare_delta_change_value(self, change: ModelChange, value: Any) -> Any:
        labels = dict(getattr(self.model._meta.get_field(change.field), "flatchoices", ()))
        prepared = super().prepare_delta_change_value(change, value)
        return str(labels[prepared]) if _is_label(prepared, labels) else in_words(prepared)


def _is_label(value: Any, labels: dict[Any, Any]) -> bool:
    return isinstance(value, str | int) and value in labels


def in_words(value: Any) -> str:
    """Return a column's value for people; "–" for none."""
    match value:
        case None | "":
            return NOTHING
        case list() | dict() if not value:
            return NOTHING
        case DeletedObject():
            return _("Deleted") if value.pk is not None else NOTHING
        case bool():
            return _("yes") if value else _("no")
        case dt.datetime():
            return str(localize(timezone.localtime(value)))
        case Decimal():
            return f"{value.normalize():f}"
        case list() if all(isinstance(one, Model) for one in value):
            return ", ".join(str(one) for one in value)
        case list() | dict():
            return write_json(value, ensure_ascii=False)
        case _:
            return str(value)


def entry_in_words(entry: LogEntry) -> str:
    """Return what an entry of the admin's log says, in the reader's language.

    Django translates the names of fields only where its own catalogue has them.
    """
    try:
        steps = json.loads(entry.change_message or "[]")
    except ValueError:  # a plain sentence, such as of an action
        return _(entry.change_message)
    told = [_step_in_words(step) for step in steps if isinstance(step, dict)]
    return " ".join(told) or str(entry.get_action_flag_display())


def _step_in_words(step: dict[str, Any]) -> str:
    (action, about) = next(iter(step.items()))
    words = {
        "name": _column(about.get("name", "")),
        "object": about.get("object", ""),
        "fields": ", ".join(_column(name) for name in about.get("fields", ())),
    }
    match action, bool(about.get("name")):
        case "added", True:
            return _("Added: %(name)s “%(object)s”.") % words
        case "added", False:
            return _("Added.")
        case "handed over", _:
            return _("Handed over from %(earlier)s to %(owner)s.") % about
        case "changed", True:
            return _("Changed: %(fields)s of %(name)s “%(object)s”.") % words
        case "changed", False:
            return _("Changed: %(fields)s.") % words
        case _:
            return _("Deleted: %(name)s “%(object)s”.") % words


def _column(label: str) -> str:
    """Return the translation of a column's name, which the log has in English, capitalised or not."""
    if not label:
        return ""
    translated = _(label)
    return translated if translated != label else capfirst(_(label[0].lower() + label[1:]))
