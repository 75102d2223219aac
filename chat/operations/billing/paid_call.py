"""One paid upstream call: its worst-case cost is held, its ledger row opened, and the row settled or discarded once.

This is the only way to a paid call. The rules are here and synchronous; only the sending differs: `single_call` sends
from jobs and commands, the engine streams from its event loop. Each attempt that may reach the upstream is a
`PaidCall` of its own, so that the ledger has one row per attempt.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Self

from django.db import transaction

from chat.claude.billing.pricing import PriceRow
from chat.claude.cache.diagnostics import ExpectedCache
from chat.claude.limits import cost_bound
from chat.claude.limits.context_window import estimate_prompt
from chat.models import ApiCall, Budget, LanguageModel
from chat.operations.billing import budgets, ledger
from chat.operations.billing.budgets import LockedBudgets
from chat.operations.billing.ledger import Settlement
from chat.operations.billing.payer import Payer
from chat.operations.files.documents import known_pages


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the upstream answered to one call, as far as it arrived: the basis of the bill.

    `message` is the Messages API's message so far ({} before its start) and `text` all that was received of it, for an
    estimate of output that was not counted. `output_told` says that it was counted after the message's start.
    `nothing_generated` says that what answered was no model: such calls are free. `unanswered` says that the connection
    ended before any response: the cost is unknown, and budgets don't count it.
    """

    message: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    text: str = ""
    whole: bool = False
    output_told: bool = True
    nothing_generated: bool = False
    unanswered: bool = False
    request_id: str = ""
    http_status: int | None = None
    first_byte_at: dt.datetime | None = None

    @property
    def free(self) -> bool:
        """Whether the upstream answered with an error status or a redirect, or with something else than an answer."""
        return self.nothing_generated or (self.http_status is not None and self.http_status >= 300)


@dataclasses.dataclass(slots=True, kw_only=True)
class PaidCall:
    """One attempt to call a model; `call_id` is the id of its ledger row while that row is open.

    `request` holds the keyword arguments of the call. With `may_shorten`, opening lowers its `max_tokens` to what the
    budgets can pay. `references` are columns of `ApiCall`: conversation_id, turn_id, message_id, frame_digest, attempt.
    `applying` are the payer's budgets, if they were read a moment ago.
    `prompt_tokens` returns a tighter upper bound of the prompt than the one by the request's bytes.
    """

    key: str
    model: LanguageModel
    request: dict[str, Any]
    purpose: str
    door: str
    prices: list[PriceRow]
    payer: Payer = dataclasses.field(default_factory=Payer)
    applying: list[Budget] | None = None
    references: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    may_shorten: bool = False
    prompt_tokens: Callable[[], int] | None = None
    call_id: int | None = None
    warned: bool = False

    def open(self) -> Self:
        """Open the ledger row and hold the most that the call can cost, in one transaction.

        `warned` then says whether a soft limit is reached. The row has to be settled or discarded.

        Raises:
            BudgetExceeded: a budget has too little left; nothing was written.
            IntegrityError: a row with this key exists; nothing was written.
        """
        with transaction.atomic():
            locked = budgets.lock(self.payer, self.applying) if self._is_billed() else LockedBudgets()
            worst_usd = self._bound(locked)
            call = ApiCall.objects.begin(
                key=self.key,
                model=self.model,
                purpose=self.purpose,
                door=self.door,
                user_id=self.payer.user_id,
                api_key_id=self.payer.api_key_id,
                assistant_id=self.payer.assistant_id,
                **self.references,
            )
            locked.hold(call.pk, worst_usd)
        self.call_id, self.warned = call.pk, locked.warns
        return self

    def settlement(
        self, outcome: Outcome, status: str, *, code: str = "", expected_cache: ExpectedCache | None = None
    ) -> Settlement:
        """Return the settlement of this call with what the upstream answered.

        A call that was refused, or answered by something else than a model, is free and failed, whatever `status` says.
        Of a call without any message the cost is unknown.
        """
        if outcome.free:
            bill, status = ledger.free_bill(), ApiCall.Status.FAILED
        elif not self._is_billed():
            bill = ledger.free_bill()
        else:
            bill = ledger.bill_for_message(
                self.prices,
                outcome.message,
                whole=outcome.whole,
                text=outcome.text,
                output_told=outcome.output_told,
                prompt_tokens=lambda: estimate_prompt(self.request),
            )
        return Settlement(
            status=status,
            bill=bill,
            frees_holds=outcome.unanswered,
            upstream_request_id=outcome.request_id,
            http_status=outcome.http_status,
            error_code=code,
            stop_reason=str(outcome.message.get("stop_reason") or ""),
            first_byte_at=outcome.first_byte_at,
            told=outcome.message,
            expected_cache=expected_cache or ExpectedCache(),
        )

    def settle(self, settlement: Settlement) -> None:
        """Settle the open row and its holds."""
        assert self.call_id is not None, "only an open call is settled"
        ledger.settle_call(self.call_id, settlement)
        self.call_id = None

    def discard(self) -> None:
        """Delete the open row and its holds, because the request never reached the upstream."""
        assert self.call_id is not None, "only an open call is discarded"
        ledger.discard_call(self.call_id)
        self.call_id = None

    def _is_billed(self) -> bool:
        return self.purpose != ApiCall.Purpose.COUNT  # counting tokens is free

    def _bound(self, locked: LockedBudgets) -> Decimal:
        """Return the most that the call can cost; lower `max_tokens` if that is more than the budgets have left."""
        room = locked.available_usd
        if room is None:
            return Decimal(0)
        bound = cost_bound.bound_cost(
            self.request,
            self.prices,
            prompt_tokens=self._prompt_bound(),
            available_usd=room if self.may_shorten else None,
        )
        if bound is None:
            raise locked.refusal()
        if self.may_shorten:
            self.request = {**self.request, "max_tokens": bound.max_tokens}
        return bound.usd

    def _prompt_bound(self) -> int:
        if self.prompt_tokens is not None:
            tokens = self.prompt_tokens()
        else:
            tokens = cost_bound.prompt_bound(self.request, count_pages=known_pages)
        return min(tokens, self.model.max_input_tokens)
