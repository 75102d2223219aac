"""Open the ledger row of one attempt: hold its worst-case cost, shorten its answer to what the budgets can pay."""

import dataclasses
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Sum

from chat.claude import cost_bound
from chat.models import ApiCall, Message
from chat.operations.billing import budgets, ledger
from chat.operations.billing.budgets import Payer
from chat.operations.request.attachments import known_pages
from chat.operations.running_turn import RunningTurn


@dataclasses.dataclass(frozen=True, slots=True)
class Opened:
    """An attempt that may leave: its ledger row, its request within the budget, and whether a soft limit is passed."""

    call_id: int
    request: dict[str, Any]
    warned: bool = False


@transaction.atomic
def open_call(running: RunningTurn, request: dict[str, Any], *, call: int, attempt: int) -> Opened:
    """Open the ledger row of one attempt, hold its money, and shorten its answer to what the budgets can pay.

    Raises:
        BudgetExceeded: too little is left for an answer of any use; nothing was written.
    """
    payer = Payer(running.turn.author_id, running.turn.api_key_id, running.turn.conversation.assistant_id)
    applying = running.admitted.current() if running.admitted else None
    applying = budgets.applying(payer) if applying is None else applying
    room = budgets.affordable_usd(payer, applying)
    worst = Decimal(0)
    if room is not None:
        planned = cost_bound.bound_cost(
            request, running.prices, prompt_tokens=_prompt_bound(running, request), available_usd=room
        )
        if planned is None:
            raise budgets.refusal(payer)
        request, worst = {**request, "max_tokens": planned.max_tokens}, planned.usd
    call_id = ledger.open_in_transaction(
        key=f"{running.turn.id}:{running.fence}:{call}:{attempt}",
        model=running.model,
        purpose=ApiCall.Purpose.TURN,
        door=running.turn.door,
        attempt=attempt,
        assistant_id=payer.assistant_id,
        worst_usd=worst,
        applying=applying,
        **running.references(),
    )
    return Opened(call_id, request, warned=room is not None and bool(budgets.warnings(payer)))


def _prompt_bound(running: RunningTurn, request: dict[str, Any]) -> int:
    """Give an upper bound of the prompt's tokens: of all bytes, or of what the last call told and the bytes since.

    Either way the provider's tools may add to it. Hidden thinking is longer than its blocks; what earlier calls wrote
    bounds it.
    """
    written = ApiCall.objects.filter(conversation=running.turn.conversation_id)
    thought = written.aggregate(total=Sum("output_tokens"))["total"] or 0
    bound = cost_bound.prompt_bound(request, count_pages=known_pages) + thought
    last = _last_call(running)
    if last is not None:
        messages = request["messages"]
        answered = max(
            (at for at, message in enumerate(messages) if message["role"] == "assistant"), default=0
        )
        since = cost_bound.messages_bound(messages[answered:], count_pages=known_pages)
        left = ledger.counters_of(last).prompt_tokens + last.output_tokens
        bound = min(bound, left + since + cost_bound.server_tools_bound(request))
    return min(bound, running.model.max_input_tokens)


def _last_call(running: RunningTurn) -> ApiCall | None:
    """Return the exact call that wrote the answer before this one, if it had the same model and frame."""
    path = running.path().sent
    answers = [message.id for message in path.messages if message.role == Message.Role.ASSISTANT]
    exact = [
        call
        for call in path.calls
        if call.message_id == answers[-1]
        and call.model_name == running.model.model_id
        and call.frame_digest == running.turn.frame_id
        and call.certainty == ApiCall.Certainty.EXACT
        and call.status == ApiCall.Status.SUCCEEDED
    ]
    return exact[-1] if exact else None
