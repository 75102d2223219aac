"""One small synchronous call outside of a turn (a title, a connection test), with its row in the ledger."""

import dataclasses
import uuid
from typing import Any

from chat.claude.failures import request_id_of
from chat.models import ApiCall, LanguageModel
from chat.operations.ledger import (
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

    `references` are columns of `ApiCall`, such as user_id and conversation_id.

    Raises:
        ConnectionUnusable: the connection can't be used; nothing was sent.
        UpstreamError: the call failed; its row is settled, or removed if nothing reached the upstream.
    """
    with sync_client(model.connection) as client:
        call_id = open_call(
            key=f"{purpose}:{uuid.uuid4()}", model=model, purpose=purpose, door=door, **references
        )
        try:
            answer = client.messages.with_raw_response.create(model=model.model_id, **request)
            message = answer.parse().to_dict(mode="json", warnings=False)
        except Exception as error:
            failed = as_upstream_error(error)
            _settle_failed(call_id, failed)
            raise failed from None
    settle_call(
        call_id,
        Settlement(
            status=ApiCall.Status.SUCCEEDED,
            bill=bill_for_message(model.price_rows(), message, whole=True),
            upstream_request_id=request_id_of(answer.headers),
            http_status=answer.status_code,
            stop_reason=str(message.get("stop_reason") or ""),
        ),
    )
    return Called(dict(message), call_id)


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
