"""Testing a connection with one tiny real request, and the result in a sentence for staff."""

import time
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from chat.access import as_id
from chat.claude.failures import Failure, FailureKind
from chat.models import ApiCall, LanguageModel, ProviderConnection, Turn, User
from chat.operations.billing.budgets import BudgetExceeded, Payer
from chat.operations.billing.single_call import call_model
from chat.operations.errors import not_found
from chat.providers.clients import ConnectionUnusable
from chat.providers.upstream import UpstreamError

# One token of output is enough to check key, address, model and billing together.
REQUEST: dict[str, Any] = {"max_tokens": 1, "messages": [{"role": "user", "content": "Hello"}]}


@dataclass(frozen=True, slots=True)
class ConnectionTestResult:
    """The result of a test. `message` is for staff; `milliseconds` is None if no answer came."""

    ok: bool
    message: str
    milliseconds: int | None = None


def test_connection(*, connection_id: object, user: User) -> ConnectionTestResult:
    """Send one tiny request over a connection; it is in the ledger like any other call.

    Raises:
        OperationError: there is no such connection.
    """
    connection = ProviderConnection.objects.filter(id=as_id(connection_id)).first()
    if connection is None:
        raise not_found()
    models = connection.language_models.exclude(lifecycle="retired")
    model = models.order_by("-enabled", "order", "model_id").first()
    if model is None:
        return ConnectionTestResult(
            False, _("This connection has no model to test. Add one, or fetch the provider’s list.")
        )
    began = time.monotonic()
    try:
        called = call_model(
            model, REQUEST, purpose=ApiCall.Purpose.TEST, door=Turn.Door.JOB, payer=Payer(user.id)
        )
    except ConnectionUnusable as problem:
        return ConnectionTestResult(False, str(problem))
    except BudgetExceeded as refused:
        return ConnectionTestResult(False, refused.message)
    except UpstreamError as error:
        return ConnectionTestResult(False, _sentence(error.failure, model))
    milliseconds = round((time.monotonic() - began) * 1000)
    name = called.message.get("model") or model.model_id
    words = _("It works: %(model)s answered in %(milliseconds)d ms.")
    return ConnectionTestResult(True, words % {"model": name, "milliseconds": milliseconds}, milliseconds)


def _sentence(failure: Failure, model: LanguageModel) -> str:
    """Return what staff can do about a failure; the chat has other texts for the same failure."""
    advice = {
        FailureKind.AUTHENTICATION: _("The provider rejected the key. Check the credential."),
        FailureKind.PERMISSION: _("The key is valid, but it has no access to %(model)s."),
        FailureKind.BILLING: _("The provider reports a billing problem with this account."),
        FailureKind.SPEND_LIMIT: _("The spending limit of this account is reached."),
        FailureKind.RATE_LIMITED: _(
            "The provider is limiting this account right now. Try again in a moment."
        ),
        FailureKind.OVERLOADED: _("The provider is overloaded right now. Try again in a moment."),
        FailureKind.UNAVAILABLE: _("The provider has a problem right now. Try again later."),
        FailureKind.TIMEOUT: _("The provider did not answer in time. Check the address."),
        FailureKind.CONNECTION: _("Could not connect to this address. Check the base URL."),
        FailureKind.NOT_FOUND: _(
            "The address answers but does not know %(model)s. Check the base URL and the model id."
        ),
        FailureKind.INVALID_REQUEST: _("The provider rejected the request for %(model)s."),
    }.get(failure.kind, _("The response is not from a Messages API. Check the base URL."))
    status = _(" (HTTP %(status)d)") % {"status": failure.status} if failure.status else ""
    return advice % {"model": model.model_id} + status
