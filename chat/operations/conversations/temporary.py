"""Temporary conversations: one is deleted when its owner leaves it, and at the latest when its life is over.

Its end is a column (`expires_at`), and everything that people reach asks for it, so a job that is late reveals nothing.
"""

import datetime as dt

from django.utils import timezone

from chat.events import hints
from chat.models import Conversation, User, Workspace

# Loading its page again within this time is a return, such as a reload.
RETURN_WITHIN = dt.timedelta(minutes=1)


def begun_conversation(owner: User, *, temporary: bool) -> Conversation:
    """Return a new conversation that is not written yet."""
    if not temporary:
        return Conversation(owner=owner)
    return Conversation(owner=owner, expires_at=_end_of_life(timezone.now()))


def leave(conversation: Conversation) -> None:
    """Let a temporary conversation end in a minute, unless its owner comes back. Others stay as they are."""
    if conversation.expires_at is not None:
        _end_at(conversation, min(conversation.expires_at, timezone.now() + RETURN_WITHIN))


def return_to(conversation: Conversation) -> None:
    """Let a temporary conversation that was left live its whole time again. Others stay as they are."""
    if conversation.expires_at is not None:
        _end_at(conversation, _end_of_life(conversation.created_at))


def _end_at(conversation: Conversation, moment: dt.datetime) -> None:
    """Change the end of a temporary conversation that has not ended; tell its viewers if that changed anything."""
    own = Conversation.objects.living().filter(id=conversation.id).exclude(expires_at=moment)
    if own.update(expires_at=moment, updated_at=timezone.now()):
        conversation.expires_at = moment
        hints.publish(conversations=[str(conversation.id)])


def _end_of_life(began_at: dt.datetime) -> dt.datetime:
    return began_at + dt.timedelta(hours=Workspace.current().temporary_hours)
