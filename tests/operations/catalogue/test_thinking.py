"""Settings of thinking and effort become what a model supports; the simulator checks them by its own rules."""

from typing import Any

import pytest

from chat.models import Assistant, LanguageModel, ProviderConnection
from chat.operations.catalogue.seed import capabilities, catalogue
from chat.operations.catalogue.thinking import (
    answer_limit,
    efforts_of,
    thinking_for,
    wishes_of,
)
from chat.operations.request.frame import freeze_frame
from chat.simulator.checks.request import check_request

LEVELS = ["low", "medium", "high", "xhigh", "max"]
HERE = ProviderConnection(kind="anthropic")
WISHES = ["summarized", "omitted", "off"]
ADAPTIVE = {"type": "adaptive", "display": "summarized"}


def model(*types: str, efforts: Any = LEVELS, limits: Any = None, **fields: Any) -> LanguageModel:
    thinking: dict[str, Any] = {"types": {kind: {"supported": True} for kind in types}}
    if limits is not None:
        thinking["effort_limits"] = limits
    able = {"thinking": thinking, "effort": {level: {"supported": True} for level in efforts}}
    sizes = {"max_output_tokens": 128_000, "default_max_tokens": 32_000}
    return LanguageModel(connection=HERE, model_id="m", capabilities=able, **{**sizes, **fields})


def known(model_id: str) -> LanguageModel:
    entry = next(found for found in catalogue()["claude"] if found["id"] == model_id)
    return LanguageModel(
        connection=HERE,
        model_id=model_id,
        capabilities=capabilities(entry),
        max_output_tokens=entry["max_output_tokens"],
        default_max_tokens=entry["usual_answer_tokens"],
    )


@pytest.mark.parametrize(
    ("types", "wish", "thinking"),
    [
        (["adaptive"], "summarized", ADAPTIVE),
        (["adaptive"], "omitted", {"type": "adaptive", "display": "omitted"}),
        (["adaptive"], "off", {"type": "adaptive", "display": "omitted"}),
        (["adaptive", "disabled"], "off", {"type": "disabled"}),
        (["adaptive", "between_tools"], "off", {"type": "between_tools"}),
        (
            ["enabled", "disabled"],
            "summarized",
            {"type": "enabled", "budget_tokens": 16384, "display": "summarized"},
        ),
        (["adaptive", "enabled"], "summarized", ADAPTIVE),
        (["enabled"], "off", None),
        ([], "summarized", None),
        ([], "off", None),
    ],
)
def test_thinking_setting_becomes_what_the_model_supports(types: list[str], wish: str, thinking: Any) -> None:
    assert thinking_for(model(*types), Assistant(thinking=wish)) == thinking


def test_model_without_assistant_shows_thinking_if_it_can() -> None:
    assert thinking_for(model("adaptive"), None) == ADAPTIVE
    assert thinking_for(model("enabled", "disabled"), None) is None


@pytest.mark.parametrize(
    ("types", "wishes"),
    [
        (["adaptive"], ["summarized", "omitted"]),
        (["adaptive", "between_tools"], WISHES),
        (["enabled", "disabled"], WISHES),
        ([], ["off"]),
    ],
)
def test_offered_thinking_settings(types: list[str], wishes: list[str]) -> None:
    assert wishes_of(model(*types)) == wishes


def test_effort_is_limited_with_thinking_off() -> None:
    assert efforts_of(model("adaptive", "disabled"), "summarized") == LEVELS
    assert efforts_of(model("adaptive", "disabled"), "off") == LEVELS[:3]
    assert efforts_of(model("adaptive", "disabled", limits={"disabled": "low"}), "off") == ["low"]
    assert efforts_of(model("adaptive", "disabled", limits={}), "off") == LEVELS


@pytest.mark.parametrize(
    ("efforts", "wished", "taken"),
    [
        (LEVELS, "xhigh", {"effort": "xhigh"}),
        (["low", "high", "max"], "xhigh", {"effort": "high"}),
        (["high"], "low", None),
        ([], "high", None),
        (LEVELS, "", None),
    ],
)
@pytest.mark.django_db
def test_effort_becomes_the_nearest_lower_one(efforts: list[str], wished: str, taken: Any) -> None:
    body = freeze_frame(model=model(efforts=efforts), assistant=Assistant(effort=wished)).body
    assert body.get("output_config") == taken


