"""The line below the message field: the tokens of what is about to be sent, and its price."""

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from chat.claude.encoding.client_json import LONGEST_BYTES, LONGEST_TEXT, read_client_json
from chat.claude.encoding.text import clean_text
from chat.models import User
from chat.operations.errors import OperationError, invalid
from chat.operations.request.send_estimate import SendEstimate, estimate_send
from chat.operations.turns.answer_costs import cost_detail
from chat.presentation.figures import exact_usd, rounded_usd
from chat.presentation.receipt import CostDetail
from chat.web.page import PersonRequest, person_page

MOST_FILE_TOKENS = 100_000_000


@person_page("POST")
def estimate(request: PersonRequest) -> HttpResponse:
    """Return {draft_tokens, used_tokens, exact, words} for a draft as JSON; `words` are in the person's language."""
    try:
        found = estimate_send(user=request.user, **_draft(request))
    except OperationError as error:
        return HttpResponse(error.message, status=error.status, content_type="text/plain; charset=utf-8")
    return JsonResponse(
        {
            "draft_tokens": found.draft_tokens,
            "used_tokens": found.used_tokens,
            "exact": found.exact,
            "words": words_of(found, request.user),
        }
    )


def words_of(found: SendEstimate, viewer: User) -> str:
    """Return an estimate in words: tokens, and the price as far as the workspace shows costs to this person."""
    figures = {"tokens": f"{found.total_tokens:,}", "cached": f"{found.cached_tokens:,}"}
    detail = cost_detail(viewer)
    if detail is CostDetail.HIDDEN or found.cost_usd is None:
        return _("≈ %(tokens)s tokens") % figures
    exact = detail is CostDetail.EXACT
    figures["cost"] = exact_usd(round(found.cost_usd, 6)) if exact else rounded_usd(found.cost_usd)
    if found.cached_tokens:
        return _("≈ %(tokens)s tokens · about %(cost)s to send, %(cached)s of them cached") % figures
    return _("≈ %(tokens)s tokens · about %(cost)s to send") % figures


def _draft(request: PersonRequest) -> dict[str, Any]:
    """Return the arguments of `estimate_send`.

    Raises:
        OperationError: invalid.
    """
    try:
        sent = read_client_json(request.body) if len(request.body) <= LONGEST_BYTES else None
    except ValueError:
        sent = None
    if not isinstance(sent, dict):
        raise invalid(_("This is not valid JSON."))
    text, tokens = sent.get("text"), sent.get("file_tokens", 0)
    if not isinstance(text, str) or len(text) > LONGEST_TEXT:
        raise invalid(_("The message must be text."))
    if not isinstance(tokens, int) or not 0 <= tokens <= MOST_FILE_TOKENS:
        raise invalid(_("The tokens of files must be a number."))
    return {
        "text": clean_text(text),
        "file_tokens": tokens,
        "conversation_id": sent.get("conversation"),
        "parent_id": sent.get("parent"),
        "assistant_id": sent.get("assistant"),
        "model_id": sent.get("model"),
        "effort": sent.get("effort"),
        "tools_off": sent.get("tools_off"),
        "project_id": sent.get("project"),
    }
