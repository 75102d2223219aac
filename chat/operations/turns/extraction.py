"""Extraction of data that fits a schema from a text: a turn like any other, in an archived conversation of its own."""

import dataclasses

from django.db import transaction
from django.utils.translation import gettext as _

from chat.claude.encoding.text import clean_text
from chat.operations.conversations.edit import create_conversation, update_conversation
from chat.operations.conversations.title_text import first_words
from chat.operations.request.output_schema import checked_schema
from chat.operations.turns.accept import start_turn
from chat.operations.turns.turn_request import AcceptedTurn, TurnRequest

TASK = "Extract the data that the schema describes from what follows. Use nothing else."


def start_extraction(request: TurnRequest, *, instructions: str = "") -> AcceptedTurn:
    """Queue the extraction of data from a text; the same client id again is the same extraction.

    Raises:
        OperationError: the errors of `start_turn`; invalid_schema.
    """
    author, text = request.author, request.text or ""
    checked = checked_schema(request.output_schema)
    task = clean_text(instructions).strip() or TASK
    message = f"{task}\n\n<text>\n{text}\n</text>" if text.strip() else task if request.attachments else ""
    with transaction.atomic():
        title = _("Extraction: %(words)s") % {"words": first_words(text) or "…"}
        made = create_conversation(owner=author, title=title[:200])
        started = start_turn(
            dataclasses.replace(request, text=message, conversation_id=made.id, output_schema=checked)
        )
        if started.created:
            update_conversation(user=author, conversation_id=made.id, archived=True)
        else:
            made.delete()
    return started
