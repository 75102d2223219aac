"""The texts for tool definitions that the API refuses."""

from django.utils.translation import gettext as _

from chat.claude.schemas import tool_definitions
from chat.claude.schemas.tool_definitions import DefinitionFault


def fault_text(fault: DefinitionFault) -> str:
    """Return why the API refuses a definition, as the end of a sentence."""
    match fault.code:
        case tool_definitions.NAME:
            text = _("the API does not accept the name “%(name)s”; use 1–64 letters, digits, _ or -")
        case tool_definitions.ROOT:
            text = _('the API needs an input schema with "type": "object"')
        case tool_definitions.DEEP:
            text = _("the API does not accept an input schema that is nested so deeply")
        case tool_definitions.LARGE:
            text = _("its input schema is longer than %(name)s characters")
        case tool_definitions.CHOICE:
            text = _("the API does not accept %(name)s at the top of an input schema")
        case tool_definitions.PROPERTY:
            text = _(
                "the API does not accept the property name “%(name)s” at %(where)s; use 1–64 letters, "
                "digits, _, . or -"
            )
        case _code:
            text = _("the API accepts only JSON Schema draft 2020-12; at %(where)s: %(name)s")
    return text % {"name": fault.name, "where": fault.where}
