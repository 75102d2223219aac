"""The API accepts every request that Parley makes. `python -m tests.faults.random_sequences` runs thousands."""

import pytest

from tests.faults.random_sequences import run_sequences


@pytest.mark.slow
@pytest.mark.django_db
def test_random_sequences_make_only_accepted_requests() -> None:
    checker = run_sequences(sequences=60, seed=12)
    assert checker.refusals == []
    happenings = (
        *(
            "edit_message",
            "retry",
            "lengths requested",
            "continue_turn",
            "change_configuration",
            "cut",
            "calls within turns",
        ),
        *("system messages", "waits", "refusals followed within a loop"),
        *("failovers before a first call", "failovers within a loop"),
        *("continued before a first call", "continued within a loop"),
        *("loops closed", "summaries", "compaction sent", "image sent", "document sent", "schemas"),
        *("changes of projects", "projects sent", "documents of projects sent", "projects searched"),
        "search_result sent",
        *("web_search_tool_result sent", "mcp_tool_result sent", "searches sent as text"),
    )
    for happening in happenings:
        assert checker.counts[happening] > 0, happening
    # A request without any thinking would be accepted too.
    assert checker.counts["thinking sent"] > checker.counts["requests"] / 3
