"""Testing a connection with one tiny real request, and the result in a sentence for staff."""

import time
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from chat.access import as_id
from chat.models import ApiCall, ProviderConnection, Turn, User
from chat.operations.billing.budgets import BudgetExceeded
from chat.operations.billing.payer import Payer
from chat.operations.billing.single_call import call_model
from chat.operations.catalogue.advice import staff_advice
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
        return ConnectionTestResult(False, staff_advice(error.failure, model.model_id))
    milliseconds = round((time.monotonic() - began) * 1000)
    name = called.message.get("model") or model.model_id
    words = _("It works: %(model)s answered in %(milliseconds)d ms.")
    return ConnectionTestResult(True, words % {"model": name, "milliseconds": milliseconds}, milliseconds)
