"""Every row of the provider's price list and every modifier, from the catalogue through the ledger's own bill.

The figures are written out here once more, from the pricing page, so that a slip in the catalogue is seen. Amounts are
USD for a million tokens of each kind.
"""

import datetime as dt
from decimal import Decimal as D
from typing import Any

import pytest
from django.db import transaction

from chat.claude.billing.pricing import PriceRow
from chat.models import ModelPrice, ProviderConnection
from chat.operations.billing.ledger import bill_for
from chat.operations.catalogue.seed import Loaded, load_models
from tests import factories

MILLION = 1_000_000

# id: input, 5m write, 1h write, read, output, batch in, batch out; fast in, fast read, fast out
# fmt: off
LIST: dict[str, tuple[str, str]] = {
    "claude-fable-5-2":           ("8 10 16 0.20 40 4 20", "16 0.40 80"),
    "claude-mythos-5-2":          ("8 10 16 0.20 40 4 20", ""),
    "claude-fable-5-1":           ("10 12.50 20 0.25 50 5 25", ""),
    "claude-mythos-5-1":          ("10 12.50 20 0.25 50 5 25", ""),
    "claude-fable-5":             ("10 12.50 20 1.00 50 5 25", ""),
    "claude-mythos-5":            ("10 12.50 20 1.00 50 5 25", ""),
    "claude-opus-5-5":            ("4 5 8 0.20 20 2 10", "8 0.40 40"),
    "claude-opus-5":              ("5 6.25 10 0.50 25 2.50 12.50", "10 1.00 50"),
    "claude-opus-4-8":            ("5 6.25 10 0.50 25 2.50 12.50", "10 1.00 50"),
    "claude-opus-4-7":            ("5 6.25 10 0.50 25 2.50 12.50", ""),
    "claude-opus-4-6":            ("5 6.25 10 0.50 25 2.50 12.50", ""),
    "claude-opus-4-5-20251101":   ("5 6.25 10 0.50 25 2.50 12.50", ""),
    "claude-sonnet-5-5":          ("2 2.50 4 0.10 10 1 5", ""),
    "claude-sonnet-5":            ("2 2.50 4 0.20 10 1 5", ""),
    "claude-sonnet-4-6":          ("3 3.75 6 0.30 15 1.50 7.50", ""),
    "claude-sonnet-4-5-20250929": ("3 3.75 6 0.30 15 1.50 7.50", ""),
    # A million tokens of prompt are above the step of this model; below it see the tests of the step.
    "claude-haiku-5-5":           ("0.50 0.625 1.00 0.05 2.50 0.25 1.25", ""),
    "claude-haiku-4-5-20251001":  ("1 1.25 2 0.10 5 0.50 2.50", ""),
}
# fmt: on
KINDS: list[dict[str, Any]] = [
    {"input_tokens": MILLION},
    {"cache_creation_input_tokens": MILLION, "cache_creation": {"ephemeral_5m_input_tokens": MILLION}},
    {"cache_creation_input_tokens": MILLION, "cache_creation": {"ephemeral_1h_input_tokens": MILLION}},
    {"cache_read_input_tokens": MILLION},
]


@pytest.fixture(scope="module")
def rows(django_db_setup: None, django_db_blocker: Any) -> dict[str, list[PriceRow]]:
    """The catalogue's prices, loaded once and rolled back."""
    with django_db_blocker.unblock(), transaction.atomic():
        connection = ProviderConnection.objects.create(name="Anthropic", kind="anthropic", credential="x")
        load_models(connection, Loaded())
        found = {model.model_id: model.price_rows() for model in connection.language_models.all()}
        transaction.set_rollback(True)
    return found


def usd(rows: list[PriceRow], **usage: Any) -> D:
    bill = bill_for(rows, {"input_tokens": 0, "output_tokens": 0, **usage}, whole=True)
    assert bill.certainty == "exact"
    return bill.cost_usd


def test_price_list_is_complete(rows: dict[str, list[PriceRow]]) -> None:
    assert rows.keys() == LIST.keys()


@pytest.mark.parametrize("model", LIST)
def test_every_row_of_the_list_has_its_price(model: str, rows: dict[str, list[PriceRow]]) -> None:
    *prompt, output, batch_in, batch_out = map(D, LIST[model][0].split())
    known = rows[model]
    # Output alone has no prompt, so it is asked for behind a prompt as long as the others.
    above = {"input_tokens": MILLION}
    assert [usd(known, **kind) for kind in KINDS] == prompt
    assert usd(known, **above, output_tokens=MILLION) - prompt[0] == output
    assert usd(known, **above, service_tier="batch") == batch_in
    assert usd(known, **above, output_tokens=MILLION, service_tier="batch") - batch_in == batch_out
    for amount, kind in zip(prompt, KINDS, strict=True):
        assert usd(known, **kind, inference_geo="us") == amount * D("1.1")
        assert usd(known, **kind, inference_geo="us", service_tier="batch") == amount * D("0.55")
        assert usd(known, **kind, inference_geo="global", service_tier="standard") == amount
    assert usd(known, server_tool_use={"web_search_requests": 1000}, inference_geo="us") == 10


