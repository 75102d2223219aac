"""The cast of the pages' tests: an insider with a conversation, a colleague, an outsider, and an anonymous visitor."""

from collections.abc import Callable

import pytest
from django.test import Client

from chat.models import Conversation, Turn, User
from tests import factories


@pytest.fixture
def insider(db: None) -> User:
    return factories.person("insider")


@pytest.fixture
def chat(insider: User) -> Conversation:
    """The insider's conversation with one answered turn and its bill."""
    made = Conversation.objects.create(owner=insider, title="Plans for the garden")
    factories.call(factories.turn(made, text="How high is it?", answer="**Very** high."))
    return made


@pytest.fixture
def turn(chat: Conversation) -> Turn:
    return chat.turns.get()


@pytest.fixture
def signed_in(db: None) -> Callable[[str], Client]:
    """A function that opens the browser of one of the cast."""

    def open_as(name: str) -> Client:
        client = Client()
        client.force_login(factories.person(name))
        return client

    return open_as


@pytest.fixture
def browser(signed_in: Callable[[str], Client], insider: User) -> Client:
    """The insider's browser."""
    return signed_in("insider")
