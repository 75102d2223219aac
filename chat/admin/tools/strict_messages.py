"""Error messages for strict tools that the API would reject, alone or together in one request."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from chat.claude.schemas import strict_tools
from chat.models import ToolDefinition
from chat.operations.request.tool_selection import definition_of


def schema_error(schema: dict[str, Any]) -> str:
    """Return what to change in a schema for strict mode; "" if it is fine."""
    fault = strict_tools.strict_fault(schema)
    match fault and fault.code:
        case None:
            return ""
        case strict_tools.OPEN:
            words = _('In strict mode each object needs "additionalProperties": false; %(where)s lacks it.')
        case strict_tools.UNTYPED:
            words = _('In strict mode each part of the schema needs a "type"; %(where)s has none.')
        case strict_tools.KEYWORD:
            words = _(
                "The API does not accept %(name)s in strict mode. Remove it from %(where)s and put "
                "the rule into the description."
            )
        case _:
            words = _("The API can’t enforce this schema: %(name)s.")
    assert fault is not None
    return words % {"where": fault.where, "name": fault.name}


def excess_error(tools: Iterable[ToolDefinition]) -> str:
    """Return an error if these strict tools exceed the limits of one request; "" if they fit."""
    total = strict_tools.StrictCount()
    for tool in tools:
        if tool.strict and tool.kind != ToolDefinition.Kind.SERVER:
            schema = definition_of(tool)["input_schema"]
            if strict_tools.strict_fault(schema) is None:
                total += strict_tools.strict_count(schema)
    if total.fits():
        return ""
    return _(
        "One request can have %(tools)d strict tools, with %(optional)d optional and %(unions)d "
        "union-typed parameters in total. These tools have %(has_tools)d, %(has_optional)d and "
        "%(has_unions)d. Switch strict off for some of them."
    ) % {
        "tools": strict_tools.LIMITS.tools,
        "optional": strict_tools.LIMITS.optional,
        "unions": strict_tools.LIMITS.unions,
        "has_tools": total.tools,
        "has_optional": total.optional,
        "has_unions": total.unions,
    }
