"""A person's memory and instructions: read for a new message, and changed by the person."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from chat import access
from chat.claude.encoding.text import clean_text
from chat.models import MemoryEntry, User
from chat.models.accounts.memory import check_room, checked_entry
from chat.models.accounts.people import LONGEST_INSTRUCTIONS
from chat.operations.errors import OperationError, invalid, not_found


def notes_of(user: User) -> list[str]:
    """Return the texts of a person's entries, oldest first (one query)."""
    rows = MemoryEntry.objects.filter(user=user).order_by("created_at", "id")
    return list(rows.values_list("text", flat=True))


def add_memory_entry(*, user: User, text: str) -> MemoryEntry:
    """Keep an entry that the person wrote; one with the same text is returned as it is.

    Raises:
        OperationError: no text, too long, or the memory is full.
    """
    try:
        return MemoryEntry.objects.keep(user=user, text=text)
    except ValidationError as error:
        raise _refused(error) from None


@transaction.atomic
def change_memory_entry(*, user: User, entry_id: object, text: str) -> MemoryEntry:
    """Replace the text of an entry. If another one says the same, that one stays and this one goes.

    Raises:
        OperationError: not_found; no text, too long, or the memory is full.
    """
    User.objects.select_for_update().get(pk=user.pk)
    entry = _own_entry(user, entry_id)
    try:
        text = checked_entry(text)
        check_room(user=user, text=text, instead_of=entry)
    except ValidationError as error:
        raise _refused(error) from None
    same = MemoryEntry.objects.filter(user=user, text=text).exclude(pk=entry.pk).first()
    if same is not None:
        entry.delete()
        return same
    entry.text = text
    entry.save(update_fields=["text", "updated_at"])
    return entry


def forget(*, user: User, entry_id: object) -> None:
    """Delete an entry.

    Raises:
        OperationError: not_found.
    """
    _own_entry(user, entry_id).delete()


def forget_everything(*, user: User) -> None:
    MemoryEntry.objects.filter(user=user).delete()


def use_memory(*, user: User, on: bool) -> None:
    """Switch a person's memory on or off. Entries are kept while it is off, and no conversation is told any."""
    user.uses_memory = on
    user.save(update_fields=["uses_memory"])


def save_instructions(*, user: User, text: str) -> None:
    """Store a person's own instructions, which the next messages carry.

    Raises:
        OperationError: too long.
    """
    text = clean_text(text).strip()
    if len(text) > LONGEST_INSTRUCTIONS:
        raise invalid(
            _("Instructions may have at most %(most)s characters (these have %(count)s).")
            % {"most": LONGEST_INSTRUCTIONS, "count": len(text)}
        )
    user.instructions = text
    user.save(update_fields=["instructions"])


def _own_entry(user: User, entry_id: object) -> MemoryEntry:
    entry = MemoryEntry.objects.filter(user=user, id=access.as_id(entry_id)).first()
    if entry is None:
        raise not_found()
    return entry


def _refused(error: ValidationError) -> OperationError:
    return invalid(" ".join(error.messages))
