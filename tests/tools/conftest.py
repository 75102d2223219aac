"""One of each server for a module of tests, and the permission to call servers on this machine."""

from collections.abc import Iterator
from typing import Any

import pytest

from chat.models import ToolDefinition
from chat.models.fields import uuid7
from chat.tools.result import ToolContext
from tests.tools.servers import SECRET, Gate, Hostile, Receiver, Served, gated, mcp_server


@pytest.fixture
def context() -> ToolContext:
    return ToolContext(user_id=uuid7(), conversation_id=uuid7(), language="ko", time_zone="Asia/Seoul")


@pytest.fixture
def loopback(settings: Any) -> None:
    """Allow tools to call this machine, as staff do for internal tools."""
    settings.EGRESS_ALLOW = ["127.0.0.1"]


@pytest.fixture(scope="module")
def shop() -> Iterator[Served]:
    with Served(lambda _url: mcp_server().streamable_http_app()) as served:
        yield served


@pytest.fixture(scope="module")
def receiver() -> Iterator[tuple[Receiver, str]]:
    made = Receiver()
    with Served(lambda _url: made) as served:
        yield made, f"{served.url}/hook"


@pytest.fixture(scope="module")
def hostile() -> Iterator[tuple[Hostile, Served]]:
    made = Hostile()
    with Served(lambda _url: made) as served:
        yield made, served


@pytest.fixture(scope="module")
def gate() -> Iterator[tuple[Gate, Served]]:
    made = Gate()
    with Served(lambda url: gated(made, url)) as served:
        yield made, served


def webhook(url: str, **fields: Any) -> ToolDefinition:
    defaults: dict[str, Any] = {"timeout_seconds": 5, "max_result_bytes": 100_000, "secret": SECRET}
    return ToolDefinition(name="stock", kind="webhook", url=url, **{**defaults, **fields})
