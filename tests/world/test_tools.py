"""Tools as strangers define them and as their servers answer: each case is a file or a row in tests/world/tools/."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import mcp_types
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from chat.claude.schemas import tool_definitions
from chat.claude.schemas.tool_definitions import DefinitionFault, input_schema_fault
from chat.models import Assistant, AssistantTool, McpServer, ToolDefinition, User
from chat.operations.request.frame import freeze_frame
from chat.operations.request.tool_selection import select_tools
from chat.operations.staff.tool_listings import accept_tools
from chat.presentation.tool_faults import fault_text
from chat.simulator.checks.request import check_request
from chat.simulator.transport.wire import ApiError
from chat.tools import mcp
from chat.tools.mcp_results import result_content
from chat.tools.pictures import with_encoded_pictures
from chat.tools.result import make_result
from tests import factories
from tests.tools.servers import PIXEL

FOLDER = Path(__file__).parent / "tools"
DEFINITIONS = json.loads((FOLDER / "definitions.json").read_text())
RESULTS = json.loads((FOLDER / "results.json").read_text().replace("PIXEL", base64.b64encode(PIXEL).decode()))
LISTED = json.loads((FOLDER / "tools-list.json").read_text())["tools"]
# Why the API refuses each tool of tools-list.json; `ok` is fine.
REFUSED = {
    "list_calls": "the API does not accept the property name “StartTime<” at $.properties",
    "pick": "the API does not accept oneOf at the top of an input schema",
    "pair": "draft 2020-12; at $.properties.p.items",
    "badtype": "draft 2020-12; at $.properties.n.type: 'int' is not valid",
    "longname": "the API does not accept the property name “nnnn",
}


def about(case: dict[str, Any]) -> str:
    return str(case["about"])


@pytest.mark.parametrize("case", DEFINITIONS, ids=about)
def test_the_rule_that_a_schema_breaks_is_named(case: dict[str, Any]) -> None:
    fault = input_schema_fault(case["schema"])
    assert (fault and fault.code) == case["code"]
    if fault is None:
        return
    assert fault.where == case.get("where", "$")
    assert fault.name == case.get("name", fault.name)
    for language in ("en", "ko"):
        with translation.override(language):
            assert fault.name in fault_text(fault) or fault.code in ("root", "deep")


@pytest.mark.parametrize("case", DEFINITIONS, ids=about)
def test_the_simulator_refuses_the_same_schemas(case: dict[str, Any]) -> None:
    if not isinstance(case["schema"], dict) or case["code"] == "invalid":
        return  # the simulator checks the commonest rules only
    body = {
        "model": "claude-haiku-4-5-20251001",
        "max_tokens": 10,
        "messages": [{"role": "user", "content": "Hi"}],
        "tools": [{"name": "a", "input_schema": case["schema"]}],
    }
    try:
        check_request(body, version="2026-10-21")
    except ApiError:
        assert case["code"]
    else:
        assert case["code"] is None


def test_every_fault_has_its_words() -> None:
    codes = ("name", "root", "deep", "large", "choice", "property", "invalid")
    texts = [fault_text(DefinitionFault(code, "oneOf", "$.a")) for code in codes]
    assert len(set(texts)) == len(codes)


# --- A listing of an MCP server, from staff's acceptance to the request ---


@pytest.fixture
def shop(db: None) -> McpServer:
    entries = [mcp.listing_entry(tool["name"], tool["description"], tool["inputSchema"]) for tool in LISTED]
    return McpServer.objects.create(name="shop", url="https://shop.example.test/mcp", listing=entries)


@pytest.fixture
def guide(shop: McpServer) -> Assistant:
    made = Assistant.objects.create(name="Guide", model=factories.language_model())
    for tool in accept_tools(server=shop, names=[tool["name"] for tool in LISTED]):
        AssistantTool.objects.create(assistant=made, tool=tool)
    return made


def test_refused_tools_are_left_out_and_the_others_stay(guide: Assistant) -> None:
    selection = select_tools(guide.model, guide)
    assert [tool["name"] for tool in selection.definitions] == ["shop_ok"]
    links = AssistantTool.objects.select_related("tool").in_bulk(selection.left_out)
    reasons = {links[pk].tool.target: str(reason) for pk, reason in selection.left_out.items()}
    assert reasons.keys() == REFUSED.keys()
    for name, words in REFUSED.items():
        assert words in reasons[name]
    frame = freeze_frame(model=factories.language_model(), assistant=guide)
    assert [tool["name"] for tool in frame.body["tools"]] == ["shop_ok"]


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("kind", ["python", "webhook"])
def test_the_rules_hold_for_every_kind(db: None, kind: str, strict: bool) -> None:
    schema = {"type": "object", "properties": {"용량": {"type": "integer"}}, "additionalProperties": False}
    fields = {"url": "https://tools.example.test/x"} if kind == "webhook" else {}
    odd = factories.tool("odd", kind=kind, input_schema=schema, strict=strict, **fields)
    fine = factories.tool("fine", input_schema={"type": "object"})
    guide = Assistant.objects.create(name="Guide")
    for tool in (odd, fine):
        AssistantTool.objects.create(assistant=guide, tool=tool)
    selection = select_tools(factories.language_model(), guide)
    assert [tool["name"] for tool in selection.definitions] == ["fine"]
    assert "용량" in next(iter(selection.left_out.values()))


def test_names_of_provider_tools_are_checked_too(db: None) -> None:
    guide = Assistant.objects.create(name="Guide")
    connection = factories.provider("main", kind="anthropic")
    model = factories.language_model(connection=connection, capabilities={})
    options = {"type": "web_search_20260318", "name": "two words"}
    tool = ToolDefinition.objects.create(name="search", kind="server", options=options, approval="allow")
    AssistantTool.objects.create(assistant=guide, tool=tool)
    selection = select_tools(model, guide)
    assert (selection.definitions, len(selection.left_out)) == ([], 1)


def test_staff_see_at_acceptance_and_later(shop: McpServer, client: Client) -> None:
    client.force_login(User.objects.create_superuser("root@example.test", factories.PASSWORD))
    page = reverse("admin:chat_mcpserver_list_tools", args=[shop.pk])
    listed = (
        client.get(page).content.decode().replace("&#x27;", "'").replace("&lt;", "<").replace("&quot;", '"')
    )
    for words in REFUSED.values():
        assert words in listed
    form = {"accept": "1", "tool": ["ok", *REFUSED]}
    accepted = client.post(page, form, follow=True).content.decode()
    assert "6 tools accepted." in accepted
    for name in REFUSED:
        assert f"{name} is not used: " in accepted
    assert "ok is not used" not in accepted
    guide = Assistant.objects.create(name="Guide", model=factories.language_model())
    for tool in ToolDefinition.objects.all():
        AssistantTool.objects.create(assistant=guide, tool=tool)
    shown = client.get(reverse("admin:chat_assistant_change", args=[guide.pk])).content.decode()
    assert shown.count("Not used: the API ") == len(REFUSED)
    state = client.get("/admin/chat/tooldefinition/").content.decode()
    assert state.count("not used: the API does not accept it") == len(REFUSED)


def test_servers_that_anthropic_calls_define_their_own(shop: McpServer, client: Client) -> None:
    McpServer.objects.update(route=McpServer.Route.CONNECTOR)
    client.force_login(User.objects.create_superuser("root@example.test", factories.PASSWORD))
    listed = client.get(reverse("admin:chat_mcpserver_list_tools", args=[shop.pk])).content.decode()
    assert "Not used" not in listed


# --- Results ---


def content(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The content of a tools/call result on its way to the model, pictures encoded again."""
    answer = mcp_types.CallToolResult.model_validate(result)
    made = make_result(result_content(answer), limit_bytes=200_000)
    return asyncio.run(with_encoded_pictures(made)).content


@pytest.mark.parametrize("case", RESULTS, ids=about)
def test_what_reaches_the_model(case: dict[str, Any]) -> None:
    result = {"content": case["content"], "structuredContent": case.get("structured")}
    assert [block.get("text", block["type"]) for block in content(result)] == case["wanted"]


def test_files_of_one_result_arrive_each_in_its_way() -> None:
    picture, source, unknown, pdf = content(json.loads((FOLDER / "tool-result.json").read_text()))
    assert (picture["type"], picture["source"]["type"]) == ("image", "base64")
    assert source["text"] == "file:///a.cs\nclass A { /* h\u00e9llo */ }\n"
    assert unknown["text"] == "[file:///a.bin: a file of unknown type, 25 bytes; it can't be shown]"
    assert pdf["text"].startswith("[file:///a.pdf: application/pdf, ")


def test_the_schema_check_is_made_once() -> None:
    tool_definitions._cached_fault.cache_clear()
    for _ in range(3):
        assert input_schema_fault({"type": "object", "properties": {"once": {}}}) is None
    assert tool_definitions._cached_fault.cache_info().misses == 1
