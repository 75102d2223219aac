"""Sends one paid call from synchronous code (a title, a connection test, a count) and waits for the whole answer."""

import dataclasses
import uuid
from collections.abc import Callable
from typing import Any

from chat.claude.failures import FailureKind, failure, request_id_of
from chat.models import ApiCall, LanguageModel, Turn
from chat.operations.billing.budgets import Payer
from chat.operations.billing.paid_call import Outcome, PaidCall
from chat.providers.clients import sync_client
from chat.providers.upstream import UpstreamError, as_upstream_error


@dataclasses.dataclass(frozen=True, slots=True)
class SingleAnswer:
    """The upstream's message as plain JSON, and the id of the ledger row that paid for it."""

    message: dict[str, Any]
    call_id: int


def call_model(
    model: LanguageModel,
    request: dict[str, Any],
    *,
    purpose: str,
    door: str,
    payer: Payer | None = None,
    **references: Any,
) -> SingleAnswer:
    """Send `request` (keyword arguments of `messages.create` without model), settle its row and return the answer.

    `references` are columns of `ApiCall`, such as conversation_id and frame_digest.

    Raises:
        BudgetExceeded: a budget has less left than the call may cost; nothing was sent.
        ConnectionUnusable: the connection can't be used; nothing was sent.
        UpstreamError: the call failed; its row is settled, or deleted if nothing reached the upstream.
    """
    paid = PaidCall(
        key=f"{purpose}:{uuid.uuid4()}",
        model=model,
        request={**request, "model": model.model_id},
        purpose=purpose,
        door=door,
        prices=model.price_rows(),
        payer=payer or Payer(),
        references=references,
    )
    return _send(paid, lambda client: client.messages.with_raw_response.create(**paid.request))


def count_tokens(model: LanguageModel, messages: list[dict[str, Any]], *, key: str) -> int:
    """Return the number of tokens of a prompt, as the provider counts them.

    Counting is free. The ledger row, named `key`, records that the provider was asked.

    Raises:
        IntegrityError: a row with this key exists; nothing was sent.
        ConnectionUnusable, UpstreamError: the provider did not count.
    """
    paid = PaidCall(
        key=key,
        model=model,
        request={"model": model.model_id, "messages": messages},
        purpose=ApiCall.Purpose.COUNT,
        door=Turn.Door.JOB,
        prices=[],
    )
    counted = _send(paid, lambda client: client.messages.with_raw_response.count_tokens(**paid.request))
    return int(counted.message["input_tokens"])


def _send(paid: PaidCall, ask: Callable[[Any], Any]) -> SingleAnswer:
    with sync_client(paid.model.connection) as client:
        call_id = paid.open().call_id
        assert call_id is not None, "opening a call sets the id of its row"
        try:
            outcome = _outcome(ask, client)
        except UpstreamError as error:
            _close_failed(paid, error)
            raise
    paid.settle(paid.settlement(outcome, ApiCall.Status.SUCCEEDED))
    return SingleAnswer(dict(outcome.message), call_id)


def _outcome(ask: Callable[[Any], Any], client: Any) -> Outcome:
    try:
        answer = ask(client)
    except Exception as error:
        # Not "from error": the SDK's own message repeats what the upstream sent, which may contain a key.
        raise as_upstream_error(error) from None
    request_id = request_id_of(answer.headers)
    try:
        message = dict(answer.parse().to_dict(mode="json", warnings=False))
    except Exception as error:
        # The request was answered, so its row has to stay, though its answer can't be read.
        unread = failure(FailureKind.PROTOCOL, type(error).__name__, request_id=request_id)
        raise UpstreamError(unread) from None
    return Outcome(message=message, whole=True, request_id=request_id, http_status=answer.status_code)


def _close_failed(paid: PaidCall, error: UpstreamError) -> None:
    if not error.reached:
        paid.discard()
        return
    cause = error.failure
    outcome = Outcome(request_id=cause.request_id or "", http_status=cause.status)
    paid.settle(paid.settlement(outcome, ApiCall.Status.FAILED, code=cause.kind))
