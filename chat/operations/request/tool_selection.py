"""Select the tools of an assistant that a frame gets, and name the reasons why others are left out.

A frame never holds what the API would refuse: tools that a platform or a model lacks, definitions that break its rules,
two tools of one name, toolsets of servers that can't be called in this person's name.
"""

import dataclasses
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from chat.claude.request import mcp_connector
from chat.claude.schemas.strict_tools import limit_strict_tools
from chat.claude.schemas.tool_definitions import definition_fault
from chat.models import (
    Approval,
    Assistant,
    AssistantTool,
    LanguageModel,
    McpGrant,
    McpServer,
    ToolDefinition,
    User,
)
from chat.models.catalogue.platforms import Gap
from chat.presentation.tool_faults import fault_text
from chat.tools.mcp import has_drifted

Kind = ToolDefinition.Kind
Auth = McpServer.Auth

FIRST_WEB_SEARCH = "web_search_20250305"
_VERSION = re.compile(r"_(\d{8})$")

OFF = _("switched off")
NOT_HERE = _("this model or its connection does not support it")
NO_CONNECTOR = _("this model’s connection has no MCP connector")
OTHER_ADDRESS = _(
    "tokens of MCP servers are sent only to the platform’s own address, and this model’s connection has a base URL"
)
WOULD_NOT_ASK = _(
    "Anthropic runs it without asking for approval, so only tools that run automatically are used"
)
CHANGED = _("changed on the server since it was accepted")
NO_TOKEN = _("its server has no token")
SIGN_IN = _("each person has to sign in at its server first")
SAME_NAME = _("another tool has the same name for the model")


@dataclasses.dataclass(frozen=True, slots=True)
class ToolSelection:
    """`definitions` as a frame has them; `left_out` maps the ids of other tool links to the reasons."""

    definitions: list[dict[str, Any]]
    left_out: dict[Any, Any]


def select_tools(
    model: LanguageModel | None,
    assistant: Assistant | None,
    author: User | None = None,
    tools_off: Collection[str] = (),
) -> ToolSelection:
    """Select the tools of a turn in staff's order, then by name, then toolsets. Another order is another cache prefix.

    Without an author no server counts as signed in; without a model no tool is left out because of it. `tools_off` has
    the ids of the tools that the author switched off.
    """
    if assistant is None or assistant.pk is None:
        return ToolSelection([], {})
    rows = assistant.tool_links.select_related("tool__server").order_by("order", "tool__name", "tool_id")
    links = [link for link in rows if str(link.tool_id) not in tools_off]
    signed_in = _signed_in(links, author)
    left_out = {link.pk: reason for link in links if (reason := _reason_against(link, model, signed_in))}
    direct = [link for link in links if link.pk not in left_out and not is_connected(link.tool)]
    best = _best_by_name(direct)
    left_out |= {link.pk: SAME_NAME for link in direct if best[api_name(link.tool)] is not link}
    definitions = limit_strict_tools(definition_of(link.tool) for link in direct if link.pk not in left_out)
    connected = [link.tool for link in links if link.pk not in left_out and is_connected(link.tool)]
    return ToolSelection([*definitions, *_toolsets(connected)], left_out)


def runs_with(definition: Mapping[str, Any], model: LanguageModel) -> bool:
    """Return whether a model accepts a tool definition; all models accept tools that Parley runs."""
    kind = str(definition.get("type") or "custom")
    if kind == "custom":
        return True
    if kind == mcp_connector.TOOLSET:
        return model.supports.mcp_connector
    if not model.supports.server_tools:
        return False
    if kind.startswith("code_execution_"):
        return model.supports.code_execution
    platform, gap = model.connection.platform, _gap_of(kind)
    # Where a platform lacks all of them and the model's row says otherwise, staff know better.
    return gap is None or platform.lacks(Gap.SERVER_TOOLS) or not platform.lacks(gap)


