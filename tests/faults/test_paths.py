"""No way through the product makes a request that the API refuses. `python -m tests.faults.paths` walks thousands."""

import pytest

from tests.faults.paths import walk


@pytest.mark.django_db
def test_no_request_is_refused_whatever_happens() -> None:
    judge = walk(sequences=24, seed=7)
    assert judge.refusals == []
    for happening in ("edit", "retry", "go_on", "govern", "cut", "calls within turns", "system messages"):
        assert judge.seen[happening] > 0, happening
    # Leaving out all thinking would please the judge too.
    assert judge.seen["thinking sent"] > judge.seen["requests"] / 3
