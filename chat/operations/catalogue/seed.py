"""The catalogue: known models before a provider is asked for its list, and the connections of a first start.

Loading it again and again changes nothing that staff decided (names, order, what is switched on) and never
touches a price row: it adds what is new and refreshes what is a fact (lifecycle, capabilities).
"""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from chat.models import LanguageModel, ModelPrice, ProviderConnection
from chat.readers.pictures.sizes import USEFUL_SIDE

FILE = Path(__file__).resolve().parent / "catalogue.json"
EFFORTS = ("low", "medium", "high", "xhigh", "max")
THINKING_TYPES = ("adaptive", "between_tools", "disabled", "enabled")
LIFECYCLES = ("active", "deprecated", "retired")
KEY_NAME = "ANTHROPIC_API_KEY"
# The reason in the history: switching a setting on again undoes only changes with this reason.
SWITCHED_OFF = "switched off by its setting"
Kind = ProviderConnection.Kind


@dataclass(slots=True)
class Loaded:
    """What a run changed, by name: connections created, models and price rows added, models refreshed."""

    connections: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    prices: list[str] = field(default_factory=list)
    refreshed: list[str] = field(default_factory=list)


# The server answers before the local model has loaded its weights; so many retries wait half a minute for them.
LOCAL_MODEL_RETRIES = 7


@cache
def catalogue() -> dict[str, Any]:
    """Return the catalogue file: {"version", "about", "per_search", "platforms", "claude": [model, …], "local": […]}.

    `platforms` says per kind how it calls the models: {"id": "anthropic.{id}", "ids": {exceptions},
    "has": {capability: [models that have it although the kind lacks it]}, "regional_price_factor", "global_prefix"}.
    """
    content: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return content


def entries(connection: ProviderConnection) -> list[dict[str, Any]]:
    """Return the catalogue's entries for the models of this connection, under the platform's own ids.

    `api_id` is the API's id of the same model.
    """
    kind = connection.kind
    if kind in (Kind.ANTHROPIC, Kind.SIMULATOR):
        return [known | {"api_id": known["id"]} for known in catalogue()["claude"]]
    if kind == Kind.LOCAL:
        return [known | {"api_id": known["id"]} for known in catalogue()["local"]]
    calls = catalogue()["platforms"].get(kind)
    if calls is None:
        return []
    return [
        known
        | {"api_id": known["id"], "id": calls.get("ids", {}).get(known["id"]) or calls["id"].format(**known)}
        for known in catalogue()["claude"]
    ]


def entry(connection: ProviderConnection, model_id: str) -> dict[str, Any] | None:
    """Return the catalogue's entry for a model of this connection, or None."""
    return next((known for known in entries(connection) if known["id"] == model_id), None)


