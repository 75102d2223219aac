"""One small synchronous call outside of a turn (a title, a connection test), with its row in the ledger."""

import dataclasses
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from chat.claude.cost_bound import bound_cost, prompt_bound
from chat.claude.failures import request_id_of
from chat.models import ApiCall, LanguageModel, Turn
from chat.operations.billing.ledger import (
    Bill,
    Settlement,
    bill_for,
    bill_for_message,
    discard_call,
    free_bill,
    open_call,
    settle_call,
)
from chat.providers.clients import sync_client
from chat.providers.upstream import UpstreamError, as_upstream_error


@dataclasses.dataclass(frozen=True, slots=True)
class Called:
    """The upstream's message as plain JSON, and the id of the ledger row that paid for it."""

    message: dict[str, Any]
    call_id: int


def call_model(
    model: LanguageModel, request: dict[str, Any], *, purpose: str, door: str, **references: Any
) -> Called:
    """Send `request` (keyword arguments of `messages.create` without model) and settle it.

    `references` are columns of `ApiCall`, such as user_id and conversation_id, and assistant_id.

    Raises:
        BudgetExceeded: what is left does not surely pay for it; nothing was sent.
        ConnectionUnusable: the connection can't be used; nothing was sent.
        UpstreamError: the call failed; its row is settled, or removed if nothing reached the upstream.
    """
    with sync_client(model.connection) as client:
        call_id = open_call(
            key=f"{purpose}:{uuid.uuid4()}",
            model=model,
            purpose=purpose,
            door=door,
            worst_usd=_worst_usd(model, request),
            **references,
        )
        answer, message = _send(
            call_id, lambda: client.messages.with_raw_response.create(model=model.model_id, **request)
        )
    bill = bill_for_message(model.price_rows(), message, whole=True)
    _settle(call_id, answer, bill, str(message.get("stop_reason") or ""))
    return Called(message, call_id)


def count_tokens(model: LanguageModel, messages: list[dict[str, Any]], *, key: str) -> int:
    """Ask the provider how many tokens a prompt has. That is free; its ledger row, named `key`, says that it was asked.

    Raises:
        IntegrityError: a row with this key is there already; nothing was sent.
        ConnectionUnusable, UpstreamError: nobody counted.
    """
    with sync_client(model.connection) as client:
        call_id = open_call(key=key, model=model, purpose=ApiCall.Purpose.COUNT, door=Turn.Door.JOB)
        request: Any = {"model": model.model_id, "messages": messages}
        answer, told = _send(call_id, lambda: client.messages.with_raw_response.count_tokens(**request))
    _settle(call_id, answer, free_bill())
    return int(told["input_tokens"])


def _send(call_id: int, ask: Callable[[], Any]) -> tuple[Any, dict[str, Any]]:
    """Return the raw answer and its body as plain JSON; a failure settles or removes the row."""
    try:
        answer = ask()
        return answer, dict(answer.parse().to_dict(mode="json", warnings=False))
    except Exception as error:
        failed = as_upstream_error(error)
        _settle_failed(call_id, failed)
        raise failed from None


def _settle(call_id: int, answer: Any, bill: Bill, stop_reason: str = "") -> None:
    settle_call(
        call_id,
        Settlement(
            status=ApiCall.Status.SUCCEEDED,
            bill=bill,
            upstream_request_id=request_id_of(answer.headers),
            http_status=answer.status_code,
            stop_reason=stop_reason,
        ),
    )


def _worst_usd(model: LanguageModel, request: dict[str, Any]) -> Decimal:
    bound = min(prompt_bound(request), model.max_input_tokens)
    planned = bound_cost(request, model.price_rows(), prompt_tokens=bound, available_usd=None)
    return planned.usd if planned else Decimal(0)


def _settle_failed(call_id: int, error: UpstreamError) -> None:
    if not error.reached:
        discard_call(call_id)
        return
    refused = error.failure.status is not None
    settle_call(
        call_id,
        Settlement(
            status=ApiCall.Status.FAILED,
            # Refused calls are free; what a broken connection cost, nobody here knows.
            bill=free_bill() if refused else bill_for([], None, whole=False),
            upstream_request_id=error.failure.request_id or "",
            http_status=error.failure.status,
            error_code=error.failure.kind,
        ),
    )
