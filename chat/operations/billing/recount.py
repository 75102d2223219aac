"""Bills of cut answers, made better once: the provider counts the text that arrived.

A stop settles at once by an estimate from bytes, so that nothing is waited for. This job then asks count_tokens and
puts the count into the row. The request has a ledger row of its own, named after the row that it is for: the unique
key makes sure that no bill is counted twice. Until then the rest of the hold stays held, so that a count that is
higher than the estimate never breaks a budget.
"""

import dataclasses
import uuid
from typing import Any

import structlog
from django.db import IntegrityError

from chat.events.store import stored_state
from chat.models import ApiCall, LanguageModel
from chat.operations.billing import budgets, ledger
from chat.operations.billing.single_call import count_tokens
from chat.operations.time_limit import in_time
from chat.providers.clients import ConnectionUnusable
from chat.providers.upstream import UpstreamError

log = structlog.get_logger(__name__)

AT_ONCE = 50
# The shortest text there is: what a request costs beside its text is the count of this one, less its token.
PROBE = "."


@dataclasses.dataclass(slots=True)
class Counter:
    """Counts texts with a model's own tokenizer; what frames a text is asked for once per model."""

    overheads: dict[Any, int] = dataclasses.field(default_factory=dict)

    def count(self, call: ApiCall, model: LanguageModel, texts: list[str]) -> int:
        """Return the output tokens that these blocks of an answer cost.

        Raises:
            ConnectionUnusable, UpstreamError: nobody counted.
            IntegrityError: somebody else counts this row, or has.
        """
        if model.pk not in self.overheads:
            key = f"{ledger.COUNT_PREFIX}{model.pk}:{uuid.uuid4()}"
            self.overheads[model.pk] = _ask(key, model, [PROBE]) - 1
        return _ask(ledger.COUNT_PREFIX + call.key, model, texts) - self.overheads[model.pk]


def settle_by_count() -> int:
    """Count what arrived of the cut answers that wait for it; returns how many bills were settled by it."""
    counter, settled, asked = Counter(), 0, 0
    rows = ledger.awaiting_count().select_related("turn", "model__connection").order_by("id")
    for call in in_time(rows[: 4 * AT_ONCE]):
        texts = received_texts(call)
        if not texts or call.model is None:
            budgets.release(call.pk, call.cost_usd)  # nothing to be counted: the bill is what it is
            continue
        asked += 1
        try:
            settled += ledger.settle_by_count(call.pk, counter.count(call, call.model, texts))
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
    return [value for value in values if value.strip()]  # nobody counts blanks alone


def _ask(key: str, model: LanguageModel, texts: list[str]) -> int:
    content = [{"type": "text", "text": text} for text in texts]
    return count_tokens(model, [{"role": "user", "content": content}], key=key)
