"""Addresses, refusals and answers of strangers in the place of a model provider, over real HTTP."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chat.models import ApiCall, Conversation, ProviderConnection, Turn
from chat.operations.catalogue.connection_test import test_connection as run_test
from chat.operations.catalogue.sync import sync_models
from chat.operations.conversations import titles
from chat.operations.request.token_counts import count_request
from chat.presentation import wording
from chat.providers.upstream import UpstreamError
from tests import factories
from tests.providers.rows import connection, credential_of
from tests.world.provider_stub import Asked, Reply, Stub, answer, error, stream
from tests.world.provider_turns import ask, ended, model_at, rows

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "Qz7vX-Wk29bTr5Lm0-pPd4"
HELLO: dict[str, Any] = {"messages": [{"role": "user", "content": "Hello"}]}
PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Welcome to the hotel</body></html>"


@pytest.fixture
def other() -> Iterator[Stub]:
    """Another server: nothing may ever arrive there."""
    with Stub(answer) as running:
        yield running
        assert running.asked == []


def redirect(to: str, status: int) -> Any:
    return lambda _asked: Reply(status, headers={"location": f"{to}/elsewhere?token=secret-in-the-address"})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirected_turn_fails_without_cost(other: Stub, status: int) -> None:
    with Stub(redirect(other.url, status)) as upstream:
        turn = ask(model_at(upstream, credential=KEY))
        assert ended(turn) == ("failed", "redirected")
        assert len(upstream.asked) == 1, "a redirect is not asked again"
    assert rows() == [("turn", "failed", "exact")]
    assert turn.error_detail == f"redirect to {other.url}"
    assert "redirect" in wording.failure_text(turn.error_code)


@pytest.mark.parametrize("kind", ["compatible", "anthropic", "foundry", "aws", "bedrock", "bedrock_mantle"])
def test_no_kind_follows_redirects(other: Stub, kind: str) -> None:
    with Stub(redirect(other.url, 307)) as upstream:
        row = connection(kind, credential_of(kind, ""), base_url=upstream.url, name=f"{kind} redirected")
        row.save()
        model = factories.language_model(connection=row)
        assert ended(ask(model)) == ("failed", "redirected")
        told = run_test(connection_id=row.id, user=factories.person())
        assert other.url in told.message
        assert "secret" not in told.message
        assert not count_request(model, HELLO).exact
        assert upstream.asked
    assert set(rows()) == {("turn", "failed", "exact"), ("test", "failed", "exact")}


def test_lists_and_titles_follow_no_redirect(other: Stub) -> None:
    with Stub(redirect(other.url, 308)) as upstream:
        model = model_at(upstream)
        assert other.url in sync_models(model.connection).problem
        chat = factories.conversation(factories.person())
        factories.turn(chat, answer="A bridge.", model=model)
        job = titles.claim_title(str(chat.id))
        assert job
        with pytest.raises(UpstreamError) as failed:
            titles.ask_for_title(job)
    assert (failed.value.failure.kind, failed.value.failure.location) == ("redirected", other.url)


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("/moved", "redirect within the same host"),
        ("", "redirect within the same host"),
        ("http://[", "redirect within the same host"),
        ("https://user:password@example.org:8443/v1?key=1", "redirect to https://example.org:8443"),
        ("//example.org/v1", "redirect to https://example.org"),
    ],
)
def test_redirect_is_told_by_its_host_alone(location: str, told: str) -> None:
    with Stub(lambda _asked: Reply(302, headers={"location": location})) as upstream:
        assert ask(model_at(upstream)).error_detail == told


def test_redirected_model_answers_elsewhere(other: Stub) -> None:
    with Stub(redirect(other.url, 307)) as upstream, Stub(answer) as spare:
        model = model_at(upstream)
        model_at(spare, order=200)
        turn = ask(model)
        assert ended(turn) == ("completed", "end_turn")
        assert turn.notices[0]["reason"] == "redirected"
    assert rows() == [("turn", "failed", "exact"), ("turn", "succeeded", "exact")]


ECHOES = [
    f"Authentication Error, Invalid proxy server token passed. Received API Key = {KEY}",
    f"key ...{KEY[-8:]} is unknown",
    f"key {KEY[:9]}... is unknown",
    KEY,
]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
@pytest.mark.parametrize("echo", ECHOES)
def test_own_key_is_in_no_message_of_a_failure(
    status: int, echo: str, caplog: pytest.LogCaptureFixture
) -> None:
    def reply(_asked: Asked) -> Reply:
        said = {"type": echo, "message": echo, "details": {"error_code": echo}}
        return Reply(status, {"error": said, "request_id": echo}, headers={"request-id": f"req {echo}"})

    with Stub(reply) as upstream:
        model = model_at(upstream, credential=KEY, max_retries=0)
        turn = ask(model)
        told = run_test(connection_id=model.connection_id, user=factories.person())
    kept = [turn.error_detail, turn.error_code, told.message, caplog.text]
    kept += [str(vars(row)) for row in ApiCall.objects.all()]
    for part in (KEY, KEY[-8:], KEY[:9]):
        assert part not in " ".join(kept)


def test_own_key_is_not_in_an_error_event() -> None:
    event = {"type": "error", "error": {"type": "api_error", "message": f"refused {KEY}"}}
    with Stub(lambda _asked: stream(event)) as upstream:
        turn = ask(model_at(upstream, credential=KEY, max_retries=0))
    assert (turn.error_code, turn.error_detail) == ("unavailable", "refused [secret]")


@pytest.mark.parametrize(
    ("body", "kind", "attempts"),
    [
        ({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}, "overloaded", 2),
        ({"error": {"code": 429, "message": "slow down"}}, "rate_limited", 2),
        ({"error": "model is not loaded"}, "protocol", 1),
        ({"error": {"type": "authentication_error", "message": "no"}}, "authentication", 1),
        ({"status": "ok"}, "protocol", 1),
    ],
)
def test_error_with_status_200_costs_nothing(body: Any, kind: str, attempts: int) -> None:
    with Stub(lambda _asked: Reply(body=body)) as upstream:
        model = model_at(upstream)
        told = run_test(connection_id=model.connection_id, user=factories.person())
        assert not told.ok
    row = ApiCall.objects.get()
    assert (row.error_code, row.status, row.certainty, row.cost_usd) == (kind, "failed", "exact", 0)


@pytest.mark.parametrize("page", [PAGE, b"\xef\xbb\xbf\n<html>", b"<?xml version='1.0'?><html/>"])
def test_web_page_is_called_one(page: bytes) -> None:
    with Stub(lambda _asked: Reply(body=page, kind="text/html")) as upstream:
        model = model_at(upstream)
        told = run_test(connection_id=model.connection_id, user=factories.person())
        assert "web page answered" in told.message
        assert "Messages API" in sync_models(model.connection).problem
        assert not count_request(model, HELLO).exact
    row = ApiCall.objects.get()
    assert (row.error_code, row.certainty, row.cost_usd) == ("web_page", "exact", 0)


@pytest.mark.parametrize(
    "path", ["/v1", "/v1/", "/v1/messages", "//v1//messages/", "/v1/messages/count_tokens"]
)
@pytest.mark.parametrize("before", ["", "/anthropic"])
def test_rows_with_the_whole_endpoint_work(before: str, path: str) -> None:
    with Stub(answer) as upstream:
        model = model_at(f"{upstream.url}{before}{path}")
        assert ended(ask(model)) == ("completed", "end_turn")
        assert [asked.path for asked in upstream.asked] == [f"{before}/v1/messages"]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(404, PAGE, "text/html"), "wrong_address"),
        (Reply(404, b"404 page not found", "text/plain"), "wrong_address"),
        (Reply(404, {"detail": "Not Found"}), "wrong_address"),
        (error("model: claude-test", 404, "not_found_error"), "not_found"),
        (Reply(404, {"error": "model 'claude-test' not found, try pulling it first"}), "not_found"),
        (
            Reply(404, {"object": "error", "message": "The model `x` does not exist.", "code": 404}),
            "not_found",
        ),
    ],
)
def test_missing_api_is_not_a_missing_model(reply: Reply, kind: str) -> None:
    with Stub(lambda _asked: reply) as upstream:
        model = model_at(upstream)
        assert ended(ask(model)) == ("failed", kind)
        told = run_test(connection_id=model.connection_id, user=factories.person()).message
    assert ("base URL looks wrong" in told) == (kind == "wrong_address")


def test_answered_conversation_has_a_title() -> None:
    """The control of this module: a stub that answers well is a provider like any other."""
    with Stub(answer) as upstream:
        turn = ask(model_at(upstream))
        assert ended(turn) == ("completed", "end_turn")
        job = titles.claim_title(str(turn.conversation_id))
        assert job
        titles.give_title(str(turn.conversation_id), titles.ask_for_title(job))
        assert json.dumps([asked.path for asked in upstream.asked]) == '["/v1/messages", "/v1/messages"]'
    assert Conversation.objects.get().title == "A title"
    assert Turn.objects.get().status == "completed"
    assert ProviderConnection.objects.get().takes_cache_control
