"""The sessions in which a person is signed in, and ending them. Sockets of an ended session close by themselves."""

from importlib import import_module

import structlog
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.db import OperationalError
from django.utils import timezone

from chat.models import User

log = structlog.get_logger(__name__)

# A session's last use is stored at most so often, because reading a page should not write.
NOTED_EVERY_SECONDS = 600
LONGEST_USER_AGENT = UserSession._meta.get_field("user_agent").max_length

SessionStore = import_module(settings.SESSION_ENGINE).SessionStore


def note_use(*, user: User, session_key: str, address: str, user_agent: str) -> None:
    """Store that a session is in use: when, from which IP address and with what; once in ten minutes a process."""
    if not caches["process"].add(f"session-used:{session_key}", True, NOTED_EVERY_SECONDS):
        return
    used = {"ip": address, "user_agent": user_agent[:LONGEST_USER_AGENT], "last_seen_at": timezone.now()}
    try:
        UserSession.objects.update_or_create(session_key=session_key, defaults={"user": user, **used})
    except OperationalError as error:  # the page that is being read needs no write
        log.warning("session_use_not_noted", error=type(error).__name__)


def living_sessions(user: User, *, current_key: str | None) -> list[UserSession]:
    """Return the sessions that still sign this person in: the current one first, then by last use."""
    living: list[UserSession] = UserSession.objects.purge_and_list(user)
    living.sort(key=lambda one: (one.session_key != current_key, -one.last_seen_at.timestamp(), one.pk))
    return living


def end_session(*, user: User, session_id: object, current_key: str | None) -> bool:
    """End one of a person's other sessions; return whether there was such a session."""
    chosen = str(session_id)
    others = UserSession.objects.filter(user=user).exclude(session_key=current_key)
    found = [one for one in others if str(one.pk) == chosen]
    _end(found)
    return bool(found)


def end_other_sessions(*, user: User, current_key: str | None) -> None:
    """End all of a person's sessions but the current one."""
    _end(list(UserSession.objects.filter(user=user).exclude(session_key=current_key)))


def _end(sessions: list[UserSession]) -> None:
    for one in sessions:
        SessionStore().delete(one.session_key)
        one.delete()


def forget_ended() -> None:
    """Delete what is noted about sessions that do not exist any more: their address and browser."""
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