def is_connected(tool: ToolDefinition) -> bool:
    """Return whether the provider, not Parley, calls this tool's MCP server."""
    return tool.server is not None and tool.server.route == McpServer.Route.CONNECTOR


def api_name(tool: ToolDefinition) -> str:
    """Return the name that a model calls a tool by."""
    return str(tool.options.get("name") or tool.name) if tool.kind == Kind.SERVER else tool.name


def shared_names(tools: Iterable[ToolDefinition]) -> list[str]:
    """Return the names that two or more of these tools have for a model; one request may have each only once."""
    names = Counter(api_name(tool) for tool in tools if not is_connected(tool))
    return sorted(name for name, count in names.items() if count > 1)


def definition_of(tool: ToolDefinition) -> dict[str, Any]:
    """Return the definition of a tool for the API, with its keys in stored order."""
    if tool.kind == Kind.SERVER:
        return {**tool.options, "name": api_name(tool)}
    definition = {
        "name": tool.name,
        "description": tool.description,
        "input_schema": {"type": "object", **tool.input_schema},
    }
    return {**definition, "strict": True} if tool.strict else definition


def _reason_against(link: AssistantTool, model: LanguageModel | None, signed_in: set[Any]) -> Any:
    """Return the reason why a tool is left out; "" when it is not."""
    tool = link.tool
    if not tool.enabled or (tool.server is not None and not tool.server.enabled):
        return OFF
    if is_connected(tool):
        return _reason_against_connected(link, model, signed_in)
    definition = definition_of(tool)
    if tool.kind == Kind.SERVER and model is not None and not runs_with(definition, model):
        return NOT_HERE
    fault = definition_fault(definition)
    return fault_text(fault) if fault else ""


def _reason_against_connected(link: AssistantTool, model: LanguageModel | None, signed_in: set[Any]) -> Any:
    tool, server = link.tool, link.tool.server
    if model is not None and not model.connection.takes_mcp_tokens:
        return OTHER_ADDRESS
    if model is not None and not model.supports.mcp_connector:
        return NO_CONNECTOR
    if (link.approval or tool.approval) != Approval.ALLOW:
        return WOULD_NOT_ASK
    if has_drifted(tool):
        return CHANGED
    if server is not None and server.auth == Auth.BEARER and not server.credential:
        return NO_TOKEN
    if server is not None and server.auth == Auth.OAUTH and server.pk not in signed_in:
        return SIGN_IN
    return ""


def _signed_in(links: Iterable[AssistantTool], author: User | None) -> set[Any]:
    """Return the ids of the servers at which this person signed in."""
    servers = {
        link.tool.server_id
        for link in links
        if link.tool.server is not None and link.tool.server.auth == Auth.OAUTH
    }
    if author is None or not servers:
        return set()
    grants = McpGrant.objects.filter(user=author, server_id__in=servers)
    return {grant.server_id for grant in grants if grant.tokens}


def _best_by_name(links: Iterable[AssistantTool]) -> dict[str, AssistantTool]:
    """Return one tool per name: the provider's own before others, the newest before older ones."""
    best: dict[str, AssistantTool] = {}
    for link in links:
        name = api_name(link.tool)
        if name not in best or _rank(link.tool) > _rank(best[name].tool):
            best[name] = link
    return best


def _rank(tool: ToolDefinition) -> tuple[bool, str]:
    found = _VERSION.search(str(tool.options.get("type", "")))
    return tool.kind == Kind.SERVER, found[1] if found else ""


def _toolsets(tools: Iterable[ToolDefinition]) -> list[dict[str, Any]]:
    accepted: dict[str, list[str]] = {}
    for tool in tools:
        accepted.setdefault(str(tool.server), []).append(tool.target)
    return [mcp_connector.toolset(server, accepted[server]) for server in sorted(accepted)]


def _gap_of(kind: str) -> Gap | None:
    if kind.startswith("web_fetch_"):
        return Gap.WEB_FETCH
    return Gap.NEW_WEB_SEARCH if kind.startswith("web_search_") and kind != FIRST_WEB_SEARCH else None
