"""What people do with many conversations at once: archive, unarchive, delete and restore them in one request."""

from collections.abc import Callable
from functools import partial

from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from chat.models.ids import ConversationId
from chat.operations.conversations.edit import archive_conversations
from chat.operations.deletion.hide import delete_conversations, restore_conversations
from chat.operations.errors import OperationError
from chat.web.conversations.conversation_list import PLAIN, refused
from chat.web.page import PersonRequest, person_page

MOST_SELECTED = 1000
_CHANGES: dict[str, Callable[..., list[ConversationId]]] = {
    "archive": partial(archive_conversations, archived=True),
    "unarchive": partial(archive_conversations, archived=False),
    "delete": delete_conversations,
    "restore": restore_conversations,
}


@person_page("POST")
def change_many(request: PersonRequest) -> HttpResponse:
    """Do `action` with the conversations of `ids`, which commas separate.

    Answers {"ids": […], "said": "…"}: those that changed, which the page sends again to undo it.
    """
    ids = request.POST.get("ids", "").split(",")
    action = request.POST.get("action", "")
    if action not in _CHANGES or len(ids) > MOST_SELECTED:
        words = _("Choose at most %(most)s conversations at once.") % {"most": f"{MOST_SELECTED:,}"}
        return HttpResponse(words, status=422, content_type=PLAIN)
    try:
        changed = _CHANGES[action](user=request.user, conversation_ids=ids)
    except OperationError as error:
        return refused(error, _("These conversations are deleted for good."))
    return JsonResponse({"ids": [str(one) for one in changed], "said": _said(action, len(changed))})


def _said(action: str, count: int) -> str:
    """Return the words for what was done with so many conversations."""
    forms = {
        "archive": ngettext("%(count)s conversation archived", "%(count)s conversations archived", count),
        "unarchive": ngettext(
            "%(count)s conversation unarchived", "%(count)s conversations unarchived", count
        ),
        "delete": ngettext("%(count)s conversation deleted", "%(count)s conversations deleted", count),
        "restore": ngettext("%(count)s conversation restored", "%(count)s conversations restored", count),
    }
    return forms[action] % {"count": count}
