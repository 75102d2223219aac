"""Memory: short notes about a person that the person sees and edits, and that later conversations are told."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Sum
from django.db.models.functions import Length
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat.claude.encoding.text import clean_text
from chat.models.accounts.people import User
from chat.models.fields import uuid7
from chat.models.ids import ConversationId

LONGEST_ENTRY = 500  # characters
MOST_ENTRIES = 100
# Of all entries: what every new conversation begins with, about two thousand tokens of English.
MOST_CHARACTERS = 8_000


class MemoryEntryQuerySet(models.QuerySet["MemoryEntry"]):
    def keep(self, *, user: User, text: str, conversation_id: ConversationId | None = None) -> "MemoryEntry":
        """Return the person's entry with this text, created if needed.

        Raises:
            ValidationError: no text, too long, or the memory is full.
        """
        text = checked_entry(text)
        with transaction.atomic():
            User.objects.select_for_update().get(pk=user.pk)  # two at once must not pass the limit together
            known = self.filter(user=user, text=text).first()
            if known is not None:
                return known
            check_room(user=user, text=text)
            return self.create(user=user, text=text, conversation_id=conversation_id)


class MemoryEntry(models.Model):
    """One note. `conversation` is where an assistant proposed it; None for one that the person wrote."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="memory_entries",
        verbose_name=gettext_lazy("person"),
    )
    text = models.CharField(gettext_lazy("text"), max_length=LONGEST_ENTRY)
    conversation = models.ForeignKey(
        "chat.Conversation",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("conversation"),
    )
    created_at = models.DateTimeField(gettext_lazy("created"), auto_now_add=True)
    updated_at = models.DateTimeField(gettext_lazy("updated"), auto_now=True)

    objects = MemoryEntryQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("memory entry")
        verbose_name_plural = gettext_lazy("memory entries")
        constraints = [models.UniqueConstraint(fields=["user", "text"], name="memory_entry_once")]

    def __str__(self) -> str:
        return self.text[:60]


def checked_entry(text: str) -> str:
    """Return the text of an entry on one line.

    Raises:
        ValidationError: no text, or too long.
    """
    text = " ".join(clean_text(text).split())
    if not text:
        raise ValidationError(_("Write something to remember."))
    if len(text) > LONGEST_ENTRY:
        raise ValidationError(
            _("A memory entry may have at most %(most)s characters (it has %(count)s).")
            % {"most": LONGEST_ENTRY, "count": len(text)}
        )
    return text


def check_room(*, user: User, text: str, instead_of: MemoryEntry | None = None) -> None:
    """Check that one more entry fits into a person's memory.

    Raises:
        ValidationError: it is full.
    """
    others = MemoryEntry.objects.filter(user=user)
    if instead_of is not None:
        others = others.exclude(pk=instead_of.pk)
    used = others.aggregate(count=models.Count("pk"), characters=Sum(Length("text")))
    if used["count"] >= MOST_ENTRIES or (used["characters"] or 0) + len(text) > MOST_CHARACTERS:
        raise ValidationError(_("The memory is full. Delete entries that are not needed any more."))
