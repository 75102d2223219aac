"""Models over connections to upstreams of strangers, and whole turns that ask them in this process."""

import uuid
from typing import Any

from asgiref.sync import async_to_sync

from chat.engine.runtime import Engine
from chat.models import ApiCall, LanguageModel, Turn, User
from chat.models.ids import TurnId
from chat.operations.turns.turn_request import AcceptedTurn
from tests import factories
from tests.support.turns import start_turn
from tests.world.provider_stub import Stub

OF_MODEL = ("max_input_tokens", "max_output_tokens", "default_max_tokens", "min_cacheable_tokens", "prices")


def model_at(upstream: Stub | str, name: str = "claude-test", **fields: Any) -> LanguageModel:
    """Return a priced model over a connection to an upstream; `fields` are those of either row."""
    of_model = {key: fields.pop(key) for key in OF_MODEL if key in fields}
    url = upstream if isinstance(upstream, str) else upstream.url
    fields = {
        "base_url": url,
        "max_retries": 1,
        "name": f"{fields.get('kind', 'compatible')} {url}",
        **fields,
    }
    return factories.language_model(name, connection=factories.provider(**fields), **of_model)


def ask(
    model: LanguageModel | None = None, text: str = "How high?", author: User | None = None, **fields: Any
) -> Turn:
    """Run a whole turn in this process and return its row."""
    author = author or factories.person()
    fields = (
        fields
        if "conversation_id" in fields or "assistant_id" in fields
        else {"model_id": model and model.id, **fields}
    )
    accepted = start_turn(author=author, client_id=uuid.uuid4(), text=text, **fields)
    async_to_sync(_run)(accepted.turn.id, accepted)
    return _row(accepted.turn.id)


def run_again(turn: Turn) -> Turn:
    """Run a turn on that was queued again, and return its row."""
    async_to_sync(_run)(turn.id)
    return _row(turn.id)


def _row(turn_id: TurnId) -> Turn:
    return Turn.objects.select_related("conversation", "model__connection").get(id=turn_id)


def ended(turn: Turn) -> tuple[str, str]:
    return turn.status, turn.error_code or turn.stop_reason


def rows() -> list[tuple[str, str, str]]:
    """Return purpose, status and certainty of the ledger's rows."""
    found = ApiCall.objects.order_by("id").values_list("purpose", "status", "certainty")
    return [(purpose, status, certainty) for purpose, status, certainty in found]


async def _run(turn_id: TurnId, accepted: AcceptedTurn | None = None) -> None:
    engine = Engine()
    await engine.wake(turn_id, accepted)
    await engine.stop(60)
