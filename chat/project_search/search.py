"""Finds the passages of a project that fit a query best.

A passage counts for each of the query's tokens that it has, more for rare ones (inverse document frequency). Passages
are of similar length, so how often a token occurs in one says little. Both databases give the same order.
"""

import math
from collections import defaultdict

from chat.models import Project, ProjectPassage
from chat.search_text.markup import fold_without_marks
from chat.search_text.scripts import RUN
from chat.search_text.tokens import LONGEST_TOKEN, bigrams

LONGEST_QUERY = 500
MOST_TOKENS = 40
# Of one token. A token that more passages have tells hardly anything.
MOST_PASSAGES = 2_000


def find_passages(project: Project, query: str, limit: int) -> list[ProjectPassage]:
    """Return up to `limit` passages, the best first, in the order of the text where they fit equally well."""
    scores: defaultdict[int, float] = defaultdict(float)
    for token, is_prefix in query_tokens(query):
        found = ProjectPassage.objects.ids_with(project.id, token, is_prefix=is_prefix, limit=MOST_PASSAGES)
        for identifier in found:
            scores[identifier] += math.log1p(MOST_PASSAGES / len(found))
    best = sorted(scores, key=lambda identifier: (-scores[identifier], identifier))[:limit]
    # Asked again here: the index knows the project by a token only.
    rows = ProjectPassage.objects.filter(document__project=project)
    known = rows.select_related("document__attachment").defer("document__attachment__text").in_bulk(best)
    return [known[identifier] for identifier in best if identifier in known]


def query_tokens(query: str) -> list[tuple[str, bool]]:
    """Return the tokens of a query, each with whether it is the beginning of a word.

    Words of alphabets are found by their beginning and without the S of a plural; dense scripts by pairs.
    """
    tokens: dict[str, bool] = {}
    for run in RUN.finditer(fold_without_marks(query[:LONGEST_QUERY])):
        if run.lastgroup == "dense":
            for pair in bigrams(run[0]):
                # A single character of a dense script is found where a pair begins with it.
                tokens.setdefault(pair, len(pair) == 1)
        else:
            word = run[0][:LONGEST_TOKEN]
            stem = word[:-1] if len(word) > 4 and word.endswith("s") else word
            tokens.setdefault(stem, len(stem) > 2)
    return list(tokens.items())[:MOST_TOKENS]
