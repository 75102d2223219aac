"""Rows that a running Parley needs before anybody talks to it; runs inside `manage.py shell` on its database."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group
from django.utils import timezone

from chat.models import Assistant, LanguageModel, ModelPrice, ProviderConnection, User
from chat.operations.api_keys import create_api_key

MODEL_ID = "claude-haiku-4-5-20251001"


def seed(connections: list[dict[str, Any]], people: list[str], password: str = "") -> None:
    """Print {"models": {connection name: model's id}, "people": {name: {"id", "email", scope: secret, …}}}."""
    made = {"models": {}, "people": {}}
    for fields in connections:
        made["models"][fields["name"]] = str(_model(fields).id)
    for name in people:
        made["people"][name] = _person(name, password)
    if connections and people:
        made["assistant"] = str(_closed_assistant(people[0]).id)
    print(json.dumps(made))


def _model(fields: dict[str, Any]) -> LanguageModel:
    connection = ProviderConnection.objects.create(**{"kind": "compatible", **fields})
    model = LanguageModel.objects.create(
        connection=connection, model_id=MODEL_ID, display_name=connection.name, default_max_tokens=4096
    )
    prices = {"input": 1, "write_5m": Decimal("1.25"), "write_1h": 2, "read": Decimal("0.1"), "output": 5}
    ModelPrice.objects.create(model=model, valid_from=timezone.now() - dt.timedelta(days=1), **prices)
    return model


def _person(name: str, password: str) -> dict[str, str]:
    user = User.objects.create_user(f"{name}@example.test", password)
    user.groups.add(Group.objects.get_or_create(name=f"{name}s")[0])
    secrets = {
        scope: create_api_key(user=user, name=scope, scopes=[scope])[1]
        for scope in ("chat", "read", "gateway")
    }
    return {"id": str(user.id), "email": user.email, **secrets}


def _closed_assistant(group: str) -> Assistant:
    assistant = Assistant.objects.create(name="Only for insiders")
    assistant.audience_groups.add(Group.objects.get(name=f"{group}s"))
    return assistant
