"""The guard on outgoing requests, against hostile hosts on loopback."""

import ipaddress
import socket
from typing import Any

import httpcore2
import httpx2
import pytest

from chat.tools import addresses, egress
from tests.tools.servers import Hostile, Served

INSIDE = [
    "127.0.0.1", "127.8.8.8", "0.1.2.3", "10.0.0.1", "172.16.0.9", "192.168.1.1", "169.254.169.254", "100.100.100.200",
    "168.63.129.16", "192.0.0.192", "192.0.2.1", "198.18.0.1", "224.0.0.1", "224.0.1.1", "239.1.1.1", "240.0.0.1",
    "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "ff0e::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::127.0.0.1",
    "64:ff9b::169.254.169.254", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1", "2001:0:1::1", "2001:db8::1",
]  # fmt: skip
PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]


@pytest.mark.parametrize("address", INSIDE)
def test_internal_addresses_are_refused(address: str) -> None:
    assert not egress.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address: str) -> None:
    assert egress.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/", "ftp://example.org/", "file:///etc/passwd", "javascript:alert(1)", "example.org", "", "https://",
        "https://user:secret@example.org/", "https://127.0.0.1/", "https://2130706433/", "https://0x7f.1/",
        "https://0177.0.0.1/", "https://127.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[fe80::1]/",
        "https://169.254.169.254/latest/meta-data", "https://0/", "https://a\x00b/",
    ],
)  # fmt: skip
def test_invalid_urls_are_refused(url: str) -> None:
    with pytest.raises(egress.EgressRefused):
        addresses.check_url(url)


def test_valid_urls_are_accepted(settings: Any) -> None:
    addresses.check_url("https://tools.example.org:8443/hook?x=1")
    addresses.check_url("https://8.8.8.8/hook")
    settings.EGRESS_ALLOW = ["inside.example.org", "127.0.0.1:9000"]
    addresses.check_url("http://inside.example.org/")
    addresses.check_url("http://INSIDE.example.org:81/")
    addresses.check_url("http://127.0.0.1:9000/")
    for refused in ("http://127.0.0.1:9001/", "https://127.0.0.1/", "http://x.inside.example.org/"):
        with pytest.raises(egress.EgressRefused):
            addresses.check_url(refused)


def test_unix_sockets_are_refused() -> None:
    transport = egress.GuardedTransport(egress.Meter(1), egress.resolve_host)
    assert not hasattr(transport._pool, "_uds") or transport._pool._uds is None


