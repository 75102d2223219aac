"""Corrects the bills of cut answers once, by having the provider count the text that arrived.

A stop settles its call at once, with an estimate from the received bytes, so that it waits for nothing. This job asks
count_tokens later and puts the count into the row. Each count has a ledger row of its own, whose unique key is made
from the key of the row that it is for; so no bill is counted twice. Until then the rest of the hold stays held, so
that a count above the estimate never breaks a budget.
"""

import dataclasses
import uuid
from typing import Any

import structlog
from django.db import IntegrityError

from chat.events.store import stored_state
from chat.models import ApiCall, LanguageModel
from chat.models.money.ledger import COUNT_PREFIX
from chat.operations.billing import budgets, ledger
from chat.operations.billing.single_call import count_tokens
from chat.operations.time_limit import in_time
from chat.providers.clients import ConnectionUnusable
from chat.providers.upstream import UpstreamError

log = structlog.get_logger(__name__)

AT_ONCE = 50
# The shortest possible text. Its count less one token is what a request has beside its text.
PROBE = "."


@dataclasses.dataclass(slots=True)
class Counter:
    """Counts texts with a model's own tokenizer; the tokens around a text are counted once per model."""

    overheads: dict[Any, int] = dataclasses.field(default_factory=dict)

    def count(self, call: ApiCall, model: LanguageModel, texts: list[str]) -> int:
        """Return the output tokens that these blocks of an answer cost.

        Raises:
            ConnectionUnusable, UpstreamError: the provider did not count.
            IntegrityError: this row was counted before, or another process is counting it.
        """
        if model.pk not in self.overheads:
            key = f"{COUNT_PREFIX}{model.pk}:{uuid.uuid4()}"
            self.overheads[model.pk] = _ask(key, model, [PROBE]) - 1
        return _ask(COUNT_PREFIX + call.key, model, texts) - self.overheads[model.pk]


def settle_by_count() -> int:
    """Have the output of cut answers counted; return how many bills were corrected."""
    counter, settled, asked = Counter(), 0, 0
    rows = ApiCall.objects.awaiting_count().select_related("turn", "model__connection").order_by("id")
    for call in in_time(rows[: 4 * AT_ONCE]):
        texts = received_texts(call)
        if not texts or call.model is None:
            budgets.release(call.pk, call.cost_usd)  # nothing arrived that could be counted: the bill stays
            continue
        asked += 1
        try:
            settled += ledger.apply_count(call.pk, counter.count(call, call.model, texts))
        except IntegrityError:
            log.info("counted_elsewhere", key=call.key)
        except (ConnectionUnusable, UpstreamError) as error:
            log.warning("not_counted", key=call.key, error=type(error).__name__)
            budgets.release(call.pk, call.cost_usd)
        if asked == AT_ONCE:
            break
    return settled


def received_texts(call: ApiCall) -> list[str]:
    """Return the text of every block of a call that arrived, read from its turn's durable frames."""
    assert call.turn_id is not None  # only calls of turns wait for a count
    state = stored_state(call.turn_id)
    values = [block["value"] for block in state.blocks if block["message"] == str(call.message_id)]
    return [value for value in values if value.strip()]  # the API refuses to count blank texts


def _ask(key: str, model: LanguageModel, texts: list[str]) -> int:
    content = [{"type": "text", "text": text} for text in texts]
    return count_tokens(model, [{"role": "user", "content": content}], key=key)
