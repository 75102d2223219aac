"""A chat of a thousand messages: what its page costs the server. Runs in Parley's own environment."""

import json
import statistics
import time

import django

REQUESTS = 20


def main(length: int = 1000) -> dict[str, float]:
    """Return {"p50_ms": …, "queries": …} of GET /c/<id> through the whole stack of middleware."""
    django.setup()
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from tests import factories

    chat = factories.long_conversation(factories.person("bench"), length)
    client = Client()
    client.force_login(chat.owner)
    times = []
    for _ in range(REQUESTS):
        started = time.perf_counter()
        assert client.get(f"/c/{chat.id}").status_code == 200
        times.append(time.perf_counter() - started)
    with CaptureQueriesContext(connection) as captured:
        client.get(f"/c/{chat.id}")
    return {"p50_ms": 1000 * statistics.median(times), "queries": len(captured)}


if __name__ == "__main__":
    print(json.dumps(main()))
