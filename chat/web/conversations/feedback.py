"""The buttons below an answer that say what a person thinks of it, and their small form."""

import uuid

from django.http import Http404, HttpResponse
from django.shortcuts import render

from chat.operations.conversations.feedback import feedback_of, give_feedback
from chat.operations.errors import OperationError
from chat.presentation.feedback import feedback_buttons
from chat.web.page import PersonRequest, person_page


@person_page("GET", "HEAD", "POST")
def feedback(request: PersonRequest, message_id: uuid.UUID) -> HttpResponse:
    """Return the buttons as they stand. POST stores `rating`; "" takes it back. The form asks once, for a reason."""
    if request.method != "POST":
        return _buttons(request, message_id)
    chosen, told = request.POST.get("rating", ""), "words" in request.POST
    try:
        give_feedback(
            user=request.user,
            message_id=message_id,
            rating={"1": 1, "-1": -1, "": None}.get(chosen, 0),
            reason=request.POST.get("reason", ""),
            words=request.POST.get("words"),
        )
    except OperationError as error:
        if error.status == 404:
            raise Http404 from error
        return _buttons(request, message_id, asks=told, error=error.message, status=422)
    return _buttons(request, message_id, asks=bool(chosen) and not told, thanks=told)


def _buttons(
    request: PersonRequest, message_id: uuid.UUID, *, status: int = 200, **state: object
) -> HttpResponse:
    try:
        given = feedback_of(user=request.user, message_id=message_id)
    except OperationError as error:
        raise Http404 from error
    context = {**feedback_buttons(message_id, given), "typed": request.POST, **state}
    return render(request, "chat/message/_feedback.html", context, status=status)
