"""The end of temporary chats: the page tells when a person leaves one, and when it is open again or still."""

import uuid

from django.http import HttpResponse

from chat.operations.conversations import temporary
from chat.web.page import PersonRequest, own_conversation, person_page


@person_page("POST")
def leave(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Let the chat end in a minute, unless its page is loaded again (a reload) or is open elsewhere."""
    temporary.leave(own_conversation(request, conversation_id))
    return HttpResponse(status=204)


@person_page("POST")
def stay(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Let a chat that was left elsewhere live its whole time again."""
    temporary.return_to(own_conversation(request, conversation_id))
    return HttpResponse(status=204)
