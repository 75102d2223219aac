"""Rows of the random day: connections, priced models, assistants, files and budgets. Runs in the server's shell."""

import json
from typing import Any

from chat.models import (
    Assistant,
    Budget,
    LanguageModel,
    ProviderConnection,
    User,
)
from chat.operations.catalogue.seed import Loaded, add_prices, create_model, entry
from chat.operations.files.uploads import store_upload
from tests.faults.seed_rows import may_search
from tests.support.media import packed_pdf

WINDOW, PAGES = 70_000, 3


def seed_day(connections: list[dict[str, Any]], models: list[str], budgets: list[dict[str, Any]]) -> None:
    """Print {"models": {"connection/model": id}, "assistants": {name: id}, "files": {person: id}}.

    A budget's `person` is a name such as "insider".
    """
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
    # So small that one message of a person makes the API summarise.
    LanguageModel.objects.filter(model_id="claude-haiku-5-5").update(max_input_tokens=WINDOW)
    for fields in budgets:
        person = fields.pop("person", None)
        Budget.objects.create(**fields, person=_person(person) if person else None)
    files = {name: str(_pdf(name).id) for name in ("insider", "colleague")}
    print(json.dumps({"models": made, "assistants": _assistants(), "files": files}))


def _assistants() -> dict[str, str]:
    """Create an assistant that thinks, one that searches the web, and one whose conversations get too long."""
    fields = {
        "Thinker": ("claude-sonnet-5-5", {"thinking": "summarized", "max_tokens": 1000}),
        "Searcher": ("claude-sonnet-5-5", {"thinking": "off", "max_tokens": 1000}),
        "Listener": ("claude-haiku-5-5", {"thinking": "off", "max_tokens": 1000}),
    }
    models = LanguageModel.objects.filter(connection__name="first")
    made = {
        name: Assistant.objects.create(name=name, model=models.get(model_id=model), **more)
        for name, (model, more) in fields.items()
    }
    may_search(made["Searcher"])
    return {name: str(assistant.id) for name, assistant in made.items()}


def _pdf(name: str) -> Any:
    return store_upload(owner=_person(name), name="paper.pdf", data=packed_pdf(PAGES))


def _person(name: str) -> User:
    return User.objects.get(email=f"{name}@example.test")
