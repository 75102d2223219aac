"""The probes and the figures, as an orchestrator and Prometheus see them."""

import datetime as dt
import math
import sys
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from chat import metrics
from chat.models import ApiCall, User, missing_migrations
from chat.web.server import health

TOKEN = "a-token-for-scrapers"


def samples(response) -> dict[tuple[str, tuple], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(response.content.decode())
        for sample in family.samples
    }


def test_alive_asks_no_service(client: Client) -> None:
    answer = client.get("/healthz")  # without a database mark: a query would fail the test
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db(transaction=True)
def test_ready_names_each_part(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "parts": {"database": "ok", "channel_layer": "ok", "migrations": "ok"},
    }
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db(transaction=True)
def test_not_ready_without_channel_layer(client: Client, settings) -> None:
    settings.CHANNEL_LAYERS = {}
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"] == {"database": "ok", "channel_layer": "unavailable", "migrations": "ok"}


@pytest.mark.django_db(transaction=True)
def test_not_ready_while_a_migration_is_missing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db.migrations.recorder import MigrationRecorder

    monkeypatch.setattr(missing_migrations, "_seen_whole_at", -math.inf)
    rows = MigrationRecorder.Migration.objects.filter(app="chat").order_by("-id")
    row = rows.first()
    assert row is not None
    row.delete()
    try:
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["parts"]["migrations"]) == (503, "unavailable")
    finally:
        row.save()
    assert client.get("/readyz").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_migrations_are_read_once_a_minute_and_not_kept(
    client: Client, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(missing_migrations, "_seen_whole_at", -math.inf)
    loaded = [name for name in sys.modules if name.startswith("chat.migrations")]
    for name in loaded:
        monkeypatch.delitem(sys.modules, name)
    assert not missing_migrations.are_missing(remembered=True)
    assert not [name for name in sys.modules if name.startswith("chat.migrations")]
    with django_assert_num_queries(0):
        assert not missing_migrations.are_missing(remembered=True)
    assert client.get("/readyz").status_code == 200


def test_a_broken_layer_is_seen_by_a_probe(client: Client, settings, monkeypatch) -> None:
    class Broken(InMemoryChannelLayer):
        async def group_send(self, group: str, message: dict) -> None:
            raise ConnectionError("redis://:password@secret-host is gone")

    monkeypatch.setattr(health, "get_channel_layer", Broken)
    from asgiref.sync import async_to_sync

    assert async_to_sync(health._state)("channel_layer", health._channel_layer) == "unavailable"


@pytest.mark.django_db
def test_figures_are_for_staff_and_token_only(client: Client, settings) -> None:
    ordinary = User.objects.create_user("ordinary@example.test", "pw")
    staff = User.objects.create_user("staff@example.test", "pw", is_staff=True)
    assert client.get("/metrics").status_code == 401
    client.force_login(ordinary)
    assert client.get("/metrics").status_code == 401
    client.force_login(staff)
    assert client.get("/metrics").status_code == 200
    # Without a configured token no token is good, the empty one least of all.
    for sent in ("Bearer ", "Bearer", f"Bearer {TOKEN}"):
        assert Client(headers={"Authorization": sent}).get("/metrics").status_code == 401
    settings.METRICS_TOKEN = TOKEN
    assert Client(headers={"Authorization": f"Bearer {TOKEN}"}).get("/metrics").status_code == 200
    for sent in ("Bearer wrong", TOKEN, f"Bearer {TOKEN}x", "Bearer é"):
        assert Client(headers={"Authorization": sent}).get("/metrics").status_code == 401


@pytest.mark.django_db
def test_figures_count_requests_by_route_and_the_ledger(admin_client: Client) -> None:
    now = timezone.now()
    for number, (cost, age) in enumerate([("0.25", 0), ("0.5", 1), ("8", 30)]):
        at = now - dt.timedelta(hours=age)
        ApiCall.objects.create(
            key=f"call-{number}",
            door="chat",
            purpose="turn",
            connection_name="x",
            model_name="y",
            status="succeeded",
            certainty="exact",
            cost_usd=cost,
            started_at=at,
            finished_at=at,
        )
    admin_client.get("/api/v1/conversations/some-id-of-a-person")
    metrics.TURNS_FINISHED.labels("completed").inc()
    answer = admin_client.get("/metrics")
    assert answer["Content-Type"].startswith("text/plain")
    found = samples(answer)
    route = (("method", "GET"), ("route", "api/v1/conversations/<conversation_id>"), ("status", "404"))
    assert found["parley_http_requests_total", route] >= 1
    assert found["parley_turns_finished_total", (("status", "completed"),)] >= 1
    assert found["parley_ledger_cost_usd", (("certainty", "exact"),)] == 0.75
    assert found["parley_ledger_calls", (("status", "succeeded"),)] == 2
    assert b"some-id-of-a-person" not in answer.content


@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/metrics"])
def test_probes_are_read_only(client: Client, address: str) -> None:
    assert client.post(address).status_code == 405
