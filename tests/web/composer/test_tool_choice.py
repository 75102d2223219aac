"""The menu of an assistant's tools beside the message field, and what the picker says about each choice."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from chat.models import Assistant, AssistantTool, User, Workspace
from chat.web.composer.model_picker import picker_for
from tests import factories


@pytest.fixture
def guide(db: None) -> Assistant:
    levels = {"effort": {level: {"supported": True} for level in ("low", "high")}}
    model = factories.language_model(capabilities=levels)
    made = Assistant.objects.create(name="Guide", model=model)
    for tool in (factories.tool("weather", description="Tells it."), factories.tool("stock", title="")):
        AssistantTool.objects.create(assistant=made, tool=tool)
    return made


def test_an_assistants_tools_are_listed(browser: Client, guide: Assistant) -> None:
    page = browser.get(f"/tools/choice?assistant={guide.id}").content.decode()
    assert page.count("checkbox") == 2
    assert "Weather" in page
    assert "Tells it." in page
    assert "stock" in page, "a tool without a title has its name"


@pytest.mark.parametrize("wanted", ["", "x", "00000000-0000-7000-8000-000000000001"])
def test_unknown_assistants_are_not_found(browser: Client, wanted: str) -> None:
    assert browser.get(f"/tools/choice?assistant={wanted}").status_code == 404


def test_outsiders_find_no_assistant_of_a_group(signed_in: Any, guide: Assistant) -> None:
    factories.restrict(guide, Group.objects.create(name="Inside"))
    assert signed_in("outsider").get(f"/tools/choice?assistant={guide.id}").status_code == 404


def test_signed_out_people_sign_in_first(client: Client, guide: Assistant) -> None:
    assert client.get(f"/tools/choice?assistant={guide.id}").status_code == 302


def test_the_picker_knows_efforts_tools_and_prices(insider: User, guide: Assistant) -> None:
    free = Assistant.objects.create(name="Free choice")
    picker = picker_for(insider, None)
    (_title, assistants), (_connection, models) = picker.groups
    by_name = {choice.name: choice for choice in (*assistants, *models)}
    assert (by_name["Guide"].efforts, by_name["Guide"].tools) == ("low high", 2)
    assert (by_name[free.name].efforts, by_name[free.name].tools) == ("low high", 0)
    assert by_name["Guide"].price == "$3 / $15"
    assert models[0].price == by_name["Guide"].price
    assert not picker.is_long


def test_prices_are_hidden_with_costs(insider: User, guide: Assistant) -> None:
    Workspace.objects.create(shows_costs=False)
    factories.language_model("claude-unpriced", prices={})
    assert {choice.price for _name, choices in picker_for(insider, None).groups for choice in choices} == {""}


def test_a_model_without_prices_has_none(insider: User) -> None:
    factories.language_model("claude-unpriced", prices={})
    assert picker_for(insider, None).groups[0][1][0].price == ""


def test_many_choices_have_a_search(insider: User, browser: Client) -> None:
    for number in range(9):
        factories.language_model(f"claude-{number}")
    assert picker_for(insider, None).is_long
    page = browser.get("/").content.decode()
    assert 'role="combobox"' in page
