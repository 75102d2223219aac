"""A chat of a thousand messages: what its page costs the server. Runs in Parley's own environment."""

import json
import statistics
import time
from typing import Any

import django

REQUESTS = 20
CHATS = 5  # long ones
LENGTH, SHORT_LENGTH = 1000, 100
LISTED = 100  # conversations of the person: the list beside the thread is full


def main() -> dict[str, float]:
    """Return {"p50_ms", "first_p50_ms", "queries", "short_queries"} of GET /c/<id> through all middleware.

    `first_p50_ms` is of chats that this process shows for the first time, `p50_ms` of one that is opened again.
    `short_queries` are those of a chat of a tenth of the length: a longer chat must not have more.
    """
    django.setup()
    from django.test import Client

    from chat.live.lifespan import freeze_loaded_objects
    from tests import factories

    person = factories.person("bench")
    for number in range(LISTED):
        factories.conversation(person, title=f"A conversation about bridges, the {number}th")
    short = factories.long_conversation(person, SHORT_LENGTH)
    long, *others = (factories.long_conversation(person, LENGTH) for _ in range(CHATS))
    client = Client()
    client.force_login(person)
    _seconds(client, long)  # loads the rest of the code
    freeze_loaded_objects()  # as the server does
    firsts = [_seconds(client, chat) for chat in others]
    again = [_seconds(client, long) for _ in range(REQUESTS)]
    return {
        "p50_ms": 1000 * statistics.median(again),
        "first_p50_ms": 1000 * statistics.median(firsts),
        "queries": _queries(client, long),
        "short_queries": _queries(client, short),
    }


def _seconds(client: Any, chat: Any) -> float:
    started = time.perf_counter()
    assert client.get(f"/c/{chat.id}").status_code == 200
    return time.perf_counter() - started


def _queries(client: Any, chat: Any) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        client.get(f"/c/{chat.id}")
    return len(captured)


if __name__ == "__main__":
    print(json.dumps(main()))
