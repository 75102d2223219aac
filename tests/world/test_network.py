"""Proxies and private certificates between Parley and a provider, for both kinds of clients."""

import asyncio
import contextlib
import datetime as dt
import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chat.models import ProviderConnection
from chat.operations.catalogue.connection_test import test_connection as run_test
from chat.presentation import wording
from tests import factories
from tests.support.server import free_port
from tests.world.loop_thread import served
from tests.world.provider_stub import Stub, answer
from tests.world.provider_turns import ask, ended, model_at

pytestmark = pytest.mark.django_db(transaction=True)
ELSEWHERE = "http://model.invalid:8080"


class Proxy:
    """An HTTP proxy that sends every request to one server; `asked` are the first lines that it got."""

    def __init__(self, target: str) -> None:
        self._port = int(target.rpartition(":")[2])
        self.asked: list[str] = []
        self.url = ""

    @contextlib.contextmanager
    def running(self) -> Iterator["Proxy"]:
        with served(self._serve) as port:
            self.url = f"http://127.0.0.1:{port}"
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        line, _, rest = head.partition(b"\r\n")
        self.asked.append(line.decode())
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        method, address, version = line.split(b" ")
        if method == b"CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            path = b"/" + address.split(b"/", 3)[3]
            far_writer.write(b"%s %s %s\r\n%s" % (method, path, version, rest))
        try:
            await asyncio.gather(_pass(reader, far_writer), _pass(far_reader, writer))
        finally:
            for each in (writer, far_writer):
                each.transport.abort()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.transport.abort()


@pytest.fixture(params=["HTTP_PROXY", "ALL_PROXY", "http_proxy"])
def variable(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return str(request.param)


def tried(model: Any) -> str:
    return run_test(connection_id=model.connection_id, user=factories.person()).message


def test_proxy_of_the_environment_is_used(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Stub(answer) as upstream, Proxy(upstream.url).running() as proxy:
        monkeypatch.setenv(variable, proxy.url)
        model = model_at(ELSEWHERE)
        assert ended(ask(model)) == ("completed", "end_turn")
        assert tried(model).startswith("It works")
        assert proxy.asked == [f"POST {ELSEWHERE}/v1/messages HTTP/1.1"] * 2


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_reached_past_proxies(
    host: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    with Stub(answer) as upstream:
        model = model_at(upstream.url.replace("127.0.0.1", host))
        assert ended(ask(model)) == ("completed", "end_turn")
        assert tried(model).startswith("It works")


def test_listed_hosts_are_reached_past_proxies(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Stub(answer) as upstream, Proxy(upstream.url).running() as proxy:
        monkeypatch.setenv(variable, proxy.url)
        monkeypatch.setenv("NO_PROXY", "parley.localhost,127.0.0.2")
        model = model_at(upstream.url.replace("127.0.0.1", "127.0.0.2"))
        assert ended(ask(model))[0] == "failed", "nothing listens there"
        assert proxy.asked == []


def test_unreachable_proxy_is_named(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, f"http://127.0.0.1:{free_port()}")
    model = model_at(ELSEWHERE, max_retries=0)
    turn = ask(model)
    assert ended(turn) == ("failed", "proxy")
    assert "proxy" in wording.failure_text(turn.error_code)
    assert "proxy of this server" in tried(model)


@pytest.mark.parametrize("proxy", ["gopher://127.0.0.1:70", "socks5://127.0.0.1:1080"])
def test_proxy_that_can_not_be_used_is_told(
    proxy: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, proxy)
    model = model_at(ELSEWHERE, max_retries=0)
    assert ended(ask(model)) == ("failed", "connection_unusable")
    assert "HTTPS_PROXY" in tried(model)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A private authority, and a server's certificate that it signed for 127.0.0.1."""
    folder = tmp_path_factory.mktemp("authority")
    own, server = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Private authority of the tests")])
    now = dt.datetime.now(dt.UTC)

    def builder(name: x509.Name, key: Any) -> x509.CertificateBuilder:
        made = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(key.public_key())
        made = made.serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=1))
        return made.not_valid_after(now + dt.timedelta(days=1))

    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    root = builder(issuer, own).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    root = root.add_extension(usage, critical=True)
    root = root.add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    known_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(own.public_key())
    leaf = builder(x509.Name([]), server).add_extension(names, critical=True)
    leaf = leaf.add_extension(known_by, critical=False)
    paths = {name: folder / f"{name}.pem" for name in ("authority", "certificate", "key")}
    pem = serialization.Encoding.PEM
    paths["authority"].write_bytes(root.sign(own, hashes.SHA256()).public_bytes(pem))
    paths["certificate"].write_bytes(leaf.sign(own, hashes.SHA256()).public_bytes(pem))
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    paths["key"].write_bytes(server.private_bytes(pem, form, plain))
    return paths


@pytest.fixture
def upstream(authority: dict[str, Path]) -> Iterator[Stub]:
    files = {"ssl_certfile": str(authority["certificate"]), "ssl_keyfile": str(authority["key"])}
    with Stub(answer, **files) as running:
        running.url = running.url.replace("http:", "https:")
        yield running


def test_private_authority_is_trusted_by_file(
    upstream: Stub, authority: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority["authority"]))
    model = model_at(upstream)
    assert ended(ask(model)) == ("completed", "end_turn")
    assert tried(model).startswith("It works")


def test_untrusted_certificate_is_named(upstream: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    model = model_at(upstream)
    turn = ask(model)
    assert ended(turn) == ("failed", "certificate")
    assert "certificate" in turn.error_detail or "issuer" in turn.error_detail
    assert "SSL_CERT_FILE" in tried(model)
    assert upstream.asked == []


def test_missing_file_of_certificates_is_told(upstream: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/authority.pem")
    model = model_at(upstream)
    assert ended(ask(model)) == ("failed", "connection_unusable")
    assert "SSL_CERT_FILE" in tried(model)


def test_certificate_names_are_checked_behind_a_proxy(
    upstream: Stub, authority: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The certificate names 127.0.0.1, so the tunnel's other end is refused by its name, not by its authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority["authority"]))
    with Proxy(upstream.url).running() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        turn = ask(model_at("https://model.invalid:8443", max_retries=0))
        assert proxy.asked == ["CONNECT model.invalid:8443 HTTP/1.1"]
    assert ended(turn) == ("failed", "certificate")
    assert "model.invalid" in turn.error_detail
    assert ProviderConnection.objects.count() == 1
