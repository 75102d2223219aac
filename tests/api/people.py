"""People with API keys, and the assistant of a group, for the tests of the API."""

import dataclasses
import json
import uuid
from typing import Any

from django.contrib.auth.models import Group
from django.test import Client

from chat.models import (
    Assistant,
    PromptRevision,
    SystemPrompt,
    User,
)
from chat.operations.accounts.api_keys import create_api_key
from tests import factories

SECRET_PROMPT = "The launch code is heliotrope."
BASE = "/api/v1"


@dataclasses.dataclass
class Person:
    """A user with an API key."""

    user: User
    secret: str

    def client(self, **options: Any) -> Client:
        return Client(headers={"Authorization": f"Bearer {self.secret}"}, **options)

    def signed_in(self, **options: Any) -> Client:
        client = Client(**options)
        client.force_login(self.user)
        return client


def person(name: str, *, scopes: tuple[str, ...] = ("chat",), **fields: Any) -> Person:
    user = User.objects.create_user(f"{name}@example.test", "a-long-password", **fields)
    return Person(user, create_api_key(user=user, name=f"{name}'s key", scopes=scopes)[1])


def assistant(name: str = "Guide", group: Group | None = None, **fields: Any) -> Assistant:
    prompt = SystemPrompt.objects.create(name=f"{name}'s prompt")
    PromptRevision.objects.create(
        prompt=prompt, number=1, blocks=[{"type": "text", "text": SECRET_PROMPT, "cache": "none"}]
    )
    made = Assistant.objects.create(
        name=name, prompt=prompt, starters=["What can you do?"], for_everyone=group is None, **fields
    )
    if group is not None:
        made.audience_groups.add(group)
    return made


def new_id() -> str:
    return str(uuid.uuid4())


def print_live_rows() -> None:
    """Create people, an assistant and a conversation in a server's database and print their keys and ids."""
    group = Group.objects.create(name="colleagues")
    people = {name: person(name) for name in ("insider", "colleague", "outsider")}
    for name in ("insider", "colleague"):
        people[name].user.groups.add(group)
    assistant(group=group)
    chat = factories.conversation(people["insider"].user, "How high is it?", "Very high.")
    keys = {name: made.secret for name, made in people.items()}
    keys["reader"] = create_api_key(user=people["insider"].user, name="reader", scopes=["read"])[1]
    print(json.dumps({"keys": keys, "conversation": str(chat.id), "message": str(chat.active_leaf_id)}))
