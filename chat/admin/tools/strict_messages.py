"""What staff read where the API would refuse a strict tool, or an assistant's strict tools together."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from chat.claude import strict_tools
from chat.models import ToolDefinition
from chat.operations.request.tool_selection import definition_of


def schema_words(schema: dict[str, Any]) -> str:
    """Say what to change in a schema, so that models can be held to it; "" when nothing is."""
    fault = strict_tools.strict_fault(schema)
    match fault and fault.code:
        case None:
            return ""
        case strict_tools.OPEN:
            words = _('For strict, say "additionalProperties": false of each object: %(where)s does not.')
        case strict_tools.UNTYPED:
            words = _('For strict, give each part of the schema a "type": %(where)s has none.')
        case strict_tools.KEYWORD:
            words = _(
                "For strict, take %(name)s out of %(where)s: the API refuses it. The description can say it instead."
            )
        case _:
            words = _("The API can’t hold models to this schema: %(name)s.")
    assert fault is not None
    return words % {"where": fault.where, "name": fault.name}


def excess_words(tools: Iterable[ToolDefinition]) -> str:
    """Say that these tools have too much of strict for one request; "" when they don't."""
    total = strict_tools.StrictCount()
    for tool in tools:
        if tool.strict and tool.kind != ToolDefinition.Kind.SERVER:
            schema = definition_of(tool)["input_schema"]
            if strict_tools.strict_fault(schema) is None:
                total += strict_tools.strict_count(schema)
    if total.fits():
        return ""
    return _(
        "One request takes %(tools)d strict tools, with %(optional)d optional and %(unions)d union-typed parameters in "
        "all; these would be %(has_tools)d, %(has_optional)d and %(has_unions)d. Switch strict off for some."
    ) % {
        "tools": strict_tools.LIMITS.tools,
        "optional": strict_tools.LIMITS.optional,
        "unions": strict_tools.LIMITS.unions,
        "has_tools": total.tools,
        "has_optional": total.optional,
        "has_unions": total.unions,
    }
