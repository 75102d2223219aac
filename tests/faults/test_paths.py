"""No way through the product makes a request that the API refuses. `python -m tests.faults.paths` walks thousands."""

import pytest

from tests.faults.paths import walk


@pytest.mark.django_db
def test_no_request_is_refused_whatever_happens() -> None:
    judge = walk(sequences=40, seed=12)
    assert judge.refusals == []
    happenings = (
        *("edit", "retry", "go_on", "govern", "cut", "calls within turns", "system messages", "waits"),
        *("failovers before a first call", "failovers within a loop", "refusals followed within a loop"),
        *("loops closed", "summaries", "compaction sent", "image sent", "document sent", "schemas"),
        *("web_search_tool_result sent", "mcp_tool_result sent", "searches told"),
    )
    for happening in happenings:
        assert judge.seen[happening] > 0, happening
    # Leaving out all thinking would please the judge too.
    assert judge.seen["thinking sent"] > judge.seen["requests"] / 3
