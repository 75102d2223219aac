"""Assistants, models, usage and the own account in the API, and what these answers never contain."""

import datetime as dt
from decimal import Decimal

from django.contrib.auth.models import Group
from django.utils import timezone

from chat.models import ApiCall, Budget, ModelPrice
from tests import factories
from tests.api.people import BASE, SECRET_PROMPT, Person, assistant


def call(person: Person, *, days_ago: float = 0, cost: str = "0.01", **fields: object) -> ApiCall:
    number = ApiCall.objects.count()
    at = timezone.now() - dt.timedelta(days=days_ago)
    return ApiCall.objects.create(
        key=f"call-{number}",
        door="api",
        purpose="turn",
        user=person.user,
        connection_name="Loopback",
        cost_usd=Decimal(cost),
        **{
            "model_name": "claude-test",
            "status": "succeeded",
            "certainty": "exact",
            "started_at": at,
            "finished_at": at,
            **fields,
        },
    )


def test_assistants_are_limited_to_groups_without_prompts(insider: Person, outsider: Person) -> None:
    group = Group.objects.create(name="research")
    insider.user.groups.add(group)
    assistant("Everybody's", order=2)
    assistant("Ours", group, order=1)
    assistant("Switched off", enabled=False)
    listed = insider.client().get(f"{BASE}/assistants")
    assert [row["name"] for row in listed.json()["data"]] == ["Ours", "Everybody's"]
    assert listed.json()["data"][0]["starters"] == ["What can you do?"]
    assert [row["name"] for row in outsider.client().get(f"{BASE}/assistants").json()["data"]] == [
        "Everybody's"
    ]
    assert SECRET_PROMPT.encode() not in listed.content


def test_models_have_current_prices(insider: Person, django_assert_max_num_queries) -> None:
    now = timezone.now()
    model = factories.language_model("claude-one", max_output_tokens=9000)
    factories.language_model("claude-two")
    factories.language_model("claude-gone", lifecycle="retired")
    ModelPrice.objects.create(model=model, valid_from=now + dt.timedelta(days=1), input=99)
    ModelPrice.objects.create(model=model, valid_from=factories.PRICED_SINCE - dt.timedelta(days=9), input=77)
    ModelPrice.objects.create(model=model, valid_from=now, above_prompt_tokens=200_000, input="6.5")
    with django_assert_max_num_queries(4):
        listed = insider.client().get(f"{BASE}/models")
    assert [row["model"] for row in listed.json()["data"]] == ["claude-one", "claude-two"]
    first = listed.json()["data"][0]
    assert first["available"] is True
    assert first["max_output_tokens"] == 9000
    prices = {price["above_prompt_tokens"]: price["input"] for price in first["prices"]}
    assert prices == {0: "3", 200_000: "6.5"}


def test_models_reveal_no_credential_or_address(insider: Person) -> None:
    model = factories.language_model()
    model.connection.credential_env, model.connection.credential = "PARLEY_TEST_UNSET_KEY", ""
    model.connection.save()
    listed = insider.client().get(f"{BASE}/models")
    assert listed.json()["data"][0]["available"] is False
    for secret in (b"sk-upstream-secret", b"127.0.0.1", b"PARLEY_TEST_UNSET_KEY"):
        assert secret not in listed.content


def test_usage_is_personal_by_day_and_model(insider: Person, outsider: Person) -> None:
    call(insider, cost="0.0100000001", input_tokens=10, output_tokens=5)
    call(insider, cost="0.02", input_tokens=1, certainty="estimated")
    call(insider, cost="0.5", days_ago=1, model_name="claude-other")
    call(insider, cost="9", days_ago=40)
    call(outsider, cost="7")
    told = insider.client().get(f"{BASE}/usage").json()
    assert (told["calls"], told["cost_usd"]) == (3, "0.5300000001")
    rows = [(row["model"], row["calls"], row["cost_usd"], row["input_tokens"]) for row in told["data"]]
    assert rows == [("claude-test", 2, "0.0300000001", 11), ("claude-other", 1, "0.5", 0)]
    assert told["data"][0]["day"] == timezone.now().date().isoformat()
    assert insider.client().get(f"{BASE}/usage?days=60").json()["cost_usd"] == "9.5300000001"


def test_usage_includes_own_budgets(insider: Person, outsider: Person) -> None:
    Budget.objects.create(
        name="Each", scope="everybody", hard_limit_usd=5, soft_limit_usd="4.5", period="day"
    )
    Budget.objects.create(name="Hers", scope="person", person=insider.user, hard_limit_usd=7)
    Budget.objects.create(name="Everything", scope="workspace", hard_limit_usd=1000)
    call(insider, cost="0.0100000001")
    told = insider.client().get(f"{BASE}/usage").json()["budgets"]
    assert [(row["name"], row["spent_usd"], row["limit_usd"]) for row in told] == [
        ("Each", "0.0100000001", "5"),
        ("Hers", "0.0100000001", "7"),
    ]
    today = timezone.now().date()
    assert (told[0]["starts_on"], told[0]["renews_on"]) == (
        today.isoformat(),
        (today + dt.timedelta(days=1)).isoformat(),
    )
    assert (told[0]["period"], told[0]["scope"], told[0]["held_usd"]) == ("day", "everybody", "0")
    assert (told[0]["soft_limit_usd"], told[1]["soft_limit_usd"]) == ("4.5", None)
    foreign = outsider.client().get(f"{BASE}/usage")
    assert [(row["name"], row["spent_usd"]) for row in foreign.json()["budgets"]] == [("Each", "0")]
    assert b"Hers" not in foreign.content


def test_usage_period_is_limited(insider: Person) -> None:
    for days in ("0", "367", "-1", "x", "9" * 5000):
        assert insider.client().get(f"{BASE}/usage", {"days": days}).status_code == 422


def test_me_names_the_person_and_the_key(insider: Person) -> None:
    told = insider.client().get(f"{BASE}/me").json()
    assert told["email"] == "insider@example.test"
    assert told["key"]["scopes"] == ["chat"]
    assert insider.secret not in str(told)
    assert insider.signed_in().get(f"{BASE}/me").json()["key"] is None
