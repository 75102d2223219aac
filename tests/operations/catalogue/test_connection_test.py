"""A connection test is a real call: it reports the result in a sentence and has a ledger row."""

import uuid
from collections.abc import Callable

import pytest

from chat.models import ApiCall, LanguageModel, User
from chat.operations.catalogue.connection_test import test_connection as try_connection
from chat.operations.errors import OperationError
from tests.operations.upstreams import KEY, answering, connection
from tests.support.server import free_port
from tests.support.simulator import Loopback, Upstream

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> User:
    return User.objects.create_user("staff@example.test", "a-long-password", is_staff=True)


def test_a_good_connection_answers_and_is_billed(
    make_simulator: Callable[..., Upstream], staff: User
) -> None:
    upstream = make_simulator(keys={KEY})
    row = connection(upstream.url)
    seen = try_connection(connection_id=row.id, user=staff)
    assert seen.ok
    assert "claude-sonnet-5-5" in seen.message
    assert seen.milliseconds is not None
    call = ApiCall.objects.get()
    assert (call.purpose, call.status, call.certainty, call.user) == ("test", "succeeded", "exact", staff)
    assert call.http_status == 200
    assert call.upstream_request_id.startswith("req_")
    assert call.cost_usd > 0
    assert upstream.invoice()["totals"]["requests"] == 1


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        ("authentication", "rejected the key"),
        ("permission", "no access to claude-sonnet-5-5"),
        ("billing", "billing problem"),
        ("spend_cap", "spending limit"),
        ("rate_limited", "limiting this account"),
        ("overloaded", "overloaded"),
        ("server_error", "The provider has a problem right now"),
        ("bad_gateway", "The provider has a problem right now"),
        ("gateway_timeout", "did not answer in time"),
        ("not_found", "does not know claude-sonnet-5-5"),
        ("bad_request", "rejected the request"),
    ],
)
def test_each_refusal_has_a_sentence_and_costs_nothing(
    make_simulator: Callable[..., Upstream], staff: User, scenario: str, words: str
) -> None:
    row = connection(make_simulator(scenario=scenario).url)
    seen = try_connection(connection_id=row.id, user=staff)
    assert not seen.ok
    assert words in seen.message
    assert "(HTTP " in seen.message
    assert KEY not in seen.message
    call = ApiCall.objects.get()
    assert (call.status, call.cost_usd) == ("failed", 0)


def test_wrong_key_is_reported_without_the_key(make_simulator: Callable[..., Upstream], staff: User) -> None:
    row = connection(make_simulator(keys={"another"}).url)
    seen = try_connection(connection_id=row.id, user=staff)
    assert not seen.ok
    assert "Check the credential" in seen.message
    assert KEY not in seen.message


def test_unreachable_connection_has_no_ledger_row(staff: User) -> None:
    row = connection(f"http://127.0.0.1:{free_port()}")
    seen = try_connection(connection_id=row.id, user=staff)
    assert not seen.ok
    assert "Could not connect to this address" in seen.message
    assert not ApiCall.objects.exists()


def test_html_page_is_not_an_api(staff: User) -> None:
    with Loopback(answering(b"<h1>Hello</h1>", content_type=b"text/html")) as page:
        row = connection(page.url)
        seen = try_connection(connection_id=row.id, user=staff)
    assert not seen.ok
    assert "not from a Messages API" in seen.message
    row = ApiCall.objects.get()
    assert (row.certainty, row.cost_usd) == ("exact", 0)


def test_without_a_credential_nothing_is_sent(simulator: Upstream, staff: User) -> None:
    row = connection(simulator.url, key="")
    seen = try_connection(connection_id=row.id, user=staff)
    assert (seen.ok, seen.message) == (False, "This connection has no credential.")
    assert simulator.invoice()["totals"]["requests"] == 0


def test_connection_without_model_is_not_tested(simulator: Upstream, staff: User) -> None:
    row = connection(simulator.url, models=False)
    LanguageModel.objects.create(connection=row, model_id="gone", display_name="Gone", lifecycle="retired")
    assert "no model to test" in try_connection(connection_id=row.id, user=staff).message


def test_unknown_connection_is_not_found(staff: User) -> None:
    for identifier in (uuid.uuid4(), "nonsense"):
        with pytest.raises(OperationError) as raised:
            try_connection(connection_id=identifier, user=staff)
        assert raised.value.code == "not_found"
