"""The exact JSON of a conversation."""

import io
import json

import pytest

from chat.models import User
from chat.operations.exports.exact_json import write_exact_json
from tests import factories


@pytest.mark.django_db
def test_every_branch_is_written(insider: User) -> None:
    chat = factories.conversation(insider, "Hello?", "Yes.", title="한국어 “title”")
    factories.message(chat, chat.messages.get(depth=0), "Another answer", role="assistant")
    target = io.BytesIO()
    write_exact_json(chat, target)
    told = json.loads(target.getvalue())
    assert told["conversation"]["title"] == chat.title
    first, *answers = told["messages"]
    assert (first["parent"], first["content"]) == (None, [{"type": "text", "text": "Hello?"}])
    assert {answer["parent"] for answer in answers} == {first["id"]}
    empty = io.BytesIO()
    write_exact_json(factories.conversation(insider), empty)
    assert json.loads(empty.getvalue())["messages"] == []
