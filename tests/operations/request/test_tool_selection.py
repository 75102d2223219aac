"""Which tools a model is offered: platform gaps, equal names, and servers that the provider calls."""

from typing import Any

import pytest

from chat.models import Assistant, AssistantTool, LanguageModel, McpGrant, McpServer, ToolDefinition, User
from chat.operations.request import tool_selection as offers
from chat.operations.request.frame import frame_for, freeze_frame
from chat.operations.request.tool_selection import select_tools, shared_names
from chat.tools.provided import PROVIDED
from tests import factories
from tests.support.mcp_tools import mcp_tool

pytestmark = pytest.mark.django_db


@pytest.fixture
def guide() -> Assistant:
    return Assistant.objects.create(name="Guide")


def model_on(kind: str, **capabilities: Any) -> LanguageModel:
    connection = factories.provider(kind, kind=kind)
    return factories.language_model(f"claude-{kind}", connection=connection, capabilities=capabilities)


def give(assistant: Assistant, tool: ToolDefinition, **fields: Any) -> AssistantTool:
    tool.save()
    return AssistantTool.objects.create(assistant=assistant, tool=tool, **fields)


def provided(name: str) -> ToolDefinition:
    return ToolDefinition(name=name, kind="server", options=PROVIDED[name][1], approval="allow")


def connected(name: str = "shop", **fields: Any) -> McpServer:
    url = f"https://{name}.example.test/mcp"
    return McpServer.objects.create(name=name, url=url, route="connector", **fields)


def give_connected(assistant: Assistant, server: McpServer, *targets: str, **fields: Any) -> None:
    for target in targets:
        tool = mcp_tool(server, target, **fields)
        tool.name = f"{server.name}_{target}"
        give(assistant, tool)
    server.save()


def types(found: offers.ToolSelection) -> list[str]:
    return [str(definition.get("type") or definition["name"]) for definition in found.definitions]


@pytest.mark.parametrize(
    ("kind", "capabilities", "wanted"),
    [
        ("anthropic", {}, ["web_search_20260318", "web_fetch_20260318", "code_execution_20260521"]),
        ("vertex", {}, ["web_search_20250305"]),
        ("bedrock", {}, []),
        ("anthropic", {"server_tools": {"supported": False}}, []),
        ("anthropic", {"code_execution": False}, ["web_search_20260318", "web_fetch_20260318"]),
        # What staff know of their own deployment counts more than the platform's table.
        ("foundry", {"server_tools": {"supported": True}}, ["web_search_20260318", "web_fetch_20260318"]),
    ],
)
def test_best_supported_version_of_a_tool_is_offered(
    kind: str, capabilities: Any, wanted: list[str], guide: Assistant
) -> None:
    for order, name in enumerate(
        ("web_search_basic", "web_search", "web_fetch", "web_fetch_basic", "code_execution")
    ):
        give(guide, provided(name), order=order)
    assert types(select_tools(model_on(kind, **capabilities), guide)) == wanted


def test_own_tool_replaces_a_missing_provider_tool(guide: Assistant) -> None:
    own = factories.tool("web_search")
    other = give(guide, own)
    theirs = provided("web_search")
    theirs.name = "theirs"
    link = give(guide, theirs, order=5)
    here, there = select_tools(model_on("anthropic"), guide), select_tools(model_on("bedrock"), guide)
    assert types(here) == ["web_search_20260318"]
    assert here.left_out == {other.pk: offers.SAME_NAME}
    assert types(there) == ["web_search"]
    assert there.left_out == {link.pk: offers.NOT_HERE}
    assert shared_names([own, theirs]) == ["web_search"]
    assert shared_names([own]) == []
    assert freeze_frame(model=model_on("anthropic"), assistant=guide).body["tools"] == here.definitions
    factories.tool("off", enabled=False)
    off = give(guide, ToolDefinition.objects.get(name="off"))
    assert select_tools(None, guide).left_out[off.pk] == offers.OFF


def test_toolsets_follow_other_tools_by_name(guide: Assistant) -> None:
    wiki, shop = connected("wiki"), connected()
    give_connected(guide, wiki, "find")
    give_connected(guide, shop, "draw", "add")
    give(guide, factories.tool("zebra"))
    body = freeze_frame(model=model_on("anthropic"), assistant=guide).body
    assert [tool.get("name") or tool["mcp_server_name"] for tool in body["tools"]] == [
        "zebra",
        "shop",
        "wiki",
    ]
    assert list(body["tools"][1]["configs"]) == ["add", "draw"]
    assert "example.test" not in str(body), "addresses and tokens belong to the request"


