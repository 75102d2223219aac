"""Rows for a running Parley: connections, models, people, assistants and tools. Runs in the server's shell."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group
from django.utils import timezone

from chat.models import (
    Assistant,
    AssistantTool,
    LanguageModel,
    McpGrant,
    McpServer,
    ModelPrice,
    ProviderConnection,
    ToolDefinition,
    User,
)
from chat.operations.accounts.api_keys import create_api_key
from chat.tools.provided import PROVIDED
from tests.support.mcp_tools import mcp_tool

MODEL_ID = "claude-haiku-4-5-20251001"
THINKS = {"thinking": {"types": {"adaptive": {"supported": True}}}}


def seed(connections: list[dict[str, Any]], people: list[str], password: str = "") -> None:
    """Print {"models": {connection name: model's id}, "people": {name: {"id", "email", scope: secret, …}}}.

    `password` is the hash of everyone's password.
    """
    made = {"models": {}, "people": {}}
    for fields in connections:
        made["models"][fields["name"]] = str(_model(fields).id)
    for name in people:
        made["people"][name] = _person(name, password)
    if connections and people:
        made["assistant"] = str(_closed_assistant(people[0]).id)
    print(json.dumps(made))


def _model(fields: dict[str, Any]) -> LanguageModel:
    """Create a connection and its model. `same_as` names the connection whose model is the same."""
    fields = dict(fields)
    same_as = fields.pop("same_as", fields["name"])
    model_id = fields.pop("model_id", MODEL_ID)
    connection = ProviderConnection.objects.create(**{"kind": "compatible", **fields})
    model = LanguageModel.objects.create(
        connection=connection,
        model_id=model_id,
        canonical_id=f"model of {same_as}",
        display_name=connection.name,
        default_max_tokens=4096,
        capabilities=THINKS if model_id != MODEL_ID else {},
    )
    prices = {"input": 1, "write_5m": Decimal("1.25"), "write_1h": 2, "read": Decimal("0.1"), "output": 5}
    ModelPrice.objects.create(model=model, valid_from=timezone.now() - dt.timedelta(days=1), **prices)
    return model


def _person(name: str, password: str) -> dict[str, str]:
    user = User.objects.create_user(f"{name}@example.test", None)
    User.objects.filter(id=user.id).update(password=password)
    user.groups.add(Group.objects.get_or_create(name=f"{name}s")[0])
    secrets = {
        scope: create_api_key(user=user, name=scope, scopes=[scope])[1]
        for scope in ("chat", "read", "gateway")
    }
    return {"id": str(user.id), "email": user.email, **secrets}


def _closed_assistant(group: str) -> Assistant:
    assistant = Assistant.objects.create(name="Only for insiders", for_everyone=False)
    assistant.audience_groups.add(Group.objects.get(name=f"{group}s"))
    return assistant


def seed_search(model: str, **fields: Any) -> None:
    """Print the id of an assistant that may search the web."""
    assistant = Assistant.objects.create(model_id=model, **fields)
    may_search(assistant)
    print(assistant.id)


def may_search(assistant: Assistant) -> None:
    """Link the provider's web search to an assistant."""
    title, options = PROVIDED["web_search"]
    provided = {"kind": "server", "title": title, "options": options, "approval": "allow", "enabled": True}
    tool, _made = ToolDefinition.objects.update_or_create(name="web_search", defaults=provided)
    AssistantTool.objects.create(assistant=assistant, tool=tool)


def seed_tools(model: str, **fields: Any) -> None:
    """Print the id of an assistant with the tools of tests/support/tools.py, each with its own approval rule."""
    rules = {
        "quick": "allow",
        "fails": "allow",
        "endless": "allow",
        "slow": "allow",
        "careful": "ask",
        "never": "deny",
    }
    assistant = Assistant.objects.create(model_id=model, **fields)
    for order, (name, approval) in enumerate(rules.items()):
        tool, _made = ToolDefinition.objects.get_or_create(
            name=name,
            defaults={
                "title": name.title(),
                "kind": "python",
                "target": name,
                "description": f"The tool {name}.",
                "input_schema": {"type": "object", "properties": {"text": {"type": "string"}}},
                "approval": "allow",
                "timeout_seconds": 1 if name == "slow" else 60,
            },
        )
        AssistantTool.objects.create(assistant=assistant, tool=tool, approval=approval, order=order)
    print(assistant.id)


def seed_connector(models: dict[str, str], token: str, personal: str) -> None:
    """Print {assistant's name: id}, one for each model, with tools of three servers that the provider calls.

    `shop` needs no sign-in, `wiki` has one `token` for all people, and `home` has the insider's `personal` one. Each
    has a tool `add` that may be used and one that changed since it was accepted. A function that asks comes with them.
    """
    servers = {
        "shop": {"auth": "none"},
        "wiki": {"auth": "bearer", "credential": token},
        "home": {"auth": "oauth"},
    }
    tools = [
        ToolDefinition.objects.create(
            name="careful",
            title="Careful",
            kind="python",
            target="careful",
            input_schema={"type": "object", "properties": {"text": {"type": "string"}}},
        )
    ]
    for name, fields in servers.items():
        url = f"https://{name}.example.test/mcp"
        server = McpServer.objects.create(name=name, url=url, route=McpServer.Route.CONNECTOR, **fields)
        for target in ("add", "changed"):
            tool = mcp_tool(server, target)
            tool.name = f"{name}_{target}"
            tool.pinned_digest = tool.pinned_digest if target == "add" else "another"
            tools.append(tool)
        server.save()
    for tool in tools:
        tool.save()
    made = {name: Assistant.objects.create(name=name, model_id=model) for name, model in models.items()}
    for assistant in made.values():
        for tool in tools:
            AssistantTool.objects.create(assistant=assistant, tool=tool)
    insider = User.objects.get(email="insider@example.test")
    kept = {"token": {"access_token": personal, "token_type": "Bearer"}, "expires_at": None}
    McpGrant.objects.create(server=McpServer.objects.get(name="home"), user=insider, tokens=json.dumps(kept))
    print(json.dumps({name: str(assistant.id) for name, assistant in made.items()}))


def seed_sign_in(name: str, url: str, assistant: str) -> None:
    """Link a tool of a server at `url`, which asks each person to sign in, to an assistant."""
    server = McpServer.objects.create(name=name, url=f"{url}/mcp", auth=McpServer.Auth.OAUTH)
    tool = mcp_tool(server, "add")
    tool.name = f"{name}_add"
    server.save()
    tool.save()
    AssistantTool.objects.create(assistant=Assistant.objects.get(name=assistant), tool=tool)


def seed_purchase(model: str, **fields: Any) -> None:
    """Print the id of an assistant whose one tool, which asks, takes numbers."""
    kinds = {"order_id": "integer", "amount": "number", "qty": "integer"}
    tool = ToolDefinition.objects.create(
        name="purchase_part",
        title="Purchase",
        kind="python",
        target="purchase_part",
        input_schema={"type": "object", "properties": {name: {"type": kind} for name, kind in kinds.items()}},
    )
    assistant = Assistant.objects.create(model_id=model, **fields)
    AssistantTool.objects.create(assistant=assistant, tool=tool, approval="ask")
    print(assistant.id)
