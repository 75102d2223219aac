"""The model that answers instead: the same model over another connection, or after a refusal its fallback."""

from collections.abc import Collection, Iterator

from django.db.models import Q

from chat.models import Assistant, LanguageModel, ProviderConnection, Turn
from chat.models.ids import ModelId
from chat.operations.errors import OperationError
from chat.operations.request.attachment_limits import could_take
from chat.operations.request.compaction import fits_window
from chat.operations.request.output_schema import way_of


def same_model_elsewhere(turn: Turn, tried: Collection[ModelId]) -> LanguageModel | None:
    """Return the turn's model on the next usable connection, in staff's order; None if all were tried.

    Platforms differ, so connections that can't provide what the turn needs are skipped. A simulator never replaces a
    real model, because its answers would be taken for that model's.
    """
    model = turn.model
    if model is None:
        return None
    name = model.canonical
    same = Q(canonical_id=name) | Q(canonical_id="", model_id=name)
    rows = LanguageModel.objects.usable().filter(same).exclude(id__in=tried).select_related("connection")
    if model.connection.kind != ProviderConnection.Kind.SIMULATOR:
        rows = rows.exclude(connection__kind=ProviderConnection.Kind.SIMULATOR)
    ordered = rows.order_by("connection__order", "connection__created_at", "connection_id", "order", "id")
    return next((row for row in ordered if not row.connection.problem() and _suits(row, turn)), None)


def after_refusal(turn: Turn, tried: Collection[ModelId]) -> LanguageModel | None:
    """Return the model to ask without asking the person first, if the assistant follows fallbacks after a refusal."""
    assistant = turn.conversation.assistant
    if assistant is None or assistant.after_refusal != Assistant.AfterRefusal.FOLLOW:
        return None
    return offered_after_refusal(turn, tried)


def offered_after_refusal(turn: Turn, tried: Collection[ModelId] = ()) -> LanguageModel | None:
    """Return the first fallback of the model that refused which is usable and can provide what this turn needs."""
    if turn.model is None:
        return None
    passed = {turn.model_id, *tried}
    return next(
        (
            model
            for model in chain(turn.model)
            if model.id not in passed
            and _usable(model)
            and not model.connection.problem()
            and _suits(model, turn)
        ),
        None,
    )


def chain(model: LanguageModel) -> Iterator[LanguageModel]:
    """Yield the fallbacks of a model, one after the other; a circle ends where it began."""
    seen = {model.id}
    current = model.fallback
    while current is not None and current.id not in seen:
        seen.add(current.id)
        yield current
        current = current.fallback


def _suits(model: LanguageModel, turn: Turn) -> bool:
    """Return whether a model can provide the turn's output schema and has room for its conversation and files."""
    return _takes_schema(model, turn) and fits_window(turn, model) and could_take(turn, model)


def _takes_schema(model: LanguageModel, turn: Turn) -> bool:
    try:
        return turn.output_schema is None or bool(way_of(model, turn.output_schema))
    except OperationError:
        return False


def _usable(model: LanguageModel) -> bool:
    return LanguageModel.objects.usable().filter(id=model.id).exists()
