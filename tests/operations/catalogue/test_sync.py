"""Facts that a provider lists about its models are taken over; settings by staff are kept."""

import datetime as dt
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from chat.models import LanguageModel
from chat.operations.catalogue.sync import MODELS_AT_MOST, sync_models
from tests.operations.upstreams import KEY, answering, connection, model_of
from tests.support.server import free_port
from tests.support.simulator import Loopback, Upstream

pytestmark = pytest.mark.django_db


def info(model_id: Any, **fields: Any) -> dict[str, Any]:
    return {
        "type": "model",
        "id": model_id,
        "display_name": "A model",
        "created_at": "2026-01-01T00:00:00Z",
        **fields,
    }


def page(*models: dict[str, Any], **fields: Any) -> Any:
    return answering({"data": list(models), "has_more": False, "first_id": None, "last_id": None, **fields})


def test_known_models_take_the_providers_facts(simulator: Upstream) -> None:
    row = connection(simulator.url)
    LanguageModel.objects.filter(model_id="claude-opus-5").update(
        max_output_tokens=10, default_max_tokens=10, display_name="Ours", order=3, enabled=False
    )
    report = sync_models(row)
    assert not report.problem
    assert "claude-opus-5" in report.changed
    model = model_of(row, "claude-opus-5")
    assert (model.max_output_tokens, model.default_max_tokens) == (128_000, 10)
    assert (model.display_name, model.order, model.enabled) == ("Ours", 3, False)
    assert model.capabilities["source"].startswith("provider ")
    assert model.capabilities["thinking"]["default"] == "on", "what only the catalogue knows stays"
    again = sync_models(row)
    assert [again.added, again.changed, again.unpriced] == [[], [], []]


def test_a_new_model_of_the_catalogue_is_added_with_its_prices(simulator: Upstream) -> None:
    row = connection(simulator.url)
    model_of(row, "claude-opus-5").delete()
    report = sync_models(row)
    assert report.added == ["claude-opus-5"]
    assert not report.unpriced
    assert model_of(row, "claude-opus-5").enabled
    assert len(model_of(row, "claude-opus-5").price_rows()) == 2


def test_model_without_a_price_is_disabled() -> None:
    deprecated = info(
        "claude-next",
        line="opus",
        lifecycle="deprecated",
        retires_at="2027-01-01T00:00:00",
        max_tokens=9000,
        max_input_tokens=100_000,
    )
    with Loopback(page(deprecated)) as upstream:
        row = connection(upstream.url, models=False)
        report = sync_models(row)
    assert report.added == report.unpriced == ["claude-next"]
    model = model_of(row, "claude-next")
    assert (model.enabled, model.display_name, model.line) == (False, "A model", "opus")
    assert (model.lifecycle, model.retires_at) == ("deprecated", dt.datetime(2027, 1, 1, tzinfo=dt.UTC))
    assert (model.max_output_tokens, model.max_input_tokens, model.default_max_tokens) == (
        9000,
        100_000,
        8192,
    )


def test_a_compatible_server_gets_no_price_of_the_catalogue() -> None:
    with Loopback(page(info("claude-opus-5"))) as upstream:
        row = connection(upstream.url, kind="compatible")
        assert sync_models(row).unpriced == ["claude-opus-5"]
    assert not model_of(row, "claude-opus-5").prices.exists()


def test_foreign_model_list_is_read() -> None:
    strange = [
        {"id": "local-7b", "object": "model"},
        info(
            "odd",
            lifecycle="someday",
            max_tokens=-5,
            max_input_tokens=True,
            retires_at="soon",
            capabilities=[],
        ),
        info("named", display_name="N" * 300, lifecycle="active", retires_at="soon"),
        info("x" * 500),
        info("nul\x00"),
        info(7),
        {"object": "model"},
    ]
    with Loopback(answering({"object": "list", "data": strange})) as upstream:
        row = connection(upstream.url, kind="compatible")
        report = sync_models(row)
    assert report.added == ["local-7b", "odd", "named"]
    assert model_of(row, "local-7b").display_name == "local-7b"
    assert (model_of(row, "odd").lifecycle, model_of(row, "odd").max_output_tokens) == ("active", 8192)
    assert (len(model_of(row, "named").display_name), model_of(row, "named").retires_at) == (120, None)


def test_endless_list_is_cut() -> None:
    endless = [info(f"m{number}") for number in range(600)]
    with Loopback(page(*endless, has_more=True, last_id="m599")) as upstream:
        row = connection(upstream.url, kind="compatible")
        report = sync_models(row)
    assert not report.problem
    assert row.language_models.count() == 600 < MODELS_AT_MOST


@pytest.mark.parametrize("body", [b"<h1>Hello</h1>", b"", b"[1, 2]"])
def test_invalid_list_changes_nothing(body: bytes) -> None:
    with Loopback(answering(body)) as upstream:
        row = connection(upstream.url, kind="compatible")
        report = sync_models(row)
    assert report.problem or not report.added
    assert not row.language_models.exists()


def test_connection_that_cannot_be_asked_has_a_reason(make_simulator: Callable[..., Upstream]) -> None:
    assert (
        sync_models(connection("http://127.0.0.1:1", key="")).problem == "This connection has no credential."
    )
    assert sync_models(connection(f"http://127.0.0.1:{free_port()}", key="sk-other-1")).problem
    refused = sync_models(connection(make_simulator(keys={"another"}).url, key="sk-other-2"))
    assert refused.problem
    assert "sk-other-2" not in refused.problem


def test_command_continues_after_a_failed_connection(simulator: Upstream) -> None:
    connection(f"http://127.0.0.1:{free_port()}", key="sk-gone")
    connection(simulator.url, kind="compatible")
    connection(simulator.url, kind="simulator", key="sk-none")
    out = StringIO()
    call_command("sync_models", stdout=out)
    text = out.getvalue()
    assert "anthropic gone: could not be read" in text
    assert "compatible tion: 18 added" in text or "added, 0 changed" in text
    assert "claude-opus-5 has no known price" in text
    assert "simulator" not in text
    assert KEY not in text
