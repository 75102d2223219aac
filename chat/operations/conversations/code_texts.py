"""The answers with code that a page of a conversation has not loaded: their code counts as versions of artifacts."""

from django.db.models import Q

from chat import access
from chat.models import Conversation, Message
from chat.presentation.blocks import fenced_json

# Fences, and lines that are indented as code is.
_CODE = (
    Q(text__contains="```") | Q(text__contains="~~~") | Q(text__contains="\n    ") | Q(text__contains="\n\t")
)


def code_texts(conversation: Conversation, *, above: object, below: object) -> tuple[list[str], list[str]]:
    """Return the texts that may have code above one message of the active path, and below another (2 queries).

    A message that is none of the conversation, such as "", bounds nothing: there are no texts on its side.
    """
    bounds = {access.as_id(above), access.as_id(below)}
    depths = dict(conversation.messages.filter(id__in=bounds).values_list("id", "depth"))
    top, bottom = depths.get(access.as_id(above)), depths.get(access.as_id(below))
    outside = Q(depth__lt=top if top is not None else 0)
    if bottom is not None:
        outside |= Q(depth__gt=bottom)
    answers = Message.objects.path_to(conversation.active_leaf_id).filter(
        outside, role=Message.Role.ASSISTANT
    )
    rows = answers.filter(_CODE | Q(turn__output_schema__isnull=False)).values_list(
        "depth", "text", "turn__output_schema"
    )
    found: tuple[list[str], list[str]] = ([], [])
    for depth, text, schema in rows:
        found[0 if top is not None and depth < top else 1].append(
            text if schema is None else fenced_json(text)
        )
    return found
