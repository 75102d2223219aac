"""Open the paid call of one attempt to answer a turn, with a tight bound of its prompt."""

from typing import Any

from django.db.models import Sum

from chat.claude.limits import cost_bound
from chat.models import ApiCall, Message
from chat.operations.billing import ledger
from chat.operations.billing.paid_call import PaidCall
from chat.operations.billing.payer import Payer
from chat.operations.files.documents import known_pages
from chat.operations.running_turn import RunningTurn


def open_call(running: RunningTurn, request: dict[str, Any], *, call: int, attempt: int) -> PaidCall:
    """Open the paid call of one attempt. Its answer is shortened to what the budgets can pay.

    Raises:
        BudgetExceeded: too little is left for an answer of any use; nothing was written.
    """
    return PaidCall(
        key=f"{running.turn.id}:{running.fence}:{call}:{attempt}",
        model=running.model,
        request=request,
        purpose=ApiCall.Purpose.TURN,
        door=running.turn.door,
        prices=running.prices,
        payer=Payer.of_turn(running.turn),
        applying=running.admitted.current() if running.admitted else None,
        references={**running.references(), "attempt": attempt},
        may_shorten=True,
        prompt_tokens=lambda: _prompt_bound(running, request),
    ).open()


def _prompt_bound(running: RunningTurn, request: dict[str, Any]) -> int:
    """Return an upper bound of the prompt's tokens: by its bytes, or by the last call's usage and the bytes since.

    Both include what the provider's tools may add. Thinking that is shown only in summary is longer than its blocks,
    so all output of the conversation's earlier calls is added to the bound by bytes.
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
    return bound


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
