"""The tools of an assistant that a person may switch off in a conversation."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from chat.models import Approval, Assistant, AssistantTool, ToolDefinition


def usable_tools(assistants: Iterable[Assistant]) -> Counter[Any]:
    """Return how many tools each assistant has for its models, by the assistants' ids (at most one query)."""
    offered = list(assistants)
    return Counter(_links(offered).values_list("assistant_id", flat=True) if offered else ())


def tools_of(assistant: Assistant) -> list[ToolDefinition]:
    """Return an assistant's tools in staff's order."""
    links = _links([assistant]).select_related("tool").order_by("order", "tool__name", "tool_id")
    return [link.tool for link in links]


def _links(assistants: Iterable[Assistant]) -> QuerySet[AssistantTool]:
    links = AssistantTool.objects.filter(
        assistant__in=list(assistants), tool__in=ToolDefinition.objects.usable()
    )
    return links.exclude(approval=Approval.DENY).exclude(approval="", tool__approval=Approval.DENY)
