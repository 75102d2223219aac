from pathlib import Path
from typing import Any

import anthropic
import pytest

from chat.simulator.app import create_app
from chat.simulator.scenarios import SCENARIOS, marker, parse, without_marker
from chat.simulator.transport.wire import ApiError
from tests.simulator.asking import ask, body, invoice, scenario, text_of
from tests.support.simulator import Loopback

DOCUMENT = Path(__file__).parents[2] / "docs" / "simulator.md"

STATUSES = [
    ("bad_request", anthropic.BadRequestError, 400, "invalid_request_error"),
    ("usage_limit", anthropic.BadRequestError, 400, "invalid_request_error"),
    ("authentication", anthropic.AuthenticationError, 401, "authentication_error"),
    ("billing", anthropic.PaymentRequiredError, 402, "billing_error"),
    ("permission", anthropic.PermissionDeniedError, 403, "permission_error"),
    ("not_found", anthropic.NotFoundError, 404, "not_found_error"),
    ("request_timeout", anthropic.RequestTimeoutError, 408, "timeout_error"),
    ("conflict", anthropic.ConflictError, 409, "conflict_error"),
    ("too_large", anthropic.ContentTooLargeError, 413, "request_too_large"),
    ("rate_limited", anthropic.RateLimitError, 429, "rate_limit_error"),
    ("spend_cap", anthropic.RateLimitError, 429, "rate_limit_error"),
    ("server_error", anthropic.InternalServerError, 500, "api_error"),
    ("bad_gateway", anthropic.InternalServerError, 502, None),
    ("unavailable", anthropic.ServiceUnavailableError, 503, "api_error"),
    ("gateway_timeout", anthropic.GatewayTimeoutError, 504, "timeout_error"),
    ("overloaded", anthropic.OverloadedError, 529, "overloaded_error"),
    ("status code=422", anthropic.UnprocessableEntityError, 422, "invalid_request_error"),
]


@pytest.mark.parametrize("expected", STATUSES, ids=lambda expected: expected[0])
@pytest.mark.parametrize("stream", [False, True])
def test_status_scenarios(client: anthropic.Anthropic, expected: Any, stream: bool):
    written, error, status, kind = expected
    with pytest.raises(error) as caught:
        ask(client, stream=stream, **scenario(written))
    assert (caught.value.status_code, caught.value.type) == (status, kind)
    assert caught.value.request_id
    row = invoice(client)["rows"][-1]
    assert (row["status"], row["billed"], row["request_id"]) == (status, False, caught.value.request_id)


def test_every_status_scenario_is_tested():
    tested = {written.split()[0] for written, *_ in STATUSES}
    assert tested == {name for name, entry in SCENARIOS.items() if entry.kind == "status"}


@pytest.mark.parametrize(
    ("written", "retry_after"),
    [
        ("rate_limited", "1"),
        ("rate_limited retry_after=90", "90"),
        ("overloaded retry_after=7", "7"),
        ("overloaded", None),
        ("spend_cap", None),
    ],
)
def test_retry_after(client: anthropic.Anthropic, written: str, retry_after: str | None):
    with pytest.raises(anthropic.APIStatusError) as caught:
        ask(client, **scenario(written))
    assert caught.value.response.headers.get("retry-after") == retry_after


def test_spend_cap_and_own_limit_have_their_errors(client: anthropic.Anthropic):
    with pytest.raises(anthropic.RateLimitError) as caught:
        ask(client, **scenario("spend_cap"))
    assert caught.value.error_code == "enforced_spend_limit_reached"
    with pytest.raises(anthropic.BadRequestError, match="You have reached your specified API usage limits"):
        ask(client, **scenario("usage_limit"))


def test_bad_gateway_is_an_html_page(client: anthropic.Anthropic):
    with pytest.raises(anthropic.InternalServerError) as caught:
        ask(client, **scenario("bad_gateway"))
    assert caught.value.response.headers["content-type"] == "text/html"
    assert "502 Bad Gateway" in caught.value.response.text


def test_request_fails_the_given_times_and_then_succeeds(client: anthropic.Anthropic):
    text = "[[scenario:overloaded times=2]] Hello"
    for _ in range(2):
        with pytest.raises(anthropic.OverloadedError):
            ask(client, text)
    assert ask(client, text).stop_reason == "end_turn"
    with pytest.raises(anthropic.OverloadedError):
        ask(client, text + " again")


def test_attempts_can_be_counted_by_key(client: anthropic.Anthropic):
    with pytest.raises(anthropic.OverloadedError):
        ask(client, "one", **scenario("overloaded times=1 key=a"))
    assert ask(client, "two", **scenario("overloaded times=1 key=a")).stop_reason == "end_turn"


def test_fault_can_begin_at_a_later_request(client: anthropic.Anthropic):
    ends = []
    for _ in range(4):
        try:
            ends.append(ask(client, **scenario("overloaded from=2 times=2 key=late")).stop_reason)
        except anthropic.OverloadedError:
            ends.append("overloaded")
    assert ends == ["end_turn", "overloaded", "overloaded", "end_turn"]
    ask(client, **scenario("overloaded from=2 key=for-good"))
    for _ in range(2):
        with pytest.raises(anthropic.OverloadedError):
            ask(client, **scenario("overloaded from=2 key=for-good"))


def test_retries_of_the_sdk_succeed(client: anthropic.Anthropic):
    patient = client.with_options(max_retries=2)
    assert ask(patient, **scenario("server_error times=1")).stop_reason == "end_turn"
    assert [row["status"] for row in invoice(client)["rows"]] == [500, 200]


def test_header_overrides_marker_and_marker_the_default():
    with (
        Loopback(create_app(scenario="overloaded", pace=0)) as server,
        anthropic.Anthropic(api_key="k", base_url=server.url, max_retries=0) as client,
    ):
        with pytest.raises(anthropic.OverloadedError):
            ask(client)
        assert text_of(ask(client, "[[scenario:echo]] hi")) == "hi"
        with pytest.raises(anthropic.ConflictError):
            ask(client, "[[scenario:echo]] hi", **scenario("conflict"))
        assert client.models.list().data


@pytest.mark.parametrize(
    "written",
    [
        "nonsense",
        "default colour=red",
        "stall seconds",
        "stall seconds=x",
        "cut at=never",
        "status code=200",
        "long tokens=-1",
    ],
)
def test_invalid_scenarios_are_explained(client: anthropic.Anthropic, written: str):
    with pytest.raises(anthropic.BadRequestError, match="x-simulator-scenario"):
        ask(client, stream=True, **scenario(written))


def test_a_wrong_default_fails_at_start():
    with pytest.raises(ApiError, match="unknown scenario"):
        create_app(scenario="nonsense")


def test_only_the_last_user_text_is_read_for_a_marker(client: anthropic.Anthropic):
    messages = [
        *body("[[scenario:overloaded]] one")["messages"],
        {"role": "assistant", "content": "[[scenario:conflict]]"},
    ]
    messages.append({"role": "user", "content": "two"})
    assert ask(client, messages=messages).stop_reason == "end_turn"


def test_markers_are_found_and_removed():
    assert marker("a [[scenario:stall seconds=2]] b [[scenario: cut ]] c") == "cut"
    assert marker("[[scenario]] [scenario:cut]") is None
    assert without_marker("a [[scenario:cut]] b") == "a  b"
    assert parse("").name == "default"


def test_every_scenario_is_documented():
    rows = {line.split("`")[1] for line in DOCUMENT.read_text().splitlines() if line.startswith("| `")}
    assert set(SCENARIOS) <= rows
