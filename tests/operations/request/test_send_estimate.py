"""What a draft would cost to send: from the usage of the last call, the cache, and the prices of the moment."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat.models import (
    ApiCall,
    Assistant,
    Conversation,
    FrameCount,
    LanguageModel,
    ModelPrice,
    SystemPrompt,
    Turn,
    User,
)
from chat.operations.request.frame import freeze_frame
from chat.operations.request.send_estimate import SendEstimate, estimate_send
from chat.operations.staff.prompt_revisions import revise_prompt
from tests import factories
from tests.operations.upstreams import connection, model_of
from tests.support.refusals import refusal_code
from tests.support.simulator import Upstream

pytestmark = pytest.mark.django_db
DRAFT = "x" * 300  # 100 tokens, and 4 for the message
NOW = dt.timedelta()


@pytest.fixture
def model(simulator: Upstream) -> LanguageModel:
    found = model_of(connection(simulator.url), "claude-sonnet-5-5")
    found.prices.all().delete()
    ModelPrice.objects.create(model=found, valid_from=factories.PRICED_SINCE, **factories.PRICES)
    return found


def answered(owner: User, model: LanguageModel, ago: dt.timedelta = NOW, **usage: int) -> Conversation:
    """A conversation whose last call read and wrote as `usage` says."""
    chat = factories.conversation(owner, model=model)
    turn = factories.turn(chat, answer="Yes", model=model)
    frame = freeze_frame(model=model, assistant=None)
    Turn.objects.filter(id=turn.id).update(frame=frame)
    names = {
        "cache_write_5m_tokens": "cache_creation_input_tokens",
        "cache_read_tokens": "cache_read_input_tokens",
    }
    told = {names.get(name, name): count for name, count in usage.items()}
    factories.call(
        turn, frame_digest=frame.digest, started_at=timezone.now() - ago, usage=told,
        **{"input_tokens": 0, "output_tokens": 0, **usage},
    )  # fmt: skip
    return chat


def estimate(user: User, **fields: Any) -> SendEstimate:
    return estimate_send(user=user, **{"text": DRAFT, **fields})


def usd(tokens: int, price: str) -> Decimal:
    return tokens * Decimal(price) / 1_000_000


def test_a_new_conversation_reads_the_draft_alone(insider: User, model: LanguageModel) -> None:
    found = estimate(insider, model_id=model.id)
    assert (found.draft_tokens, found.used_tokens, found.cached_tokens, found.exact) == (104, 0, 0, True)
    assert found.cost_usd == usd(104, "3"), "too short for the cache"
    assert estimate(insider, model_id=model.id, text=" ").draft_tokens == 5


def test_files_are_estimated(insider: User, model: LanguageModel) -> None:
    found = estimate(insider, model_id=model.id, file_tokens=5000)
    assert (found.draft_tokens, found.exact) == (5104, False)
    assert found.cost_usd == usd(5104, "3.75"), "long enough: it is written to the cache"


@pytest.mark.parametrize(("policy", "price"), [("1h", "6"), ("none", "3"), ("5m", "3.75")])
def test_the_policy_of_the_cache_decides(
    insider: User, model: LanguageModel, policy: str, price: str
) -> None:
    made = Assistant.objects.create(name="Guide", model=model, cache_policy=policy)
    found = estimate(insider, assistant_id=made.id, file_tokens=5000)
    assert found.cost_usd == usd(found.total_tokens, price)


def test_what_the_cache_holds_is_read_cheaply(insider: User, model: LanguageModel) -> None:
    chat = answered(insider, model, input_tokens=10, cache_write_5m_tokens=9_000, output_tokens=500)
    found = estimate(insider, conversation_id=chat.id)
    assert (found.used_tokens, found.cached_tokens, found.draft_tokens) == (9_510, 9_000, 104)
    assert found.cost_usd == usd(9_000, "0.3") + usd(614, "3.75")


def test_a_cache_that_has_expired_is_written_again(insider: User, model: LanguageModel) -> None:
    chat = answered(insider, model, dt.timedelta(minutes=6), cache_write_5m_tokens=9_000)
    assert estimate(insider, conversation_id=chat.id).cached_tokens == 0


@pytest.mark.parametrize("fields", [{"effort": "low"}, {"other": True}])
def test_another_effort_or_model_begins_a_new_cache(
    insider: User, model: LanguageModel, fields: dict[str, Any]
) -> None:
    chat = answered(insider, model, cache_write_5m_tokens=9_000)
    if fields.pop("other", None):
        fields = {"model_id": model_of(model.connection, "claude-haiku-5-5").id}
    found = estimate(insider, conversation_id=chat.id, **fields)
    assert (found.used_tokens, found.cached_tokens) == (9_000, 0)


def test_an_edit_counts_what_stands_above_it(insider: User, model: LanguageModel) -> None:
    chat = answered(insider, model, cache_write_5m_tokens=9_000)
    root = chat.messages.get(depth=0)
    assert estimate(insider, conversation_id=chat.id, parent_id="root").used_tokens == 0
    above = estimate(insider, conversation_id=chat.id, parent_id=str(root.id))
    assert 0 < above.used_tokens < 100, "estimated by its length: no call is on this path"


def test_a_summary_stands_for_what_is_above_it(insider: User, model: LanguageModel) -> None:
    chat = answered(insider, model, cache_write_5m_tokens=9_000)
    chat.active_leaf = factories.message(chat, chat.active_leaf, "s" * 300, kind="summary")
    chat.save()
    assert 100 <= estimate(insider, conversation_id=chat.id).used_tokens < 200


def test_a_prompt_that_others_have_cached_counts(insider: User, model: LanguageModel) -> None:
    prompt = SystemPrompt.objects.create(name="Long")
    revise_prompt(prompt=prompt, blocks=[{"text": "y" * 30_000}], author=insider)
    made = Assistant.objects.create(name="Long", model=model, prompt=prompt)
    frame = freeze_frame(model=model, assistant=made, author=insider)
    assert estimate(insider, assistant_id=made.id).cached_tokens == 0, "not counted yet"
    FrameCount.objects.create(frame=frame, model_name=model.model_id, tokens=10_000)
    assert estimate(insider, assistant_id=made.id).cached_tokens == 0, "no one has asked yet"
    row = {"model": model, "frame_digest": frame.digest, "key": "1", "door": "chat", "purpose": "turn"}
    call = ApiCall.objects.create(**row, model_name=model.model_id, started_at=timezone.now())
    assert estimate(insider, assistant_id=made.id).cached_tokens == 0, "nothing was written"
    ApiCall.objects.filter(id=call.id).update(cache_write_5m_tokens=10_000)
    assert estimate(insider, assistant_id=made.id).cached_tokens == 10_000
    ApiCall.objects.filter(id=call.id).update(started_at=timezone.now() - dt.timedelta(minutes=30))
    assert estimate(insider, assistant_id=made.id).cached_tokens == 0
    ApiCall.objects.filter(id=call.id).update(cache_write_5m_tokens=0, cache_write_1h_tokens=10_000)
    assert estimate(insider, assistant_id=made.id).cached_tokens == 10_000


def test_a_model_without_prices_has_no_cost(insider: User, model: LanguageModel) -> None:
    model.prices.all().delete()
    assert estimate(insider, model_id=model.id).cost_usd is None


def test_foreign_conversations_and_messages_are_not_found(
    insider: User, outsider: User, model: LanguageModel
) -> None:
    chat, other = answered(insider, model), factories.conversation(outsider, "a")
    assert refusal_code(estimate, outsider, conversation_id=chat.id) == "not_found"
    foreign = {"conversation_id": chat.id, "parent_id": str(other.active_leaf_id)}
    assert refusal_code(estimate, insider, **foreign) == "not_found"


@pytest.mark.parametrize("length", [2, 200])
def test_queries_do_not_grow_with_the_conversation(insider: User, length: int) -> None:
    chat = factories.long_conversation(insider, length)
    with CaptureQueriesContext(database) as seen:
        estimate(insider, conversation_id=chat.id)
    assert len(seen) <= 10, "\n".join(query["sql"][:200] for query in seen)
