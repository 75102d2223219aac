"""Rows of the fuzzed day: connections, priced models as in the catalogue, and budgets. Runs in the server's shell."""

import json
from typing import Any

from chat.models import Budget, LanguageModel, ProviderConnection, User
from chat.operations.catalogue import Loaded, add_prices, create_model, entry


def seed_day(connections: list[dict[str, Any]], models: list[str], budgets: list[dict[str, Any]]) -> None:
    """Print {"connection/model": model's id}; a budget's `person` is a name of the cast."""
    made = {}
    for fields in connections:
        connection = ProviderConnection.objects.create(**{"kind": "anthropic", **fields})
        for name in models:
            known = entry(connection, name)
            assert known
            model = create_model(connection, known, Loaded())
            add_prices(model, known, Loaded())
            LanguageModel.objects.filter(id=model.id).update(enabled=True, default_max_tokens=2048)
            made[f"{connection.name}/{name}"] = str(model.id)
    for fields in budgets:
        person = fields.pop("person", None)
        Budget.objects.create(
            **fields, person=User.objects.get(email=f"{person}@example.test") if person else None
        )
    print(json.dumps(made))