def offered_capabilities(connection: ProviderConnection, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return a catalogue model's capabilities as this connection's platform offers them."""
    facts = capabilities(known)
    kept = connection.platform.without_gaps(facts)
    though = catalogue()["platforms"].get(connection.kind, {}).get("has", {})
    return kept | {name: facts[name] for name, models in though.items() if known["api_id"] in models}


def capabilities(known: Mapping[str, Any]) -> dict[str, Any]:
    """Return a catalogue entry's capabilities as the models endpoint writes them, with those that it leaves out.

    Shape: {"thinking": {"supported": true, "types": {"adaptive": {"supported": true}, …}, "default": "on"}, …}.
    `default` of thinking is always, on or off, its `effort_limits` the highest effort with a type that has one;
    `default` of effort is the level used when none is asked for.
    """
    thinking, effort = known["thinking"] or {}, known["effort"] or {}
    claude = bool(thinking)
    return {
        "batch": _support(claude),
        "citations": _support(claude),
        "code_execution": _support(known["code_execution"]),
        "context": _support(known.get("context", True)),
        "context_management": _support(claude) | {"compact_20260112": _support(known["compaction"])},
        "effort": _support(bool(effort))
        | {level: _support(level in effort.get("levels", ())) for level in EFFORTS}
        | {"default": effort.get("default")},
        "image_input": _support(claude) | {"side_pixels": known.get("image_side_pixels", USEFUL_SIDE)},
        "pdf_input": _support(claude),
        "server_tools": _support(claude),
        "structured_outputs": _support(claude),
        "thinking": _support(claude)
        | {"types": {name: _support(name in thinking.get("types", ())) for name in THINKING_TYPES}}
        | {"default": thinking.get("default"), "effort_limits": thinking.get("effort_limits", {})},
        "fast_mode": _support(any(row.get("speed") == "fast" for row in known["prices"])),
        "forced_tool_choice": _support(known["forced_tool_choice"]),
        "inference_geo": _support(known["inference_geo"]),
        "system_messages": _support(known["system_messages"]),
        "thinking_bound_to_prefix": _support(known["thinking_bound_to_prefix"]),
        "source": f"catalogue {catalogue()['version']}",
    }


@transaction.atomic
def load_catalogue() -> Loaded:
    """Create the connections that the environment configures and add the catalogue's models to all connections."""
    report = Loaded()
    if settings.ANTHROPIC_API_KEY_SET:
        _seed_anthropic(report)
    _keep_embedded(
        report,
        kind=Kind.LOCAL,
        wanted=settings.LOCAL_MODEL,
        name="Local model",
        order=50,
        base_url=f"http://127.0.0.1:{settings.LOCAL_MODEL_PORT}",
        credential=settings.LOCAL_MODEL_KEY,
        max_retries=LOCAL_MODEL_RETRIES,
    )
    _keep_embedded(
        report,
        kind=Kind.SIMULATOR,
        wanted=settings.SIMULATOR,
        name="Simulator",
        order=60,
        base_url=f"{settings.OWN_URL}/simulator",
        credential=settings.SIMULATOR_KEY,
    )
    for connection in ProviderConnection.objects.by_preference():
        load_models(connection, report)
    return report


def load_models(connection: ProviderConnection, report: Loaded) -> None:
    """Add the catalogue's models and prices to one connection and refresh its facts."""
    for known in entries(connection):
        model = _refreshed(connection, known, report)
        if model is not None:
            add_prices(model, known, report)


def add_prices(model: LanguageModel, known: Mapping[str, Any], report: Loaded) -> None:
    """Add the price rows that this model does not have; existing rows stay as they are."""
    have = set(model.prices.values_list("valid_from", "speed", "above_prompt_tokens"))
    factor = regional_factor(model.connection, model.model_id)
    for price in known["prices"]:
        row = ModelPrice(
            model=model,
            valid_from=_moment(price["valid_from"]),
            speed=price.get("speed", "standard"),
            above_prompt_tokens=price.get("above_prompt_tokens", 0),
            per_search=Decimal(price.get("per_search", catalogue()["per_search"])),
            **{
                unit: Decimal(price[unit]) * factor
                for unit in ("input", "write_5m", "write_1h", "read", "output")
            },
            **{name: Decimal(price[name]) for name in ModelPrice.FACTORS if name in price},
        )
        if (row.valid_from, row.speed, row.above_prompt_tokens) not in have:
            row.save()
            report.prices.append(f"{model.connection.name}: {model.model_id}")


def regional_factor(connection: ProviderConnection, model_id: str = "") -> Decimal:
    """Return an endpoint's price factor relative to the platform's global one; some platforms have it per model."""
    calls = catalogue()["platforms"].get(connection.kind, {})
    prefix = calls.get("global_prefix")
    everywhere = model_id.startswith(prefix) if prefix else connection.region in ("", "global")
    return Decimal("1") if everywhere else Decimal(calls.get("regional_price_factor", "1"))


def _seed_anthropic(report: Loaded) -> None:
    """Create the connection once: what staff rename, switch off or delete stays so at the next start."""
    seeded = ProviderConnection.history.filter(kind=Kind.ANTHROPIC, credential_env=KEY_NAME)
    if seeded.exists():
        return
    if ProviderConnection.objects.filter(name="Anthropic").exists():
        return
    ProviderConnection.objects.create(
        name="Anthropic",
        kind=Kind.ANTHROPIC,
        base_url=settings.ANTHROPIC_BASE_URL,
        credential_env=KEY_NAME,
        order=10,
    )
    report.connections.append("Anthropic")


def _keep_embedded(
    report: Loaded,
    *,
    kind: str,
    wanted: bool,
    name: str,
    order: int,
    base_url: str,
    credential: str,
    max_retries: int = 5,
) -> None:
    """Keep the connection to a companion of this server at its current address, enabled as its setting says."""
    connection = ProviderConnection.objects.filter(kind=kind).order_by("created_at", "id").first()
    if connection is None:
        if wanted and not ProviderConnection.history.filter(kind=kind, history_type="-").exists():
            ProviderConnection.objects.create(
                name=name,
                kind=kind,
                order=order,
                base_url=base_url,
                credential=credential,
                max_retries=max_retries,
            )
            report.connections.append(name)
        return
    before = (connection.base_url, connection.secret(), connection.enabled)
    connection.base_url, connection.credential = base_url, credential
    if not wanted:
        connection.enabled = False
        connection._change_reason = SWITCHED_OFF  # type: ignore[attr-defined]  # the history reads it
    elif not connection.enabled and connection.history.latest().history_change_reason == SWITCHED_OFF:
        connection.enabled = True
    if before != (connection.base_url, connection.credential, connection.enabled):
        connection.credential_env = ""
        connection.save()


def _refreshed(
    connection: ProviderConnection, known: Mapping[str, Any], report: Loaded
) -> LanguageModel | None:
    """Return the row of a catalogue model, created or refreshed; None if staff deleted it."""
    model = connection.language_models.filter(model_id=known["id"]).first()
    if model is None:
        gone = LanguageModel.history.filter(
            connection_id=connection.id, model_id=known["id"], history_type="-"
        )
        return None if gone.exists() else create_model(connection, known, report)
    before = (model.lifecycle, model.retires_at, model.capabilities)
    # A lifecycle never goes back: the provider's last list may be newer than this file.
    model.lifecycle = max(model.lifecycle, known["lifecycle"], key=LIFECYCLES.index)
    model.retires_at = model.retires_at or _day(known["retires"])
    facts = offered_capabilities(connection, known)
    # Facts from the provider or from staff about this model take precedence over this file.
    known_better = str(model.capabilities.get("source", "")).startswith(("provider", "staff"))
    model.capabilities = merged(facts, model.capabilities) if known_better else facts
    if before != (model.lifecycle, model.retires_at, model.capabilities):
        model.save()
        report.refreshed.append(f"{connection.name}: {model.model_id}")
    return model


def create_model(connection: ProviderConnection, known: Mapping[str, Any], report: Loaded) -> LanguageModel:
    """Create the row of a catalogue model; the simulator's are named so, and only current ones are enabled."""
    simulated = connection.kind == Kind.SIMULATOR
    model = LanguageModel.objects.create(
        connection=connection,
        model_id=known["id"],
        canonical_id=known["api_id"] if known["api_id"] != known["id"] else "",
        display_name=f"{known['name']} (simulated)" if simulated else known["name"],
        line=known["line"],
        lifecycle=known["lifecycle"],
        retires_at=_day(known["retires"]),
        max_input_tokens=known["max_input_tokens"],
        max_output_tokens=known["max_output_tokens"],
        default_max_tokens=known["usual_answer_tokens"],
        min_cacheable_tokens=known["min_cacheable_tokens"],
        capabilities=offered_capabilities(connection, known),
        order=known["order"],
        enabled=known["current"] if simulated else known["offered"],
    )
    report.models.append(f"{connection.name}: {model.model_id}")
    return model


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` updated by `over`, level by level; keys that only `base` has stay."""
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        result[key] = merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def _support(value: bool) -> dict[str, Any]:
    return {"supported": bool(value)}


def _moment(day: str) -> dt.datetime:
    return dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC)


def _day(value: str | None) -> dt.datetime | None:
    return _moment(value) if value else None
