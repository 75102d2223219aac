"""Fails a test that connects to, or looks up, anything beyond this machine."""

import ipaddress
import sys
from typing import Any

import pytest

attempts: list[str] = []


def _is_local(host: Any) -> bool:
    text = host.decode() if isinstance(host, bytes) else str(host or "127.0.0.1")
    if text in {"localhost", "ip6-localhost"}:
        return True
    try:
        return ipaddress.ip_address(text.split("%")[0]).is_loopback or text in {"0.0.0.0", "::"}  # noqa: S104 - asked, not bound
    except ValueError:
        return False


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if not _is_local(host):
        attempts.append(str(host))
        raise PermissionError(f"Tests stay on this machine; this one asked for {host!r}.")


def pytest_configure() -> None:
    """Guard this process for the rest of its life; an audit hook sees what any library does."""
    sys.addaudithook(_audit)


@pytest.fixture(autouse=True)
def network_guard() -> Any:
    """Fail a test whose code reached outwards, even when that code swallowed the error."""
    attempts.clear()
    yield
    assert not attempts, f"asked for other machines: {attempts}"