class Names:
    """A resolver whose answer changes: it returns the given answers in turn and repeats the last one."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers, self.asked = list(answers), 0

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


async def fetch(url: str, *, resolve: Any = None, limit_bytes: int = 100_000, **options: Any) -> bytes:
    async with egress.guarded_client(
        limit_bytes=limit_bytes, timeout_seconds=5, resolve=resolve, **options
    ) as client:
        answer = await client.get(url)
        return answer.content


async def test_name_is_checked_again_when_connecting(
    hostile: tuple[Hostile, Served],
) -> None:
    made, served = hostile
    before = len(made.hits)
    names = Names(["93.184.216.34"], ["127.0.0.1"])
    network = egress.GuardedNetwork(names)
    assert [str(found) for found in await network.addresses("tool.example.org", 443)] == ["93.184.216.34"]
    with pytest.raises(egress.EgressRefused):
        await fetch(f"https://tool.example.org:{served.port}/gzip", resolve=names)
    assert names.asked == 2
    assert len(made.hits) == before


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("company", [[], ["93.184.216.34"]])
async def test_one_internal_address_refuses_the_name(address: str, company: list[str]) -> None:
    with pytest.raises(egress.EgressRefused):
        await fetch("https://tool.example.org/", resolve=Names([*company, address]))


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::1]", "[::ffff:7f00:1]", "localhost"]
)
async def test_other_spellings_of_loopback_are_refused(host: str, hostile: tuple[Hostile, Served]) -> None:
    made, served = hostile
    before = len(made.hits)
    with pytest.raises((egress.EgressRefused, httpx2.InvalidURL)):  # the client itself reads no octal
        await fetch(f"https://{host}:{served.port}/gzip")
    assert len(made.hits) == before


async def test_the_connection_goes_to_the_address_that_was_checked(
    hostile: tuple[Hostile, Served], settings: Any
) -> None:
    _made, served = hostile
    settings.EGRESS_ALLOW = [f"tool.example.org:{served.port}"]
    names = Names(["127.0.0.1"], ["10.255.255.1"])
    async with egress.guarded_client(limit_bytes=1000, timeout_seconds=5, resolve=names) as client:
        for _ in range(3):
            answer = await client.get(f"http://tool.example.org:{served.port}/gzip")
            assert answer.content == b"small"
    assert names.asked == 1, "one connection, one question"


async def test_next_address_is_tried_after_a_failure(hostile: tuple[Hostile, Served], settings: Any) -> None:
    _made, served = hostile
    settings.EGRESS_ALLOW = ["tool.example.org"]
    url = f"http://tool.example.org:{served.port}/deflate"
    assert await fetch(url, resolve=Names(["127.0.0.99", "127.0.0.1"])) == b"small"
    with pytest.raises(httpx2.ConnectError):
        await fetch(url, resolve=Names(["127.0.0.99"]))
    with pytest.raises(httpx2.ConnectError):
        await fetch(url, resolve=Names([]))


async def test_name_without_address_is_a_failure() -> None:
    async def nowhere(host: str, port: int) -> list[str]:
        raise socket.gaierror("no such name")

    with pytest.raises(httpx2.ConnectError):
        await fetch("https://tool.example.org/", resolve=nowhere)


async def test_the_system_resolves_this_machine() -> None:
    assert "127.0.0.1" in await egress.resolve_host("localhost", 80)


async def test_plain_http_is_refused_before_a_name_is_asked() -> None:
    names = Names(["93.184.216.34"])
    with pytest.raises(egress.EgressRefused):
        await fetch("http://tool.example.org/", resolve=names)
    assert names.asked == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(
    status: int, hostile: tuple[Hostile, Served], settings: Any
) -> None:
    made, served = hostile
    settings.EGRESS_ALLOW = [f"127.0.0.1:{served.port}"]
    before = len(made.hits)
    target = f"http://127.0.0.1:{served.port}/gzip"
    async with egress.guarded_client(limit_bytes=1000, timeout_seconds=5) as client:
        answer = await client.get(f"{served.url}/redirect/{status}?{target}")
    assert answer.status_code == status
    assert len(made.hits) == before + 1


async def test_a_followed_redirect_meets_the_guard_again(
    hostile: tuple[Hostile, Served], settings: Any
) -> None:
    _made, served = hostile
    settings.EGRESS_ALLOW = [f"127.0.0.1:{served.port}"]
    for target in ("http://127.0.0.1:1/", "https://[::1]/", "https://169.254.169.254/", "http://localhost/"):
        async with egress.guarded_client(limit_bytes=1000, timeout_seconds=5) as client:
            with pytest.raises(egress.EgressRefused):
                await client.get(f"{served.url}/redirect/307?{target}", follow_redirects=True)


@pytest.mark.parametrize(("path", "most"), [("/big", 400_000), ("/bomb", 800_000)])
async def test_large_answers_are_cut_off(
    path: str, most: int, hostile: tuple[Hostile, Served], loopback: None
) -> None:
    _made, served = hostile
    async with egress.guarded_client(limit_bytes=100_000, timeout_seconds=5) as client:
        with pytest.raises(egress.ResponseTooLarge):
            await client.get(f"{served.url}{path}")
        meter = client._transport.meter
    assert meter.exceeded
    assert meter.decoded <= 100_000 + egress.CHUNK_BYTES
    assert meter.wire < most


async def test_size_limit_covers_all_answers_of_a_client(
    hostile: tuple[Hostile, Served], loopback: None
) -> None:
    _made, served = hostile
    async with egress.guarded_client(limit_bytes=8, timeout_seconds=5) as client:
        meter = client._transport.meter
        meter.limit_bytes = 40
        assert (await client.get(f"{served.url}/gzip")).content == b"small"
        with pytest.raises(egress.ResponseTooLarge):
            await client.get(f"{served.url}/gzip")


@pytest.mark.parametrize("path", ["/broken-gzip", "/brotli"])
async def test_unreadable_encodings_are_refused(
    path: str, hostile: tuple[Hostile, Served], loopback: None
) -> None:
    _made, served = hostile
    with pytest.raises(httpx2.DecodingError):
        await fetch(f"{served.url}{path}")


async def test_no_proxy_of_the_environment_is_used(
    hostile: tuple[Hostile, Served], loopback: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    _made, served = hostile
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert await fetch(f"{served.url}/gzip") == b"small"


async def test_sockets_of_this_machine_are_refused() -> None:
    with pytest.raises(egress.EgressRefused):
        await egress.GuardedNetwork(egress.resolve_host).connect_unix_socket("/run/docker.sock")


async def test_invalid_resolver_answer_connects_nowhere() -> None:
    with pytest.raises(httpcore2.ConnectError):
        await egress.GuardedNetwork(Names(["not an address"])).addresses("tool.example.org", 443)
