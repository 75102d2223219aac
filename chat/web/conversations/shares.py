"""The dialog in which a person shares a conversation."""

import uuid

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from chat.models import Conversation, Share, Workspace
from chat.operations.errors import OperationError
from chat.operations.sharing import shares
from chat.presentation.share_address import share_address
from chat.web.page import PersonRequest, own_conversation, person_page

# The choices of the dialog; "" is a link that does not expire.
DAYS = ("", "1", "7", "30", "365")


@person_page("GET", "HEAD", "POST")
def share_dialog(request: PersonRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Return the dialog with the links of a conversation; POST makes one."""
    found = own_conversation(request, conversation_id)
    error = said = ""
    if request.method == "POST":
        days = request.POST.get("days", "")
        try:
            shares.create_share(
                user=request.user,
                conversation_id=found.id,
                audience=request.POST.get("audience", Share.Audience.WORKSPACE),
                expires_in_days=int(days) if days in DAYS and days else None,
                shows_files=request.POST.get("files") == "1",
            )
            said = _("The link is ready. Copy it below.")
        except OperationError as refused:
            error = refused.message
    return _dialog(request, found, error=error, said=said)


@person_page("POST")
def change_share(request: PersonRequest, share_id: uuid.UUID) -> HttpResponse:
    """Renew a link's snapshot, or end the link (`do`: renew or revoke), and return the dialog."""
    try:
        found = shares.own_share(request.user, str(share_id)).conversation
    except OperationError as refused:
        raise Http404 from refused
    error = said = ""
    try:
        if request.POST.get("do") == "revoke":
            shares.revoke_share(user=request.user, share_id=str(share_id))
            said = _("The link is revoked. It can’t be opened any more.")
        else:
            shares.renew_share(user=request.user, share_id=str(share_id))
            said = _("The link shows the conversation as it is now.")
    except OperationError as refused:
        error = refused.message
    return _dialog(request, found, error=error, said=said)


def _dialog(request: PersonRequest, found: Conversation, *, error: str, said: str) -> HttpResponse:
    sharing = Workspace.current().sharing
    rows = Share.objects.of(request.user).live().filter(conversation=found).order_by("-created_at", "-id")
    context = {
        "conversation": found,
        "sharing": sharing,
        "shares": [(row, share_address(request, row)) for row in rows],
        "changed": {row.id for row in rows if row.leaf_id != found.active_leaf_id},
        "days": DAYS,
        "error": error,
        "said": said,
    }
    return render(request, "chat/dialogs/_share.html", context, status=422 if error else 200)
