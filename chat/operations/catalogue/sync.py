"""Synchronisation with a provider's list of models: limits, capabilities and lifecycle follow the list.

Platforms without a list of models get the catalogue's, under their own ids.
"""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from chat.claude.encoding.text import clean_json, clean_text
from chat.models import LanguageModel, ProviderConnection
from chat.models.catalogue.platforms import Gap
from chat.operations.catalogue.advice import staff_advice
from chat.operations.catalogue.seed import (
    LIFECYCLES,
    Loaded,
    add_prices,
    create_model,
    entry,
    load_models,
    merged,
)
from chat.providers.clients import ConnectionUnusable, sync_client
from chat.providers.upstream import as_upstream_error

MODELS_AT_MOST = 1000
Kind = ProviderConnection.Kind
# Their models are loaded at every start of this server.
EMBEDDED = (Kind.SIMULATOR, Kind.LOCAL)


@dataclass(slots=True)
class Synced:
    """What one connection's list changed; `problem` explains why there was none.

    `unpriced` names added models without a known price: they stay switched off until staff give one.
    """

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unpriced: list[str] = field(default_factory=list)
    problem: str = ""


def sync_models(connection: ProviderConnection) -> Synced:
    """Update a connection's rows from its list of models. Names, order and switches stay as staff set them."""
    if connection.platform.lacks(Gap.MODELS_LIST):
        return _from_catalogue(connection)
    report = Synced()
    try:
        with sync_client(connection) as client:
            listed = [info.to_dict(mode="json", warnings=False) for info in _listed(client)]
    except ConnectionUnusable as problem:
        report.problem = str(problem)
    except Exception as error:  # a bad answer of one server must not stop the other connections
        report.problem = staff_advice(as_upstream_error(error).failure)
    else:
        _write(connection, listed, report)
    return report


def _from_catalogue(connection: ProviderConnection) -> Synced:
    before = set(connection.language_models.values_list("model_id", flat=True))
    loaded = Loaded()
    with transaction.atomic():
        load_models(connection, loaded)
    names = connection.language_models.order_by("order", "model_id").values_list("model_id", flat=True)
    return Synced(
        added=[name for name in names if name not in before],
        changed=[name for name in names if f"{connection.name}: {name}" in loaded.refreshed],
    )


def _listed(client: Any) -> list[Any]:
    """Return the models of all pages, up to a limit, for a faulty server may announce pages without end."""
    models: list[Any] = []
    for info in client.models.list(limit=100):
        models.append(info)
        if len(models) >= MODELS_AT_MOST:
            break
    return models


@transaction.atomic
def _write(connection: ProviderConnection, listed: list[dict[str, Any]], report: Synced) -> None:
    have = {model.model_id: model for model in connection.language_models.all()}
    named = {info["id"]: clean_json(info) for info in listed if _is_name(info.get("id"))}
    for model_id, info in named.items():
        model = have.get(model_id) or _added(connection, info, report)
        if _take_over(model, info) and model_id in have:
            report.changed.append(model_id)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 120 and clean_text(value) == value


def _added(connection: ProviderConnection, info: dict[str, Any], report: Synced) -> LanguageModel:
    model_id = info["id"]
    report.added.append(model_id)
    known = entry(connection, model_id)
    if known is not None:
        model = create_model(connection, known, Loaded())
        add_prices(model, known, Loaded())
        return model
    report.unpriced.append(model_id)
    return LanguageModel.objects.create(
        connection=connection,
        model_id=model_id,
        display_name=str(info.get("display_name") or model_id)[:120],
        line=str(info.get("line") or "")[:20],
        enabled=False,
    )


def _take_over(model: LanguageModel, info: dict[str, Any]) -> bool:
    """Copy the provider's facts into a row and save it if one of them differs."""
    fields = (
        "lifecycle",
        "retires_at",
        "max_input_tokens",
        "max_output_tokens",
        "default_max_tokens",
        "capabilities",
    )
    before = [getattr(model, name) for name in fields]
    if info.get("lifecycle") in LIFECYCLES:
        model.lifecycle = info["lifecycle"]
        model.retires_at = _moment(info.get("retires_at"))
    model.max_input_tokens = _positive(info.get("max_input_tokens")) or model.max_input_tokens
    model.max_output_tokens = _positive(info.get("max_tokens")) or model.max_output_tokens
    model.default_max_tokens = min(model.default_max_tokens, model.max_output_tokens)
    if isinstance(info.get("capabilities"), dict):
        facts = model.connection.platform.without_gaps(merged(model.capabilities, info["capabilities"]))
        source = {"source": f"provider {timezone.now():%Y-%m-%d}"}
        # A new day alone is not worth a line in the history.
        if facts != model.capabilities or not str(facts.get("source", "")).startswith("provider"):
            model.capabilities = facts | source
    if before == [getattr(model, name) for name in fields]:
        return False
    model.save()
    return True


def _positive(value: Any) -> int | None:
    known = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31
    return value if known else None


def _moment(value: Any) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
