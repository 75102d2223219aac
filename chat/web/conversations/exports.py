"""Taking a conversation along: the dialog, the files, and the page that is printed."""

import uuid

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header

from chat.operations.errors import OperationError
from chat.operations.exports.export import export_conversation
from chat.operations.turns.thread_page import read_thread_page
from chat.presentation.file_download import FileResponse
from chat.web.page import PersonRequest, own_conversation, person_page
from chat.web.script_data import message_data

# More messages than a conversation has.
WHOLE = 1_000_000


@person_page("GET", "HEAD")
def export_dialog(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Return the dialog that offers the formats."""
    found = own_conversation(request, conversation_id)
    return render(request, "chat/dialogs/_export.html", {"conversation": found})


@person_page("GET", "HEAD")
def export_file(request: PersonRequest, conversation_id: uuid.UUID) -> FileResponse:
    """Return the conversation as a download in `format`; with `thinking`, Markdown has the model's thoughts."""
    try:
        made = export_conversation(
            user=request.user,
            conversation_id=str(conversation_id),
            form=request.GET.get("format", "markdown"),
            thinking=request.GET.get("thinking") == "1",
        )
    except OperationError as error:
        raise Http404 from error
    response = FileResponse.of_open(made.file, made.size_bytes, content_type=made.media_type)
    response["Content-Disposition"] = content_disposition_header(True, made.name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@person_page("GET", "HEAD")
def print_page(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Return the whole conversation as a page without anything around it, to be printed or saved."""
    found = own_conversation(request, conversation_id)
    thread = read_thread_page(found, viewer=request.user, limit=WHOLE)
    thread.read_only = True
    page = {**message_data(), "conversation": None}
    context = {"conversation": found, "title": str(found), "thread": thread, "page": page}
    return render(request, "chat/reading/print.html", context)
