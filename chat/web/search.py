"""The search page: what a person's words find in the titles and texts of their conversations."""

from itertools import groupby
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode

from chat.models import Conversation
from chat.search.results import Hit, Results, search
from chat.search_text.query import LONGEST_QUERY
from chat.web.page import PersonRequest, person_page


@person_page("GET", "HEAD")
def search_page(request: PersonRequest) -> HttpResponse:
    """Return the page with the first results of `q`; for htmx only these, or with `cursor` those that follow."""
    words = request.GET.get("q", "").strip()[:LONGEST_QUERY]
    try:
        results = search(request.user, words, cursor=request.GET.get("cursor"))
    except ValueError as error:
        raise Http404 from error
    context: dict[str, Any] = {
        "words": words,
        "results": results,
        "groups": _grouped(results),
        "words_part": urlencode({"q": words}),
        "longest": LONGEST_QUERY,
        "goes_on": "cursor" in request.GET,
    }
    template = "_results.html" if request.htmx else "search.html"
    return render(request, f"chat/search/{template}", context)


def _grouped(results: Results) -> list[tuple[Conversation, list[Hit]]]:
    """Return the hits by conversation, in the order of each conversation's first hit."""
    order: dict[Any, int] = {}
    for hit in results.hits:
        order.setdefault(hit.conversation.id, len(order))
    hits = sorted(results.hits, key=lambda hit: order[hit.conversation.id])
    groups = groupby(hits, key=lambda hit: hit.conversation.id)
    return [(those[0].conversation, those) for those in (list(group) for _key, group in groups)]
