"""Calls outside of turns: each that reached the upstream has a row, settled as the upstream bills it."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from chat.models import ApiCall, LanguageModel, User
from chat.operations.billing.payer import Payer
from chat.operations.billing.single_call import call_model
from chat.providers import clients
from chat.providers.clients import ConnectionUnusable
from chat.providers.upstream import UpstreamError
from tests import factories
from tests.support.server import free_port
from tests.support.simulator import Upstream

pytestmark = pytest.mark.django_db
REQUEST: dict[str, Any] = {"max_tokens": 50, "messages": [{"role": "user", "content": "Hello"}]}
MakeSimulator = Callable[..., Upstream]


def haiku(url: str, **fields: Any) -> LanguageModel:
    return factories.language_model("claude-haiku-4-5", connection=factories.provider(base_url=url, **fields))


def call(model: LanguageModel, user: User) -> Any:
    return call_model(model, REQUEST, purpose="test", door="job", payer=Payer(user.id))


def test_answer_has_its_exact_cost(insider: User, simulator: Upstream) -> None:
    called = call(haiku(simulator.url), insider)
    row = ApiCall.objects.get(id=called.call_id)
    [billed] = simulator.invoice()["rows"]
    assert called.message["type"] == "message"
    assert (row.status, row.certainty, row.http_status) == ("succeeded", "exact", 200)
    assert (row.upstream_request_id, row.stop_reason) == (billed["request_id"], called.message["stop_reason"])
    assert (row.input_tokens, row.output_tokens) == (
        billed["usage"]["input_tokens"],
        billed["usage"]["output_tokens"],
    )
    assert row.cost_usd * 1_000_000 == row.input_tokens * 3 + row.output_tokens * 15
    assert (row.user, row.purpose, row.door) == (insider, "test", "job")


def test_slow_answer_is_cut_at_the_time_limit(
    insider: User, simulator: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No read of it is late, so that only the time of the whole can end it."""
    monkeypatch.setattr(clients, "JOB_ANSWER_SECONDS", -1.0)
    with pytest.raises(UpstreamError) as error:
        call(haiku(simulator.url), insider)
    assert error.value.failure.kind == "timeout"
    assert ApiCall.objects.get().status == "failed"


@pytest.mark.parametrize("category", ["cyber", "bio", "frontier_llm", "reasoning_extraction", "none"])
def test_refusals_cost_what_the_upstream_bills(
    insider: User, make_simulator: MakeSimulator, category: str
) -> None:
    upstream = make_simulator(scenario=f"refusal category={category}")
    row = ApiCall.objects.get(id=call(haiku(upstream.url), insider).call_id)
    [billed] = upstream.invoice()["rows"]
    assert row.certainty == "exact"
    assert (row.cost_usd > 0) == billed["billed"]
    assert row.input_tokens == billed["usage"]["input_tokens"]
    assert row.usage["input_tokens"] > 0


@pytest.mark.parametrize("scenario", ["overloaded", "bad_request", "spend_cap", "bad_gateway"])
def test_a_refused_call_is_free(insider: User, make_simulator: MakeSimulator, scenario: str) -> None:
    upstream = make_simulator(scenario=scenario)
    with pytest.raises(UpstreamError) as failed:
        call(haiku(upstream.url), insider)
    row = ApiCall.objects.get()
    [billed] = upstream.invoice()["rows"]
    assert (row.status, row.cost_usd, row.certainty) == ("failed", 0, "exact")
    assert (row.http_status, row.upstream_request_id) == (billed["status"], billed["request_id"])
    assert row.error_code == failed.value.failure.kind


def test_cut_call_has_unknown_cost(insider: User, make_simulator: MakeSimulator) -> None:
    upstream = make_simulator(scenario="cut")
    with pytest.raises(UpstreamError):
        call(haiku(upstream.url), insider)
    row = ApiCall.objects.get()
    assert (row.status, row.cost_usd, row.certainty) == ("failed", 0, "unknown")


def test_call_that_never_arrived_has_no_row(insider: User) -> None:
    with pytest.raises(UpstreamError):
        call(haiku(f"http://127.0.0.1:{free_port()}"), insider)
    assert not ApiCall.objects.exists()


class _Unreadable(BaseHTTPRequestHandler):
    """Answers every request with half a JSON object."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "1")
        self.send_header("request-id", "req_unreadable")
        self.end_headers()
        self.wfile.write(b"{")


def test_unreadable_answer_keeps_its_row(insider: User) -> None:
    with HTTPServer(("127.0.0.1", 0), _Unreadable) as server:
        Thread(target=server.handle_request).start()
        with pytest.raises(UpstreamError) as failed:
            call(haiku(f"http://127.0.0.1:{server.server_port}"), insider)
    assert failed.value.failure.kind == "protocol"
    row = ApiCall.objects.get()
    assert (row.status, row.certainty, row.upstream_request_id) == ("failed", "unknown", "req_unreadable")


def test_unusable_connection_is_not_called(insider: User, simulator: Upstream) -> None:
    with pytest.raises(ConnectionUnusable):
        call(haiku(simulator.url, credential=""), insider)
    assert not ApiCall.objects.exists()
    assert simulator.invoice()["rows"] == []
