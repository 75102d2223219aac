"""Strict tools in the admin: unsupported schemas are refused with a message that says what to change."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from chat.models import AssistantTool, ToolDefinition
from chat.operations.request.tool_selection import select_tools
from tests import factories
from tests.admin.tools.test_definitions import ADD, WEBHOOK, with_tools
from tests.admin.world import World, form_errors
from tests.claude.schemas.test_strict_tools import TEXT, closed


def post(root: Client, address: str, schema: Any, **fields: str) -> Any:
    form = {**WEBHOOK, "strict": "on", "input_schema": json.dumps(schema), **fields}
    return root.post(address, form)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "object"}, "; $ lacks it."),
        (closed(a={"type": "integer", "minimum": 1}), "Remove it from $.properties.a"),
        (closed(a={}), "$.properties.a has none"),
        (closed(a={"$ref": "#"}), "recursive"),
    ],
)
def test_schema_that_the_api_refuses_is_not_strict(
    schema: Any, words: str, world: World, root: Client
) -> None:
    assert words in form_errors(post(root, ADD, schema))
    assert root.post(ADD, {**WEBHOOK, "input_schema": json.dumps(schema)}).status_code == 200, (
        "shows the secret"
    )
    assert not ToolDefinition.objects.get(name="prices").strict


def test_accepted_schema_is_saved_as_strict(world: World, root: Client) -> None:
    post(root, ADD, closed(a=TEXT))
    assert ToolDefinition.objects.get(name="prices").strict


def test_strict_tools_per_assistant_are_limited(world: World, root: Client) -> None:
    assistant = world.rows["chat_assistant"]
    schema = closed(**{f"p{number}": TEXT for number in range(12)})
    tools = [factories.tool(f"t{number}", strict=True, input_schema=schema) for number in range(3)]
    page = with_tools(root, assistant, *tools).content.decode()
    assert "These tools have 3, 36 and 0" in page
    assert not AssistantTool.objects.exists()
    ToolDefinition.objects.filter(pk=tools[2].pk).update(
        strict=False, kind="webhook", url="https://a.example.test/"
    )
    assert (
        with_tools(root, assistant, *ToolDefinition.objects.filter(name__startswith="t")).status_code == 302
    )
    change = reverse("admin:chat_tooldefinition_change", args=[tools[2].pk])
    assert f"{assistant}: One request can have 20 strict tools" in form_errors(
        post(root, change, schema, name="t2")
    )
    ToolDefinition.objects.update(strict=True)
    definitions = select_tools(None, assistant).definitions
    assert [one.get("strict", False) for one in definitions] == [True, True, False], (
        "nothing is refused upstream"
    )
