"""Content blocks that a person may send: texts and own files in their order, and nothing else."""

import uuid
from typing import Any

import pytest

from chat.models import Attachment, LanguageModel, Message, User
from chat.operations.conversations import message_input
from chat.operations.conversations.message_input import LONGEST_TEXT, MOST_BLOCKS, content_blocks
from chat.operations.conversations.path import ConversationPath
from chat.operations.errors import OperationError
from chat.operations.files.uploads import store_upload
from chat.operations.request.attachments import resolve_path
from chat.operations.turns.turn_request import AcceptedTurn
from tests import factories
from tests.support import media
from tests.support.turns import start_turn

pytestmark = pytest.mark.django_db


@pytest.fixture
def photo(insider: User) -> Attachment:
    return store_upload(owner=insider, name="a.png", data=media.picture())


@pytest.fixture
def notes(insider: User) -> Attachment:
    return store_upload(owner=insider, name="n.md", data=b"Grass is green.")


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def reference(file: object, kind: str = "image", **more: Any) -> dict[str, Any]:
    identifier = str(file.id) if isinstance(file, Attachment) else file
    return {"type": kind, "source": {"type": "attachment", "attachment": identifier}, **more}


def say(author: User, content: Any, **fields: Any) -> AcceptedTurn:
    return start_turn(author=author, client_id=uuid.uuid4(), content=content, **fields)


def refusal(author: User, content: Any, **fields: Any) -> OperationError:
    with pytest.raises(OperationError) as refused:
        say(author, content, **fields)
    assert refused.value.message
    assert not Message.objects.exists()
    return refused.value


def test_blocks_keep_their_order(
    insider: User, model: LanguageModel, photo: Attachment, notes: Attachment
) -> None:
    sent = [
        text("First this:"), reference(photo), text(" \n"), text("then\x00this:"), reference(notes, "document"),
        reference(photo),
    ]  # fmt: skip
    message = say(insider, sent).user_message
    message.refresh_from_db()
    picture, document = content_blocks([photo, notes])
    assert message.content == [text("First this:"), picture, text("then\ufffdthis:"), document, picture]
    assert message.text == "First this:\nthen\ufffdthis:"
    assert set(message.attachments.all()) == {photo, notes}
    [resolved] = resolve_path(ConversationPath.to(message.id), model)
    assert [block["type"] for block in resolved.content] == ["text", "image", "text", "document", "image"]
    assert resolved.content[3]["source"]["data"] == "Grass is green."


def test_stored_blocks_may_be_sent_again(insider: User, model: LanguageModel, notes: Attachment) -> None:
    stored = say(insider, [reference(notes, "document")]).user_message
    assert (stored.text, stored.content) == ("n.md", content_blocks([notes]))
    assert say(insider, stored.content).user_message.content == stored.content


def test_foreign_files_are_not_found(insider: User, outsider: User, model: LanguageModel) -> None:
    theirs = store_upload(owner=outsider, name="a.png", data=media.picture())
    told = [
        (error.code, error.status, error.message)
        for identifier in (str(theirs.id), str(uuid.uuid4()), str(theirs.id).upper(), "../1")
        for error in [refusal(insider, [text("See"), reference(identifier)])]
    ]
    assert {code for code, _status, _words in told} == {"not_found"}
    assert len(set(told)) == 1


@pytest.mark.parametrize(
    "block",
    [
        "Hello",
        None,
        ["text"],
        {},
        {"type": "text"},
        {"type": "text", "text": 5},
        {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}},
        {"type": "tool_result", "tool_use_id": "t", "content": "x"},
        {"type": "thinking", "thinking": "x", "signature": "x"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "x"}},
        {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
        {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
        {"type": "container_upload", "file_id": "file_1"},
        {"type": "image", "source": {"type": "attachment", "attachment": 5}},
        {"type": "image", "source": {"type": "attachment", "attachment": "x", "url": "https://example.org"}},
        {"type": "search_result", "source": "x", "title": "x", "content": []},
    ],
)
def test_other_blocks_are_refused_with_the_allowed_ones(insider: User, block: Any) -> None:
    refused = refusal(insider, [text("Hello"), block])
    assert (refused.code, refused.status) == ("invalid", 422)
    assert refused.message.startswith("Block 2 of content")
    assert '{"type": "attachment", "attachment": "<id>"}' in refused.message


def test_block_that_contradicts_its_file_is_refused(
    insider: User, photo: Attachment, notes: Attachment
) -> None:
    for block in (
        reference(photo, "document"),
        reference(notes),
        reference(notes, "document", title="other.md"),
        reference(photo, cache_control={"type": "ephemeral"}),
    ):
        refused = refusal(insider, [block])
        assert (refused.code, refused.status) == ("invalid", 422)
        assert block["source"]["attachment"] in refused.message


@pytest.mark.parametrize(
    ("content", "fields", "code"),
    [
        ([], {}, "empty"),
        ([text(""), text(" ")], {}, "empty"),
        ("Hello", {}, "invalid"),
        ([text("x")] * (MOST_BLOCKS + 1), {}, "invalid"),
        ([text("x")], {"text": "x"}, "invalid"),
        ([text("x")], {"attachments": []}, "invalid"),
        ([reference(str(uuid.UUID(int=number))) for number in range(101)], {}, "invalid"),
        ([text("x" * (LONGEST_TEXT // 2)), text("x" * (LONGEST_TEXT // 2 + 1))], {}, "too_long"),
    ],
)
def test_limits_are_those_of_a_text_with_files(
    insider: User, content: Any, fields: dict[str, Any], code: str
) -> None:
    assert refusal(insider, content, **fields).code == code


def test_texts_of_exactly_the_limit_are_accepted(
    insider: User, model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_input, "LONGEST_TEXT", 10)
    assert say(insider, [text("x" * 5), text("y" * 5)]).created
    assert say(factories.person("outsider"), None, text="x" * 10).created
