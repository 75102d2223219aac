"""Creates the cast in a server's database, each with an open session. Runs in that server's shell."""

import json

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from chat.models import Assistant, LanguageModel, User
from tests import factories


def create_cast() -> None:
    """Create the users and an assistant, and print {name: session key} as JSON."""
    people = {
        "insider": factories.person("insider"),
        "korean": factories.person("korean", language="ko"),
        "admin": User.objects.get(is_superuser=True),
    }
    Assistant.objects.create(
        name="Echo",
        description="Says what you say.",
        model=LanguageModel.objects.get(model_id="claude-haiku-5-5"),
        starters=["[[scenario:echo]] A starter of the echo"],
    )
    print(json.dumps({name: _session(user) for name, user in people.items()}))


def open_session(name: str) -> str:
    return _session(factories.person(name))


def end_session(key: str) -> None:
    SessionStore(key).delete()


def _session(user: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)
