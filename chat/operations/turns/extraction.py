"""Extraction of data that fits a schema from a text: a turn like any other, in an archived conversation of its own."""

from django.db import transaction
from django.utils.translation import gettext as _

from chat.claude.text import clean_text
from chat.models import User
from chat.operations.conversations.edit import create_conversation, update_conversation
from chat.operations.conversations.titles import first_words
from chat.operations.request.output_schema import checked_schema
from chat.operations.turns.accept import Doorway, Started, start_turn

TASK = "Extract the data that the schema describes from what follows. Use nothing else."


def start_extraction(
    *,
    author: User,
    client_id: object,
    text: str,
    schema: object,
    instructions: str = "",
    assistant_id: object = None,
    model_id: object = None,
    doorway: Doorway | None = None,
    **attached: object,
) -> Started:
    """Queue the extraction of data from a text; the same client id again returns the same extraction.

    `attached` is passed on to `start_turn`.

    Raises:
        OperationError: see `start_turn`; invalid_schema.
    """
    checked = checked_schema(schema)
    task = clean_text(instructions).strip() or TASK
    message = f"{task}\n\n<text>\n{text}\n</text>" if text.strip() else task if attached else ""
    with transaction.atomic():
        title = _("Extraction: %(words)s") % {"words": first_words(text) or "…"}
        made = create_conversation(owner=author, title=title[:200])
        started = start_turn(
            author=author,
            client_id=client_id,
            text=message,
            conversation_id=made.id,
            assistant_id=assistant_id,
            model_id=model_id,
            output_schema=checked,
            doorway=doorway or Doorway(),
            **attached,
        )
        if started.created:
            update_conversation(user=author, conversation_id=made.id, archived=True)
        else:
            made.delete()
    return started
