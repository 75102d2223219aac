"""The cast of the API's tests, in one database: an insider with a conversation, a colleague, an outsider."""

import dataclasses
import json
import uuid
from typing import Any

from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from chat.models import (
    Assistant,
    Conversation,
    LanguageModel,
    Message,
    ModelPrice,
    PromptRevision,
    ProviderConnection,
    SystemPrompt,
    User,
)
from chat.operations.accounts.api_keys import create_api_key

SECRET_PROMPT = "The launch code is heliotrope."
BASE = "/api/v1"


@dataclasses.dataclass
class Person:
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


def language_model(name: str = "claude-test", **fields: Any) -> LanguageModel:
    connection, _made = ProviderConnection.objects.get_or_create(
        name="Loopback",
        defaults={"kind": "compatible", "base_url": "http://127.0.0.1:9", "credential": "sk-upstream-secret"},
    )
    model = LanguageModel.objects.create(
        connection=connection, model_id=name, display_name=name.title(), **fields
    )
    ModelPrice.objects.create(model=model, valid_from=timezone.now(), input=3, output=15)
    return model


def assistant(name: str = "Guide", group: Group | None = None, **fields: Any) -> Assistant:
    prompt = SystemPrompt.objects.create(name=f"{name}'s prompt")
    PromptRevision.objects.create(
        prompt=prompt, number=1, blocks=[{"type": "text", "text": SECRET_PROMPT, "cache": "none"}]
    )
    made = Assistant.objects.create(name=name, prompt=prompt, starters=["What can you do?"], **fields)
    if group is not None:
        made.audience_groups.add(group)
    return made


def conversation(owner: User, *texts: str, **fields: Any) -> Conversation:
    """A conversation whose path alternates between the owner and the model."""
    made = Conversation.objects.create(owner=owner, title="Plans", **fields)
    parent = None
    for depth, text in enumerate(texts):
        parent = message(made, parent, text, role="assistant" if depth % 2 else "user")
    made.active_leaf = parent
    made.save()
    return made


def message(within: Conversation, parent: Message | None, text: str, *, role: str, **fields: Any) -> Message:
    return Message.objects.create(
        conversation=within,
        parent=parent,
        depth=parent.depth + 1 if parent else 0,
        role=role,
        text=text,
        **{"content": [{"type": "text", "text": text}], **fields},
    )


def new_id() -> str:
    return str(uuid.uuid4())


def live_cast() -> None:
    """Make the cast in a server's own database and print what its test needs; runs inside that server's shell."""
    group = Group.objects.create(name="colleagues")
    people = {name: person(name) for name in ("insider", "colleague", "outsider")}
    for name in ("insider", "colleague"):
        people[name].user.groups.add(group)
    assistant(group=group)
    chat = conversation(people["insider"].user, "How high is it?", "Very high.")
    keys = {name: made.secret for name, made in people.items()}
    keys["reader"] = create_api_key(user=people["insider"].user, name="reader", scopes=["read"])[1]
    print(json.dumps({"keys": keys, "conversation": str(chat.id), "message": str(chat.active_leaf_id)}))
