"""Search in the caller's conversations."""

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Router

from chat import access
from chat.api.identity import identity_of
from chat.api.problems import Problem
from chat.api.schemas import outputs, shapes
from chat.search.results import search
from chat.search_text.query import LONGEST_QUERY

router = Router(tags=["conversations"])


@router.get("/search", response=outputs.SearchPage)
def search_conversations(
    request: HttpRequest,
    q: str = Query(..., min_length=1, max_length=LONGEST_QUERY, description="Words that all have to occur."),
    limit: int = Query(20, ge=1, le=100),
    cursor: str | None = Query(None, max_length=400),
    project: str | None = Query(None, description="Only your conversations in this project."),
) -> outputs.SearchPage:
    """Search titles and texts of your conversations: titles first, then messages, each newest first."""
    user = identity_of(request).user
    within = None if project is None else access.conversations(user).filter(project=access.as_id(project))
    try:
        results = search(user, q, within=within, cursor=cursor, limit=limit)
    except ValueError:
        raise Problem(422, "invalid", _("This cursor doesn’t belong to this list.")) from None
    return outputs.SearchPage(
        data=[shapes.search_hit(hit) for hit in results.hits], next=results.next, complete=results.complete
    )
