"""Probes by the address of a machine: answered whatever the host name and the scheme; pages are not."""

from typing import Any

import pytest
from django.test import AsyncClient, Client

BY_ADDRESS = {"HTTP_HOST": "10.0.0.5:8000"}
TOKEN = "a-token-for-scrapers"


@pytest.fixture(autouse=True)
def deployed(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["parley.example.org"]
    settings.HTTPS = settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.METRICS_TOKEN = TOKEN


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("host", ["10.0.0.5:8000", "parley.example.org", "a_b", "[::1]:8000", "", "evil\x00"])
def test_alive_by_any_host(client: Client, method: str, host: str) -> None:
    answer = getattr(client, method)("/healthz", HTTP_HOST=host)
    assert answer.status_code == 200
    assert answer.headers["X-Request-ID"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("method", ["get", "head"])
def test_ready_by_address(client: Client, method: str) -> None:
    assert getattr(client, method)("/readyz", **BY_ADDRESS).status_code == 200


@pytest.mark.django_db(transaction=True)
async def test_probes_work_in_an_asynchronous_server(async_client: AsyncClient) -> None:
    for path in ("/healthz", "/readyz"):
        assert (await async_client.get(path, headers={"host": "10.0.0.5:8000"})).status_code == 200
    collected = await async_client.get(
        "/metrics", headers={"host": "10.0.0.5:8000", "authorization": f"Bearer {TOKEN}"}
    )
    assert collected.status_code == 200


def test_pages_are_refused_by_address(client: Client) -> None:
    for path in ("/", "/healthz/", "/accounts/login/", "/metrics"):
        assert client.get(path, **BY_ADDRESS).status_code == 400
    assert client.post("/healthz", **BY_ADDRESS).status_code == 405


@pytest.mark.django_db
def test_figures_by_address_need_the_token(client: Client) -> None:
    sent = {"HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}
    assert client.get("/metrics", **BY_ADDRESS, **sent).status_code == 200
    assert client.get("/metrics", **BY_ADDRESS, HTTP_AUTHORIZATION="Bearer no").status_code == 400
    by_name = {"HTTP_HOST": "parley.example.org"}
    assert client.get("/metrics", **by_name, **sent).status_code == 200
    assert client.get("/metrics", **by_name).status_code == 301