@pytest.mark.parametrize("model", [name for name, (_usual, fast) in LIST.items() if fast])
def test_fast_replaces_the_base_and_the_cache_factors_stay(
    model: str, rows: dict[str, list[PriceRow]]
) -> None:
    fast_in, fast_read, fast_out = map(D, LIST[model][1].split())
    known = rows[model]
    expected = [fast_in, fast_in * D("1.25"), fast_in * 2, fast_read]
    assert [usd(known, **kind, speed="fast") for kind in KINDS] == expected
    assert usd(known, output_tokens=MILLION, speed="fast") == fast_out
    assert usd(known, output_tokens=MILLION, speed="fast", inference_geo="us") == fast_out * D("1.1")
    assert usd(known, output_tokens=MILLION, speed="standard") == fast_out / 2


def test_unpriced_speed_is_estimated_at_the_standard_price(rows: dict[str, list[PriceRow]]) -> None:
    bill = bill_for(rows["claude-sonnet-5-5"], {"input_tokens": MILLION, "speed": "fast"}, whole=True)
    assert (bill.cost_usd, bill.certainty, bill.speed) == (2, "estimated", "fast")


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"input_tokens": 100_000, "output_tokens": MILLION}, "0.51"),
        ({"input_tokens": 100_001}, "0.0500005"),
        ({"input_tokens": 1, "cache_read_input_tokens": 99_999}, "0.00100009"),
        ({"input_tokens": 1, "cache_read_input_tokens": 100_000}, "0.0050005"),
        (
            {
                "input_tokens": 1,
                "cache_creation_input_tokens": 100_000,
                "cache_creation": {"ephemeral_5m_input_tokens": 60_000, "ephemeral_1h_input_tokens": 40_000},
            },
            "0.0775005",
        ),
        ({"cache_creation_input_tokens": 100_000, "cache_creation": None}, "0.0125"),
    ],
)
def test_haiku_step_depends_on_the_whole_prompt(
    usage: dict[str, Any], expected: str, rows: dict[str, list[PriceRow]]
) -> None:
    assert usd(rows["claude-haiku-5-5"], **usage) == D(expected)


COMPACTED = {
    "input_tokens": 23_000,
    "output_tokens": 1_000,
    "iterations": [
        {"type": "compaction", "input_tokens": 180_000, "output_tokens": 3_500},
        {"type": "message", "input_tokens": 23_000, "output_tokens": 1_000},
        "not an object",
    ],
}


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("claude-sonnet-5-5", "0.451"),  # (23,000 + 180,000) at 2 and (1,000 + 3,500) at 10
        ("claude-haiku-5-5", "0.11275"),  # the compaction's prompt is above the step: at 0.50 and 2.50
    ],
)
def test_compaction_is_billed_on_top(model: str, expected: str, rows: dict[str, list[PriceRow]]) -> None:
    bill = bill_for(rows[model], COMPACTED, whole=True)
    assert (bill.counted.input_tokens, bill.counted.output_tokens) == (203_000, 4_500)
    assert bill.cost_usd == D(expected)


def test_two_short_prompts_are_not_one_long_one(rows: dict[str, list[PriceRow]]) -> None:
    compaction = {"type": "compaction", "input_tokens": 60_000, "output_tokens": 0}
    bill = bill_for(
        rows["claude-haiku-5-5"], {"input_tokens": 60_000, "iterations": [compaction]}, whole=True
    )
    assert bill.cost_usd == D("0.012")


def test_all_price_factors_combine(rows: dict[str, list[PriceRow]]) -> None:
    """The example of docs/money.md, step by step."""
    usage = {
        "input_tokens": 1_200,
        "cache_creation_input_tokens": 5_000,
        "cache_creation": {"ephemeral_5m_input_tokens": 2_000, "ephemeral_1h_input_tokens": 3_000},
        "cache_read_input_tokens": 40_000,
        "output_tokens": 800,
        "output_tokens_details": {"thinking_tokens": 300},
        "server_tool_use": {"web_search_requests": 2},
        "inference_geo": "us",
        "speed": "fast",
    }
    bill = bill_for(rows["claude-opus-5-5"], usage, whole=True)
    tokens = D("0.0096") + D("0.02") + D("0.048") + D("0.016") + D("0.032")
    assert bill.cost_usd == tokens * D("1.1") + D("0.02") == D("0.15816")
    assert (bill.unit_prices or {})["factor"] == "1.1"
    assert (bill.speed, bill.inference_geo) == ("fast", "us")


@pytest.mark.django_db
def test_prices_apply_from_their_first_day() -> None:
    model = factories.language_model("claude-dated")
    row = model.prices.get()
    for days, price in ((-3, 99), (-0.5, 7), (1, 88)):
        ModelPrice.objects.create(
            model=model, valid_from=row.created_at + dt.timedelta(days=days), input=price, us_factor=D("1.5")
        )
    assert usd(model.price_rows(), input_tokens=MILLION) == 7
    assert usd(model.price_rows(), input_tokens=MILLION, inference_geo="us") == D("10.5")
