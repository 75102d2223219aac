"""Platforms without a models endpoint get the catalogue's models: own ids, own prices, without their gaps."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command

from chat.models import ProviderConnection
from chat.operations.catalogue.seed import Loaded, load_models
from chat.operations.catalogue.sync import sync_models
from tests.operations.upstreams import model_of

pytestmark = pytest.mark.django_db


def connection(kind: str, **fields: Any) -> ProviderConnection:
    return ProviderConnection.objects.create(name=kind, kind=kind, credential="sk-key", **fields)


@pytest.mark.parametrize(
    ("kind", "api_id", "model_id"),
    [
        ("aws", "claude-opus-5", "claude-opus-5"),
        ("bedrock", "claude-opus-5", "global.anthropic.claude-opus-5"),
        ("bedrock", "claude-opus-4-6", "global.anthropic.claude-opus-4-6-v1"),
        ("bedrock", "claude-haiku-4-5-20251001", "global.anthropic.claude-haiku-4-5-20251001-v1:0"),
        ("bedrock_mantle", "claude-haiku-5-5", "anthropic.claude-haiku-5-5"),
        ("bedrock_mantle", "claude-haiku-4-5-20251001", "anthropic.claude-haiku-4-5"),
        ("vertex", "claude-opus-5", "claude-opus-5"),
        ("vertex", "claude-haiku-4-5-20251001", "claude-haiku-4-5@20251001"),
        ("google_cloud", "claude-opus-5", "claude-opus-5"),
        ("foundry", "claude-opus-5", "claude-opus-5"),
    ],
)
def test_each_platform_has_its_own_ids(kind: str, api_id: str, model_id: str) -> None:
    row = connection(kind, region="us-east-1")
    load_models(row, Loaded())
    model = model_of(row, model_id)
    assert model.canonical == api_id
    assert model.canonical_id == (api_id if api_id != model_id else "")
    assert model.price_rows()


@pytest.mark.parametrize(
    ("kind", "model_id", "missing"),
    [
        (
            "bedrock",
            "global.anthropic.claude-opus-5",
            {"batch", "server_tools", "structured_outputs", "fast_mode"},
        ),
        ("vertex", "claude-opus-5", {"batch", "code_execution", "fast_mode", "inference_geo"}),
        ("foundry", "claude-opus-5", {"batch", "server_tools", "structured_outputs", "system_messages"}),
        ("aws", "claude-opus-5", {"fast_mode"}),
    ],
)
def test_gaps_are_in_the_capabilities(kind: str, model_id: str, missing: set[str]) -> None:
    row = connection(kind, region="us-east-1")
    load_models(row, Loaded())
    facts = model_of(row, model_id).capabilities
    assert not [name for name in missing if facts[name]["supported"]]
    assert facts["thinking"]["supported"]


def test_platform_features_of_some_models_only() -> None:
    row = connection("bedrock", region="us-east-1")
    load_models(row, Loaded())
    earlier = model_of(row, "global.anthropic.claude-sonnet-4-6").capabilities
    assert earlier["structured_outputs"] == {"supported": True}


@pytest.mark.parametrize(
    ("kind", "region", "model_id", "factor"),
    [
        ("vertex", "global", "claude-opus-5", "1"),
        ("vertex", "us-east5", "claude-opus-5", "1.1"),
        ("google_cloud", "", "claude-opus-5", "1"),
        ("bedrock", "us-east-1", "global.anthropic.claude-opus-5", "1"),
        ("bedrock_mantle", "us-east-1", "anthropic.claude-opus-5", "1.1"),
        ("foundry", "", "claude-opus-5", "1"),
        ("aws", "us-east-1", "claude-opus-5", "1"),
    ],
)
def test_a_region_of_its_own_costs_a_tenth_more(kind: str, region: str, model_id: str, factor: str) -> None:
    row = connection(kind, region=region)
    load_models(row, Loaded())
    [price] = model_of(row, model_id).prices.filter(speed="standard")
    assert (price.input, price.output) == (5 * Decimal(factor), 25 * Decimal(factor))


def test_platform_without_a_list_is_not_called(capsys: pytest.CaptureFixture[str]) -> None:
    row = connection("bedrock", region="us-east-1", base_url="http://127.0.0.1:9")
    report = sync_models(row)
    assert report.problem == ""
    assert "global.anthropic.claude-opus-5" in report.added
    model_of(row, "global.anthropic.claude-opus-5").delete()
    row.language_models.filter(model_id="global.anthropic.claude-opus-5-5").update(capabilities={})
    again = sync_models(row)
    assert (again.added, again.changed) == ([], ["global.anthropic.claude-opus-5-5"]), (
        "what staff deleted stays away"
    )
    call_command("sync_models")
    assert "bedrock: 0 added, 0 changed." in capsys.readouterr().out


def test_capabilities_set_by_staff_are_kept() -> None:
    row = connection("foundry", resource="r")
    load_models(row, Loaded())
    model = model_of(row, "claude-opus-5")
    model.capabilities |= {"server_tools": {"supported": True}, "source": "staff"}
    model.save()
    load_models(row, Loaded())
    assert model_of(row, "claude-opus-5").capabilities["server_tools"] == {"supported": True}


def test_a_kind_that_the_catalogue_does_not_know_has_no_models() -> None:
    row = connection("compatible", base_url="http://127.0.0.1:9")
    load_models(row, Loaded())
    assert not row.language_models.exists()
