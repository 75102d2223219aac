"""The assistants and models (with prices) that a person may use, their usage, and their account."""

import datetime as dt
from decimal import Decimal

from django.db.models import Prefetch
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router

from chat import access
from chat.api.identity import identity_of
from chat.api.schemas import catalogue_outputs, outputs, shapes
from chat.models import LanguageModel, ModelPrice
from chat.operations.billing.budgets import own_standings
from chat.operations.billing.usage_report import UsageOfDay, usage_by_day

router = Router(tags=["catalogue"])


@router.get("/assistants", response=catalogue_outputs.AssistantList)
def list_assistants(request: HttpRequest) -> catalogue_outputs.AssistantList:
    """List the assistants that you may use. Their prompts are not included."""
    rows = access.assistants(identity_of(request).user)
    return catalogue_outputs.AssistantList(data=[catalogue_outputs.assistant(row) for row in rows])


@router.get("/models", response=catalogue_outputs.ModelList)
def list_models(request: HttpRequest) -> catalogue_outputs.ModelList:
    """List the models that you may use, best first, with their current prices."""
    begun = ModelPrice.objects.filter(valid_from__lte=timezone.now()).order_by("-valid_from", "-id")
    rows = access.models(identity_of(request).user).prefetch_related(
        Prefetch("prices", queryset=begun, to_attr="begun_prices")
    )
    return catalogue_outputs.ModelList(
        data=[catalogue_outputs.model(row, _current_prices(row)) for row in rows]
    )


@router.get("/prompts", response=outputs.SavedPromptList)
def list_prompts(request: HttpRequest) -> outputs.SavedPromptList:
    """List the saved prompts that you may use: your own, those shared with your groups, and your administrators'."""
    reader = identity_of(request).user
    return outputs.SavedPromptList(
        data=[shapes.saved_prompt(row, reader) for row in access.saved_prompts(reader)]
    )


@router.get("/usage", response=catalogue_outputs.UsageOut)
def read_usage(request: HttpRequest, days: int = Query(30, ge=1, le=366)) -> catalogue_outputs.UsageOut:
    """Read your API calls from all sources, summed by day and model from the ledger, and the state of your budgets."""
    user = identity_of(request).user
    since = timezone.now().date() - dt.timedelta(days=days - 1)
    rows = usage_by_day(user=user, since=since, zone=dt.UTC)
    return catalogue_outputs.UsageOut(
        since=since,
        calls=sum(row.calls for row in rows),
        cost_usd=shapes.usd(sum((row.cost_usd for row in rows), Decimal(0))),
        data=[_usage_row(row) for row in rows],
        budgets=[catalogue_outputs.budget(standing) for standing in own_standings(user)],
    )


@router.get("/me", response=catalogue_outputs.Me)
def read_me(request: HttpRequest) -> catalogue_outputs.Me:
    """Read your account and the API key of this request."""
    return catalogue_outputs.me(identity_of(request).user, identity_of(request).api_key)


def _current_prices(row: LanguageModel) -> list[ModelPrice]:
    """Return the current price per speed and tier."""
    newest: dict[tuple[str, int], ModelPrice] = {}
    for price in row.begun_prices:  # type: ignore[attr-defined]
        newest.setdefault((price.speed, price.above_prompt_tokens), price)
    return list(newest.values())


def _usage_row(row: UsageOfDay) -> catalogue_outputs.UsageRow:
    return catalogue_outputs.UsageRow(
        day=row.day,
        model=row.model_name,
        calls=row.calls,
        cost_usd=shapes.usd(row.cost_usd),
        cache_saved_usd=shapes.usd(row.saved_usd),
        **row.tokens,
    )
