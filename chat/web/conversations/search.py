"""The search page: what a person's words find in the titles and texts of their conversations."""

from itertools import groupby
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode

from chat import access
from chat.models import Conversation, Project
from chat.search.results import Hit, Results, search
from chat.search_text.query import LONGEST_QUERY
from chat.web.page import PersonRequest, person_page


@person_page("GET", "HEAD")
def search_page(request: PersonRequest) -> HttpResponse:
    """Return the page with the first results of `q`; for htmx only these, or with `cursor` those that follow.

    `project` narrows the search down to the person's conversations in that project.
    """
    words = request.GET.get("q", "").strip()[:LONGEST_QUERY]
    project = _project(request)
    within = access.conversations(request.user).filter(project=project) if project else None
    try:
        results = search(request.user, words, within=within, cursor=request.GET.get("cursor"))
    except ValueError as error:
        raise Http404 from error
    context: dict[str, Any] = {
        "words": words,
        "results": results,
        "groups": _grouped(results),
        "words_part": urlencode({"q": words, **({"project": str(project.id)} if project else {})}),
        "project": project,
        "goes_on": "cursor" in request.GET,
    }
    template = "_results.html" if request.htmx else "search.html"
    return render(request, f"chat/search/{template}", context)


def _project(request: PersonRequest) -> Project | None:
    named = request.GET.get("project")
    if not named:
        return None
    found = access.find_project(request.user, named)
    if found is None:
        raise Http404
    return found


def _grouped(results: Results) -> list[tuple[Conversation, list[Hit]]]:
    """Return the hits by conversation, in the order of each conversation's first hit."""
    order: dict[Any, int] = {}
    for hit in results.hits:
        order.setdefault(hit.conversation.id, len(order))
    hits = sorted(results.hits, key=lambda hit: order[hit.conversation.id])
    groups = groupby(hits, key=lambda hit: hit.conversation.id)
    return [(those[0].conversation, those) for those in (list(group) for _key, group in groups)]
