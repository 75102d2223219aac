"""The address in mail: the configured one, or the request's host with a port that Parley is known to have."""

from typing import Any

import pytest
from django.test import RequestFactory

from chat.web.server.origin import moved_to, public_origin


@pytest.mark.parametrize(
    ("host", "https", "origin"),
    [
        ("parley.test", False, "http://parley.test"),
        ("parley.test:8000", False, "http://parley.test:8000"),
        ("parley.test:4444", False, "http://parley.test:8000"),
        ("parley.test:99999", False, "http://parley.test:8000"),
        ("parley.test:9443", True, "https://parley.test:9443"),
        ("parley.test:4444", True, "https://parley.test"),
        ("parley.test", True, "https://parley.test"),
        ("[::1]:4444", False, "http://[::1]:8000"),
    ],
)
def test_the_port_is_one_of_ours(settings: Any, host: str, https: bool, origin: str) -> None:
    settings.ALLOWED_HOSTS, settings.PORT, settings.HTTPS = ["parley.test", "[::1]"], 8000, https
    settings.CSRF_TRUSTED_ORIGINS = ["https://parley.test:9443"]
    assert public_origin(RequestFactory().get("/", HTTP_HOST=host)) == origin


def test_a_configured_address_wins(settings: Any) -> None:
    settings.PUBLIC_URL = "https://chat.example.org"
    assert public_origin(RequestFactory().get("/", HTTP_HOST="localhost:4444")) == "https://chat.example.org"


def test_only_the_origin_of_a_link_changes() -> None:
    moved = moved_to(
        "http://localhost:4444/accounts/password/reset/key/a-b/?x=1#y", "https://chat.example.org"
    )
    assert moved == "https://chat.example.org/accounts/password/reset/key/a-b/?x=1#y"