@pytest.mark.parametrize(
    "nonsense", [{}, {"thinking": None, "effort": None}, {"thinking": {"types": []}}, [], None]
)
def test_row_without_capabilities_supports_nothing(nonsense: Any) -> None:
    bare = LanguageModel(
        connection=HERE, model_id="m", capabilities=nonsense, max_output_tokens=100, default_max_tokens=100
    )
    assert wishes_of(bare) == ["off"]
    assert efforts_of(bare, "off") == []
    assert not bare.supports.thinking_types


@pytest.mark.parametrize(
    ("types", "assistant", "limit"),
    [
        ((), None, 32_000),
        (("adaptive",), None, 48_000),
        (("adaptive",), Assistant(max_tokens=100), 16_100),
        (("adaptive",), Assistant(max_tokens=100, effort="low"), 4_100),
        (("adaptive",), Assistant(max_tokens=100, effort="xhigh"), 64_000),
        (("adaptive",), Assistant(max_tokens=100_000, effort="max"), 128_000),
        (("adaptive", "disabled"), Assistant(max_tokens=100, thinking="off", effort="max"), 100),
        (("adaptive", "between_tools"), Assistant(max_tokens=100, thinking="off"), 16_100),
        (("enabled",), Assistant(max_tokens=100, effort="medium"), 8_292),
        (("enabled",), None, 32_000),
    ],
)
def test_the_answer_limit_leaves_room_for_thinking(
    types: tuple[str, ...], assistant: Any, limit: int
) -> None:
    assert answer_limit(model(*types), assistant) == limit


def test_the_answer_limit_stays_within_the_models() -> None:
    small = model("adaptive", max_output_tokens=1000, default_max_tokens=100)
    assert answer_limit(small, None) == 1000
    assert answer_limit(model(max_output_tokens=1000), Assistant(max_tokens=5000)) == 1000
    assert (
        answer_limit(known("claude-haiku-5-5"), Assistant(max_tokens=100)) == 8_100
    )  # its own effort is medium
    tiny = model("enabled", max_output_tokens=2000, default_max_tokens=100)
    assert thinking_for(tiny, Assistant()) is None
    modest = model("enabled", max_output_tokens=4000, default_max_tokens=100)
    assert thinking_for(modest, Assistant()) == {
        "type": "enabled",
        "budget_tokens": 2000,
        "display": "summarized",
    }
    assert answer_limit(modest, Assistant()) == 2100


@pytest.mark.django_db
@pytest.mark.parametrize("model_id", [found["id"] for found in catalogue()["claude"]])
def test_api_accepts_every_setting_of_every_model(model_id: str) -> None:
    row = known(model_id)
    for wish in WISHES:
        for effort in ["", *LEVELS]:
            wished = Assistant(thinking=wish, effort=effort, max_tokens=1)
            request = {
                **freeze_frame(model=row, assistant=wished).body,
                "max_tokens": answer_limit(row, wished),
                "messages": [{"role": "user", "content": "Hello"}],
            }
            assert check_request(request, version="2026-10-21").model.id == model_id


@pytest.mark.parametrize("model_id", [found["id"] for found in catalogue()["claude"]])
def test_offered_settings_are_those_the_api_accepts(model_id: str) -> None:
    """No setting that the simulator takes is missing from the form."""
    row = known(model_id)
    simulated = check_request(
        {"model": model_id, "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]},
        version="2026-10-21",
    ).model
    assert ("off" in wishes_of(row)) == bool(simulated.accepts & {"disabled", "between_tools"})
    assert efforts_of(row, "summarized") == list(simulated.efforts)
    calm = [
        level
        for level in simulated.efforts
        if not simulated.limited_effort_types or level not in ("xhigh", "max")
    ]
    if "off" in wishes_of(row):
        assert efforts_of(row, "off") == calm
