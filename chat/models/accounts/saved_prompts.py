"""Saved prompts: texts that people insert into their message by typing a slash and a command."""

import re
import unicodedata
from typing import Self

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from chat.models.accounts.people import User
from chat.models.fields import uuid7

LONGEST_TEXT = 50_000
_COMMAND = re.compile(r"[\w-]+")


def validate_command(value: str) -> None:
    """Check what people type behind the slash: letters of any language, digits, _ and -.

    Raises:
        ValidationError: it has another character.
    """
    if not _COMMAND.fullmatch(value):
        raise ValidationError(_("Use letters, digits, _ or - (no spaces)."))


def one_form(command: str) -> str:
    """Return a command as it is stored and compared: composed, in small letters."""
    return unicodedata.normalize("NFC", command).lower()


class SavedPromptQuerySet(models.QuerySet["SavedPrompt"]):
    def of(self, user: User) -> Self:
        return self.filter(owner=user)

    def offered_to(self, user: User) -> Self:
        """Return a person's own prompts, those that are shared with their groups, and staff's for everyone."""
        for_groups = self.model.groups.through.objects.filter(group__in=user.groups.all())
        return self.filter(
            Q(owner=user) | Q(owner=None, for_everyone=True) | Q(id__in=for_groups.values("savedprompt_id"))
        )

    def shared(self) -> Self:
        """Return staff's prompts and those that people share with a group; the rest is private."""
        with_groups = self.model.groups.through.objects.values("savedprompt_id")
        return self.filter(Q(owner=None) | Q(id__in=with_groups))

    def with_command(self, command: str, owner: User | None) -> Self:
        return self.filter(owner=owner, command=command)

    def by_command(self) -> Self:
        return self.order_by("command", "id")


class SavedPrompt(models.Model):
    """A prompt of a person, or of staff if it has no owner. `{{name}}` in its text asks for a value."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        editable=False,
        related_name="saved_prompts",
        verbose_name=_("owner"),
    )
    command = models.CharField(
        _("command"),
        max_length=40,
        validators=[validate_command],
        help_text=_("What is typed after the slash, such as summary for /summary."),
    )
    description = models.CharField(_("description"), max_length=200, blank=True, default="")
    text = models.TextField(
        _("text"),
        max_length=LONGEST_TEXT,
        help_text=_(
            "{{topic}} asks for a value, {{tone=friendly}} has one already, {{size:short|long}} offers a choice. "
            "{{today}} and {{now}} are filled in."
        ),
    )
    groups = models.ManyToManyField(
        Group, blank=True, related_name="saved_prompts", verbose_name=_("shared with")
    )
    for_everyone = models.BooleanField(_("available to everyone"), default=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    # No history: a deleted prompt of a person is gone.
    objects = SavedPromptQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved prompt")
        verbose_name_plural = _("saved prompts")
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "command"],
                name="saved_prompt_command_once",
            ),
            models.UniqueConstraint(
                fields=["command"],
                condition=Q(owner=None),
                name="saved_prompt_command_once_for_all",
            ),
            models.CheckConstraint(
                name="saved_prompt_for_everyone_is_staffs", condition=Q(for_everyone=False) | Q(owner=None)
            ),
        ]

    def __str__(self) -> str:
        return f"/{self.command}"
