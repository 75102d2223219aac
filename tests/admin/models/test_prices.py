"""Prices: a new price is a new row, and no model is free by accident."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from chat.models import ModelPrice
from tests.admin.world import World


def save(client: Client, world: World, **changes: str) -> Any:
    form = {
        "model": str(world.rows["chat_languagemodel"].pk),
        "valid_from_0": "2026-12-01",
        "valid_from_1": "00:00:00",
        "speed": "standard",
        "above_prompt_tokens": "0",
        **dict.fromkeys((*ModelPrice.UNITS, *ModelPrice.FACTORS), "2"),
    }
    return client.post(reverse("admin:chat_modelprice_add"), {**form, **changes})


def test_a_new_price_is_a_new_row(world: World, root: Client) -> None:
    assert save(root, world).status_code == 302
    assert sorted(ModelPrice.objects.values_list("input", flat=True)) == [2, 3]


def test_price_fields_begin_empty(world: World, root: Client) -> None:
    for address in (reverse("admin:chat_modelprice_add"), reverse("admin:chat_languagemodel_add")):
        page = root.get(address)
        forms = [page.context["adminform"].form]
        forms += [
            one.empty_form for one in (inline.formset for inline in page.context["inline_admin_formsets"])
        ]
        form = forms[-1]
        assert [form[unit].value() for unit in ModelPrice.UNITS] == [None] * len(ModelPrice.UNITS)
        assert form["batch_factor" if "batch_factor" in form.fields else "speed"].value()
    assert "USD per million tokens" in root.get(reverse("admin:chat_modelprice_add")).content.decode()


@pytest.mark.parametrize("unit", ModelPrice.UNITS)
@pytest.mark.parametrize(("value", "words"), [("", "required"), ("-1", "greater than or equal to 0")])
def test_every_price_must_be_said(world: World, root: Client, unit: str, value: str, words: str) -> None:
    errors = save(root, world, **{unit: value}).context["adminform"].form.errors
    assert words in str(errors[unit])
    assert ModelPrice.objects.count() == 1


def test_a_free_model_says_zero(world: World, root: Client) -> None:
    assert save(root, world, **dict.fromkeys(ModelPrice.UNITS, "0")).status_code == 302


@pytest.mark.parametrize("factor", ModelPrice.FACTORS)
@pytest.mark.parametrize("value", ["0", "-1"])
def test_factors_are_above_zero(world: World, root: Client, factor: str, value: str) -> None:
    errors = save(root, world, **{factor: value}).context["adminform"].form.errors
    assert "above 0" in str(errors[factor])
