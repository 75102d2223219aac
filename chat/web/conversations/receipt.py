"""The receipt below an answer, which is read when a person opens it."""

import uuid

from django.http import Http404, HttpResponse
from django.shortcuts import render

from chat.operations.errors import OperationError
from chat.operations.turns.answer_costs import read_receipt
from chat.web.page import PersonRequest, person_page


@person_page("GET", "HEAD")
def receipt(request: PersonRequest, message_id: uuid.UUID) -> HttpResponse:
    """Return the model, tokens, cost and times of the answer that a message is a part of."""
    try:
        found = read_receipt(viewer=request.user, message_id=message_id)
    except OperationError as error:
        raise Http404 from error
    return render(request, "chat/message/_receipt_rows.html", {"receipt": found})
