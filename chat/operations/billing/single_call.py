"""Sends one paid call from synchronous code (a title, a connection test, a count) and waits for the whole answer."""

import dataclasses
import uuid
from collections.abc import Callable
from typing import Any

from chat.claude.billing.usage import whole_number
from chat.claude.content.blocks import generated_text
from chat.claude.encoding.exact_numbers import read_json
from chat.claude.encoding.text import clean_json
from chat.claude.failures.failure import FailureKind, failure, from_other_answer, request_id_of
from chat.models import ApiCall, LanguageModel, Turn
from chat.operations.billing.paid_call import Outcome, PaidCall
from chat.operations.billing.payer import Payer
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
    try:
        with sync_client(paid.model.connection) as client:
            call_id = paid.open().call_id
            outcome = _outcome(paid, ask, client)
    except UpstreamError as error:
        # Behind the client, which has removed the connection's secrets from the failure.
        _close_failed(paid, error)
        raise
    assert call_id is not None, "opening a call sets the id of its row"
    paid.settle(paid.settlement(outcome, ApiCall.Status.SUCCEEDED))
    return SingleAnswer(dict(outcome.message), call_id)


def _outcome(paid: PaidCall, ask: Callable[[Any], Any], client: Any) -> Outcome:
    try:
        answer = ask(client)
        body = answer.http_response.read()
    except Exception as error:
        # Not "from error": the SDK's own message repeats what the upstream sent, which may contain a key.
        raise as_upstream_error(error) from None
    request_id = request_id_of(answer.headers)
    message = _read_message(body, counts=paid.purpose == ApiCall.Purpose.COUNT, request_id=request_id)
    content = message.get("content")
    return Outcome(
        message=message,
        text=generated_text(content) if isinstance(content, list) else "",
        whole=True,
        request_id=request_id,
        http_status=answer.status_code,
    )


def _read_message(body: bytes, *, counts: bool, request_id: str) -> dict[str, Any]:
    """Return the message, or the count, that a body with status 200 holds.

    Raises:
        UpstreamError: it holds something else.
    """
    try:
        found = clean_json(read_json(body))
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        if counts and whole_number(found.get("input_tokens")) is not None:
            return {**found, "input_tokens": whole_number(found["input_tokens"])}
        if not counts and isinstance(found.get("content"), list) and "error" not in found:
            return found
    if _is_cut(body, found):
        # The request was answered, so its row has to stay, though its answer can't be read.
        raise UpstreamError(failure(FailureKind.PROTOCOL, "half an answer", request_id=request_id))
    raise UpstreamError(from_other_answer(body if found is None else found, request_id=request_id))


def _is_cut(body: bytes, found: Any) -> bool:
    """Return whether a body that can't be read begins as a message does: its rest was lost, and it may be billed."""
    return found is None and body.lstrip()[:1] == b"{"


def _close_failed(paid: PaidCall, error: UpstreamError) -> None:
    if not error.reached:
        paid.discard()
        return
    cause = error.failure
    outcome = Outcome(
        request_id=cause.request_id or "",
        http_status=cause.status,
        nothing_generated=cause.nothing_generated,
        unanswered=cause.unanswered,
    )
    paid.settle(paid.settlement(outcome, ApiCall.Status.FAILED, code=cause.kind))
