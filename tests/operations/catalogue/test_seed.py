"""The catalogue: what its file contains, and what a repeated load keeps."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from chat.claude.billing.pricing import choose_price_row, price
from chat.claude.billing.usage import Usage
from chat.embedded import local_model
from chat.models import LanguageModel, ModelPrice, ProviderConnection
from chat.operations.catalogue.seed import SWITCHED_OFF, capabilities, catalogue, entry, load_catalogue
from config.environment import own_url

pytestmark = pytest.mark.django_db
Kind = ProviderConnection.Kind


@pytest.fixture(autouse=True)
def embedded(settings: Any) -> Any:
    settings.LOCAL_MODEL = settings.SIMULATOR = True
    settings.ANTHROPIC_API_KEY_SET = False
    return settings


def only(kind: str) -> ProviderConnection:
    return ProviderConnection.objects.get(kind=kind)


def test_every_claude_model_has_prices_limits_and_a_lifecycle() -> None:
    models = catalogue()["claude"]
    assert len({model["id"] for model in models}) == len(models) == 18
    for model in models:
        standard = [row for row in model["prices"] if "speed" not in row and "above_prompt_tokens" not in row]
        assert len(standard) == 1, model["id"]
        assert Decimal(standard[0]["input"]) < Decimal(standard[0]["output"])
        assert model["usual_answer_tokens"] <= model["max_output_tokens"] < model["max_input_tokens"]
        assert model["lifecycle"] == ("deprecated" if model["retires"] else "active")


@pytest.mark.parametrize(
    ("model_id", "read_share"),
    [
        ("claude-opus-5-5", "0.05"),
        ("claude-sonnet-5-5", "0.05"),
        ("claude-fable-5-2", "0.025"),
        ("claude-fable-5-1", "0.025"),
        ("claude-opus-4-8", "0.1"),
        ("claude-haiku-5-5", "0.1"),
    ],
)
def test_cache_factors_hold_in_every_price_row(model_id: str, read_share: str) -> None:
    known = entry(ProviderConnection(kind="anthropic"), model_id)
    assert known is not None
    for row in known["prices"]:
        base = Decimal(row["input"])
        assert Decimal(row["write_5m"]) == base * Decimal("1.25")
        assert Decimal(row["write_1h"]) == base * 2
        assert Decimal(row["read"]) == base * Decimal(read_share)


def test_capabilities_read_like_the_models_endpoint() -> None:
    known = entry(ProviderConnection(kind="anthropic"), "claude-sonnet-5-5")
    assert known is not None
    facts = capabilities(known)
    assert facts["thinking"]["types"]["between_tools"] == {"supported": True}
    assert facts["thinking"]["types"]["disabled"] == {"supported": False}
    assert facts["effort"]["xhigh"] == {"supported": True}
    assert facts["effort"]["default"] == "high"
    assert facts["forced_tool_choice"] == {"supported": False}


def test_local_model_is_the_served_file() -> None:
    (known,) = catalogue()["local"]
    assert known["id"] == local_model.MODEL_ID
    assert known["max_input_tokens"] == local_model.SLOT_TOKENS
    assert capabilities(known)["thinking"]["supported"] is False


def test_without_a_key_local_model_and_simulator_are_offered(settings: Any) -> None:
    report = load_catalogue()
    assert report.connections == ["Local model", "Simulator"]
    assert only(Kind.LOCAL).base_url == f"http://127.0.0.1:{settings.LOCAL_MODEL_PORT}"
    assert only(Kind.LOCAL).secret() == settings.LOCAL_MODEL_KEY
    # It may still load its weights when the first message comes.
    assert only(Kind.LOCAL).max_retries > only(Kind.SIMULATOR).max_retries
    assert only(Kind.SIMULATOR).base_url == f"http://127.0.0.1:{settings.PORT}/simulator"
    assert only(Kind.SIMULATOR).secret() == settings.SIMULATOR_KEY
    picker = LanguageModel.objects.usable().by_preference()
    assert picker[0].model_id == local_model.MODEL_ID
    assert [model.display_name for model in picker[1:]] == [
        "Claude Sonnet 5.5 (simulated)",
        "Claude Opus 5.5 (simulated)",
        "Claude Haiku 5.5 (simulated)",
        "Claude Fable 5.2 (simulated)",
    ]


def test_with_a_key_claude_comes_first_with_credentials_by_name(settings: Any) -> None:
    settings.ANTHROPIC_API_KEY_SET, settings.ANTHROPIC_BASE_URL = True, "https://claude.example.test"
    load_catalogue()
    connection = only(Kind.ANTHROPIC)
    assert (connection.credential_env, connection.credential or "") == ("ANTHROPIC_API_KEY", "")
    assert connection.base_url == "https://claude.example.test"
    first = LanguageModel.objects.usable().by_preference()[0]
    assert (first.connection, first.model_id) == (connection, "claude-sonnet-5-5")
    restricted = LanguageModel.objects.get(connection=connection, model_id="claude-mythos-5-2")
    assert not restricted.enabled
    dying = LanguageModel.objects.get(connection=connection, model_id="claude-sonnet-4-5-20250929")
    assert (dying.lifecycle, dying.retires_at) == ("deprecated", dt.datetime(2026, 11, 30, tzinfo=dt.UTC))


def test_a_long_prompt_to_haiku_costs_the_higher_row() -> None:
    load_catalogue()
    rows = LanguageModel.objects.get(model_id="claude-haiku-5-5").price_rows()
    short, long = Usage(input_tokens=100_000), Usage(input_tokens=50_000, cache_read_tokens=50_001)
    below, above = choose_price_row(rows, short), choose_price_row(rows, long)
    assert below is not None
    assert above is not None
    assert price(short, below).total == Decimal("0.01")
    assert (above.input, above.read) == (Decimal("0.50"), Decimal("0.05"))


def test_fast_rows_are_rows_of_their_own() -> None:
    load_catalogue()
    rows = LanguageModel.objects.get(model_id="claude-opus-5-5").price_rows()
    fast = choose_price_row(rows, Usage(input_tokens=1), speed="fast")
    assert fast is not None
    assert (fast.input, fast.output, fast.read) == (Decimal(8), Decimal(40), Decimal("0.40"))


def test_loading_again_changes_nothing() -> None:
    load_catalogue()
    histories = ProviderConnection.history.count(), LanguageModel.history.count()
    report = load_catalogue()
    assert [report.connections, report.models, report.prices, report.refreshed] == [[], [], [], []]
    assert histories == (ProviderConnection.history.count(), LanguageModel.history.count())


def test_changes_by_staff_are_kept() -> None:
    load_catalogue()
    ProviderConnection.objects.filter(kind=Kind.LOCAL).update(name="Our own", order=1)
    LanguageModel.objects.filter(model_id="claude-opus-5-5").update(
        display_name="Best", order=1, enabled=False, max_output_tokens=9000, default_max_tokens=5
    )
    load_catalogue()
    assert (only(Kind.LOCAL).name, only(Kind.LOCAL).order) == ("Our own", 1)
    model = LanguageModel.objects.get(model_id="claude-opus-5-5")
    assert (model.display_name, model.order, model.enabled) == ("Best", 1, False)
    assert (model.max_output_tokens, model.default_max_tokens) == (9000, 5)


def test_deleted_rows_do_not_come_back(settings: Any) -> None:
    settings.ANTHROPIC_API_KEY_SET = True
    load_catalogue()
    only(Kind.SIMULATOR).language_models.get(model_id="claude-opus-5").delete()
    only(Kind.ANTHROPIC).delete()
    only(Kind.LOCAL).delete()
    load_catalogue()
    assert [connection.kind for connection in ProviderConnection.objects.all()] == [Kind.SIMULATOR]
    assert not only(Kind.SIMULATOR).language_models.filter(model_id="claude-opus-5").exists()


def test_a_connection_of_the_same_name_is_left_alone(settings: Any) -> None:
    settings.ANTHROPIC_API_KEY_SET = True
    ProviderConnection.objects.create(
        name="Anthropic", kind=Kind.COMPATIBLE, base_url="https://a.example.test"
    )
    assert "Anthropic" not in load_catalogue().connections
    assert not only(Kind.COMPATIBLE).language_models.exists()


def test_new_facts_and_prices_are_added_and_old_prices_kept() -> None:
    load_catalogue()
    model = LanguageModel.objects.get(model_id="claude-opus-5")
    ModelPrice.objects.filter(model=model, speed="fast").delete()
    kept = ModelPrice.objects.get(model=model)
    ModelPrice.objects.filter(id=kept.id).update(input=Decimal(99))
    LanguageModel.objects.filter(id=model.id).update(capabilities={}, lifecycle="retired")
    report = load_catalogue()
    assert report.prices == ["Simulator: claude-opus-5"]
    assert report.refreshed == ["Simulator: claude-opus-5"]
    model.refresh_from_db()
    assert model.lifecycle == "retired", "a lifecycle never goes back"
    assert model.capabilities["thinking"]["types"]["adaptive"] == {"supported": True}
    kept.refresh_from_db()
    assert kept.input == 99


def test_facts_of_the_provider_override_the_file() -> None:
    load_catalogue()
    said = {"source": "provider 2026-12-01", "effort": {"max": {"supported": False}}}
    LanguageModel.objects.filter(model_id="claude-opus-5").update(capabilities=said)
    load_catalogue()
    facts = LanguageModel.objects.get(model_id="claude-opus-5").capabilities
    assert facts["effort"]["max"] == {"supported": False}
    assert facts["effort"]["low"] == {"supported": True}
    assert facts["source"] == "provider 2026-12-01"


def test_local_model_and_simulator_follow_their_settings(settings: Any) -> None:
    load_catalogue()
    settings.SIMULATOR = settings.LOCAL_MODEL = False
    load_catalogue()
    assert not only(Kind.SIMULATOR).enabled
    assert only(Kind.SIMULATOR).history.latest().history_change_reason == SWITCHED_OFF
    settings.SIMULATOR, settings.OWN_URL = True, "http://127.0.0.1:8123"
    load_catalogue()
    assert only(Kind.SIMULATOR).enabled
    assert only(Kind.SIMULATOR).base_url == "http://127.0.0.1:8123/simulator"
    assert not only(Kind.LOCAL).enabled


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8123/simulator"),
        ("0.0.0.0", "http://127.0.0.1:8123/simulator"),  # noqa: S104 - not bound
        ("192.0.2.7", "http://192.0.2.7:8123/simulator"),
        ("::", "http://[::1]:8123/simulator"),
        ("::1", "http://[::1]:8123/simulator"),
    ],
)
def test_simulator_address_follows_the_servers(settings: Any, host: str, address: str) -> None:
    settings.OWN_URL = own_url(host, 8123)
    load_catalogue()
    assert only(Kind.SIMULATOR).base_url == address


def test_connections_disabled_by_staff_stay_disabled() -> None:
    load_catalogue()
    connection = only(Kind.SIMULATOR)
    connection.enabled = False
    connection.save()
    load_catalogue()
    assert not only(Kind.SIMULATOR).enabled


def test_nothing_is_created_if_all_is_off(settings: Any) -> None:
    settings.SIMULATOR = settings.LOCAL_MODEL = False
    load_catalogue()
    assert not ProviderConnection.objects.exists()
