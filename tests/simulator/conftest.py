"""The simulator on loopback with a clock that tests move, and the SDK as its client."""

from collections.abc import AsyncIterator, Iterator

import pytest
from anthropic import Anthropic, AsyncAnthropic, DefaultAioHttpClient

from chat.simulator.app import create_app
from tests.support.clock import Clock
from tests.support.simulator import Loopback

KEY = "sk-simulated-team"


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock(1_800_000_000.0)


@pytest.fixture(scope="module")
def url(clock: Clock) -> Iterator[str]:
    with Loopback(create_app(pace=0, clock=clock)) as server:
        yield server.url


@pytest.fixture(scope="module")
def sdk(url: str) -> Iterator[Anthropic]:
    with Anthropic(api_key=KEY, base_url=url, max_retries=0, timeout=20) as sdk:
        yield sdk


@pytest.fixture
def client(sdk: Anthropic) -> Anthropic:
    """The team's client, in front of a simulator that has forgotten everything."""
    sdk.post("/simulator/reset", cast_to=object)
    return sdk


@pytest.fixture(scope="module")
def stranger(url: str) -> Iterator[Anthropic]:
    """A client of another workspace."""
    with Anthropic(api_key="sk-simulated-stranger", base_url=url, max_retries=0, timeout=20) as sdk:
        yield sdk


@pytest.fixture
async def async_client(client: Anthropic, url: str) -> AsyncIterator[AsyncAnthropic]:
    """The client that Parley uses: asynchronous, on the aiohttp backend."""
    http = DefaultAioHttpClient()
    async with AsyncAnthropic(api_key=KEY, base_url=url, max_retries=0, timeout=20, http_client=http) as sdk:
        yield sdk
