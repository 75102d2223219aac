"""Who may be asked, what was used, and who asks: their schemas, and how rows become them."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from ninja import Field, Schema

from chat.api.schemas.outputs import Tokens, Usd
from chat.api.schemas.shapes import identifier, usd
from chat.models import ApiKey, Assistant, LanguageModel, ModelPrice, User
from chat.operations.billing.budget_periods import BudgetStanding


class AssistantOut(Schema):
    id: str
    name: str
    description: str
    model: str | None
    starters: list[str]


class PriceOut(Schema):
    """Prices in USD: per million tokens, and per web search."""

    speed: str
    above_prompt_tokens: int
    input: Usd
    write_5m: Usd
    write_1h: Usd
    read: Usd
    output: Usd
    per_search: Usd


class ModelOut(Schema):
    id: str
    model: str = Field(description="The provider's id.")
    name: str
    connection: str
    available: bool = Field(description="false while its connection lacks something.")
    lifecycle: str
    max_input_tokens: int
    max_output_tokens: int
    default_max_tokens: int
    capabilities: dict[str, Any]
    prices: list[PriceOut] = Field(description="In force now.")


class AssistantList(Schema):
    data: list[AssistantOut]


class ModelList(Schema):
    data: list[ModelOut]


class UsageRow(Tokens):
    day: dt.date
    model: str
    calls: int
    cost_usd: Usd
    cache_saved_usd: Usd = Field(
        description="What the same prompts would have cost more without the cache; writes can make it negative."
    )


class BudgetOut(Schema):
    name: str
    scope: str = Field(description="person, everybody (each person, you too), group or key.")
    period: str = Field(description="day, week (from Monday) or month, in the workspace's time zone.")
    starts_on: dt.date
    renews_on: dt.date
    spent_usd: Usd
    held_usd: Usd = Field(description="Held for answers that are being written.")
    soft_limit_usd: Usd | None = Field(description="From here on you are warned.")
    limit_usd: Usd = Field(description="What would go beyond it is refused with 402.")


class UsageOut(Schema):
    since: dt.date
    calls: int
    cost_usd: Usd
    data: list[UsageRow] = Field(description="By day (UTC) and model, newest first.")
    budgets: list[BudgetOut] = Field(
        description="Your own, your groups' and your keys', in their current period."
    )


class KeyOut(Schema):
    id: str
    name: str
    scopes: list[str]
    expires_at: dt.datetime | None


class Me(Schema):
    id: str
    email: str
    name: str
    language: str
    is_staff: bool
    key: KeyOut | None = Field(description="The key that asked; null for a session.")


def assistant(row: Assistant) -> AssistantOut:
    return AssistantOut(
        id=str(row.id),
        name=row.name,
        description=row.description,
        model=identifier(row.model_id),
        starters=[str(starter) for starter in row.starters],
    )


def model(row: LanguageModel, prices: Iterable[ModelPrice]) -> ModelOut:
    return ModelOut(
        id=str(row.id),
        model=row.model_id,
        name=row.display_name,
        connection=row.connection.name,
        available=not row.connection.problem(),
        lifecycle=row.lifecycle,
        max_input_tokens=row.max_input_tokens,
        max_output_tokens=row.max_output_tokens,
        default_max_tokens=row.default_max_tokens,
        capabilities=row.capabilities,
        prices=[
            PriceOut(
                speed=price.speed,
                above_prompt_tokens=price.above_prompt_tokens,
                **{unit: usd(getattr(price, unit)) for unit in ModelPrice.UNITS},
            )
            for price in prices
        ],
    )


def budget(standing: BudgetStanding) -> BudgetOut:
    soft = standing.budget.soft_limit_usd
    return BudgetOut(
        name=standing.budget.name,
        scope=standing.budget.scope,
        period=standing.budget.period,
        starts_on=standing.starts_on,
        renews_on=standing.renews_on,
        spent_usd=usd(standing.spent_usd),
        held_usd=usd(standing.held_usd),
        soft_limit_usd=None if soft is None else usd(soft),
        limit_usd=usd(standing.budget.hard_limit_usd),
    )


def me(user: User, key: ApiKey | None) -> Me:
    return Me(
        id=str(user.id),
        email=user.email,
        name=str(user),
        language=user.language,
        is_staff=user.is_staff,
        key=KeyOut(id=str(key.id), name=key.name, scopes=key.scopes, expires_at=key.expires_at)
        if key
        else None,
    )
