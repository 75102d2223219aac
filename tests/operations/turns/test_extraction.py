"""Extraction: a turn in an archived conversation of its own, once per client id."""

import uuid
from typing import Any

import pytest

from chat.models import Conversation, Turn, User
from chat.operations.errors import OperationError
from chat.operations.turns.extraction import TASK
from tests import factories
from tests.support.turns import start_extraction

pytestmark = pytest.mark.django_db
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}}


@pytest.fixture(autouse=True)
def able(db: None) -> None:
    factories.language_model(capabilities={"structured_outputs": {"supported": True}})


def extraction(author: User, text: str = "Ada was here.", **fields: Any) -> Any:
    return start_extraction(
        author=author, **{"client_id": str(uuid.uuid4()), "text": text, "schema": SCHEMA, **fields}
    )


def test_an_extraction_is_an_archived_turn(insider: User) -> None:
    started = extraction(insider)
    chat = Conversation.objects.get()
    assert (chat.archived, chat.title, chat.title_status) == (True, "Extraction: Ada was here.", "done")
    assert started.turn.output_schema == SCHEMA
    assert started.user_message.text == f"{TASK}\n\n<text>\nAda was here.\n</text>"
    told = extraction(insider, instructions=" Only names. ").user_message.text
    assert told.startswith("Only names.\n\n<text>")


def test_the_same_client_id_is_the_same_extraction(insider: User) -> None:
    client = str(uuid.uuid4())
    first = extraction(insider, client_id=client)
    again = extraction(insider, client_id=client)
    assert (again.turn, again.created) == (first.turn, False)
    assert (Conversation.objects.count(), Turn.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("fields", "code"), [({"text": "  "}, "empty"), ({"schema": {"type": "thing"}}, "invalid_schema")]
)
def test_refused_extraction_leaves_no_rows(insider: User, fields: dict[str, Any], code: str) -> None:
    with pytest.raises(OperationError, match=code):
        extraction(insider, **fields)
    assert not Conversation.objects.exists()
