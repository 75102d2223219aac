"""Save and delete a person's own prompts."""

from collections.abc import Iterable

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.translation import gettext as _

from chat.models import SavedPrompt, User
from chat.operations.errors import OperationError

MOST_PROMPTS = 500


def save_prompt(*, prompt: SavedPrompt, owner: User, groups: Iterable[Group]) -> SavedPrompt:
    """Save a checked prompt of a person, shared with those of the groups that they are in.

    Raises:
        OperationError: taken (the person has another prompt with this command), too_many.
    """
    with transaction.atomic():
        User.objects.select_for_update().get(pk=owner.pk)
        same = SavedPrompt.objects.with_command(prompt.command, owner)
        if same.exclude(pk=prompt.pk).exists():
            raise OperationError("taken", _("You have a prompt with this command."), status=409)
        if prompt._state.adding and SavedPrompt.objects.of(owner).count() >= MOST_PROMPTS:
            raise OperationError(
                "too_many",
                _("You have %(most)s saved prompts. Delete one that you don’t use.") % {"most": MOST_PROMPTS},
                status=409,
            )
        prompt.owner = owner
        prompt.save()
        prompt.groups.set(owner.groups.filter(pk__in=[group.pk for group in groups]))
    return prompt


def delete_prompt(*, prompt: SavedPrompt) -> None:
    """Delete a prompt. Messages that were written with it stay."""
    prompt.delete()