@pytest.mark.parametrize(
    ("kind", "capabilities", "takes"),
    [
        ("anthropic", {}, True),
        ("aws", {}, True),
        ("simulator", {}, True),
        ("compatible", {}, False),
        ("compatible", {"mcp_connector": {"supported": True}}, True),
        ("anthropic", {"mcp_connector": {"supported": False}}, False),
        ("vertex", {}, False),
        ("bedrock", {}, False),
        ("local", {}, False),
    ],
)
def test_only_some_platforms_call_mcp_servers(
    kind: str, capabilities: Any, takes: bool, guide: Assistant
) -> None:
    model = model_on(kind, **capabilities)
    assert model.supports.mcp_connector == takes
    give_connected(guide, connected(), "add")
    found = select_tools(model, guide)
    assert types(found) == (["mcp_toolset"] if takes else [])
    assert set(found.left_out.values()) == (set() if takes else {offers.NO_CONNECTOR})


def test_tools_of_servers_are_left_out_at_other_addresses(guide: Assistant, settings: Any) -> None:
    settings.MCP_CONNECTOR_HOSTS = []
    model = model_on("anthropic")
    model.connection.base_url = "https://gateway.example.org"
    give_connected(guide, connected(), "add")
    found = select_tools(model, guide)
    assert (types(found), set(found.left_out.values())) == ([], {offers.OTHER_ADDRESS})
    settings.MCP_CONNECTOR_HOSTS = ["gateway.example.org"]
    model.__dict__.pop("supports", None)
    assert types(select_tools(model, guide)) == ["mcp_toolset"]


def test_frame_for_another_connection_omits_unsupported(guide: Assistant) -> None:
    give_connected(guide, connected(), "add")
    give(guide, provided("web_search"))
    first = freeze_frame(model=model_on("anthropic"), assistant=guide)
    assert frame_for(first, model_on("aws")).body["tools"] == first.body["tools"]
    assert frame_for(first, model_on("bedrock")).body == {"model": "claude-bedrock"}
    give(guide, factories.tool("weather"))
    second = freeze_frame(model=model_on("anthropic"), assistant=guide)
    assert [tool["name"] for tool in frame_for(second, model_on("bedrock")).body["tools"]] == ["weather"]


def test_connector_tools_that_need_approval_are_left_out(guide: Assistant) -> None:
    server = connected()
    give_connected(guide, server, "ask", approval="ask")
    give_connected(guide, server, "deny", approval="deny")
    model = model_on("anthropic")
    found = select_tools(model, guide)
    assert found.definitions == []
    assert set(found.left_out.values()) == {offers.WOULD_NOT_ASK}
    AssistantTool.objects.filter(tool__target="ask").update(approval="allow")
    assert list(select_tools(model, guide).definitions[0]["configs"]) == ["ask"], (
        "the assistant's own rule counts"
    )
    ToolDefinition.objects.update(approval="allow")
    AssistantTool.objects.filter(tool__target="ask").update(approval="deny")
    assert list(select_tools(model, guide).definitions[0]["configs"]) == ["deny"]


def test_changed_tools_are_left_out(guide: Assistant) -> None:
    server = connected()
    give_connected(guide, server, "add", "draw")
    ToolDefinition.objects.filter(target="add").update(pinned_digest="another")
    found = select_tools(model_on("anthropic"), guide)
    assert list(found.definitions[0]["configs"]) == ["draw"]
    assert list(found.left_out.values()) == [offers.CHANGED]


def test_server_without_token_is_left_out(guide: Assistant) -> None:
    server = connected(auth="bearer")
    give_connected(guide, server, "add")
    model = model_on("anthropic")
    assert set(select_tools(model, guide).left_out.values()) == {offers.NO_TOKEN}
    server.credential = "t-1"
    server.save()
    assert types(select_tools(model, guide)) == ["mcp_toolset"]
    McpServer.objects.update(enabled=False)
    assert set(select_tools(model, guide).left_out.values()) == {offers.OFF}


def test_each_person_has_the_servers_they_signed_in_to(guide: Assistant, insider: User) -> None:
    server = connected(auth="oauth")
    give_connected(guide, server, "add")
    model = model_on("anthropic")
    for author in (None, insider):
        assert set(select_tools(model, guide, author).left_out.values()) == {offers.SIGN_IN}
    grant = McpGrant.objects.create(server=server, user=insider, tokens="")
    assert select_tools(model, guide, insider).definitions == [], "a sign-in that was begun and not finished"
    grant.tokens = '{"token": {}}'
    grant.save()
    assert types(select_tools(model, guide, insider)) == ["mcp_toolset"]
    assert select_tools(model, guide, factories.person("colleague")).definitions == []
    signed, without = (
        freeze_frame(model=model, assistant=guide, author=author) for author in (insider, None)
    )
    assert signed != without
