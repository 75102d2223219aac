"""Attachments in messages: references in stored content, sources in requests, and limits."""

import base64
import uuid
from typing import Any

import pytest

from chat.claude.content.blocks import Block
from chat.models import Attachment, LanguageModel, Message, ProviderConnection, User
from chat.operations.conversations.message_input import chosen_attachments, content_blocks
from chat.operations.conversations.path import ConversationPath
from chat.operations.conversations.thread import read_thread
from chat.operations.errors import OperationError
from chat.operations.files import storage
from chat.operations.files.uploads import store_upload
from chat.operations.request import build
from chat.operations.request.attachment_limits import check_sendable
from chat.operations.request.attachments import (
    cited_document,
    documents_on,
    resolve,
    resolve_path,
)
from chat.operations.turns import claim
from chat.operations.turns.stop import stop_turn
from chat.operations.turns.turn_request import AcceptedTurn
from tests import factories
from tests.support import media
from tests.support.deletion import delete_for_good
from tests.support.refusals import refusal_code
from tests.support.turns import retry_turn, start_turn

pytestmark = pytest.mark.django_db
NO = {"supported": False}


def upload(owner: User, name: str, data: bytes | None = None) -> Attachment:
    return store_upload(owner=owner, name=name, data=data or media.picture("PNG", (60, 40)))


def start(author: User, *files: Attachment, text: Any = "Look", **fields: Any) -> AcceptedTurn:
    wanted = [str(file.id) for file in files]
    return start_turn(author=author, client_id=uuid.uuid4(), text=text, attachments=wanted, **fields)


def follow(author: User, before: AcceptedTurn, *files: Attachment, **fields: Any) -> AcceptedTurn:
    stop_turn(user=author, turn_id=before.turn.id)
    return start(author, *files, conversation_id=before.turn.conversation_id, **fields)


def sent(message: Message, model: LanguageModel, frame: Any = None) -> list[Block]:
    return [
        block for one in resolve_path(ConversationPath.to(message.id), model, frame) for block in one.content
    ]


def able(**abilities: Any) -> LanguageModel:
    return factories.language_model(f"claude-{uuid.uuid4().hex[:8]}", capabilities=abilities)


def test_a_message_refers_to_its_files_before_its_text(insider: User, model: LanguageModel) -> None:
    photo, notes = upload(insider, "a.png"), upload(insider, "n.md", b"Grass is green.")
    message = start(insider, photo, notes, text="What is this?").user_message
    assert message.content == [
        {"type": "image", "source": {"type": "attachment", "attachment": str(photo.id)}},
        {
            "type": "document",
            "source": {"type": "attachment", "attachment": str(notes.id)},
            "title": "n.md",
            "citations": {"enabled": True},
        },
        {"type": "text", "text": "What is this?"},
    ]
    assert set(message.attachments.all()) == {photo, notes}
    assert read_thread(message.conversation).files == {
        message.id: {str(photo.id): photo, str(notes.id): notes}
    }


@pytest.mark.parametrize("text", ["", "  ", None])
def test_files_need_no_text(insider: User, model: LanguageModel, text: str | None) -> None:
    started = start(insider, upload(insider, "a.png"), upload(insider, "b.png"), text=text)
    assert [block["type"] for block in started.user_message.content] == ["image", "image"]
    assert started.user_message.text == started.turn.conversation.title == "a.png, b.png"
    assert refusal_code(start, insider, text="") == "empty"
    assert refusal_code(start, insider, text=None) == "invalid"


def test_only_own_files_can_be_attached(insider: User, outsider: User, model: LanguageModel) -> None:
    mine, theirs = upload(insider, "a.png"), upload(outsider, "b.png")
    assert chosen_attachments(insider, None) == []
    assert chosen_attachments(insider, [str(mine.id), str(mine.id)]) == [mine]
    for foreign in (str(theirs.id), str(uuid.uuid4()), "nothing", str(mine.id).upper(), mine.id.hex):
        assert refusal_code(
            start_turn, author=insider, client_id=uuid.uuid4(), text="x", attachments=[foreign]
        ) == ("not_found")
    for wrong in ("text", [1], {"a": 1}, [str(mine.id)] * 101):
        assert refusal_code(chosen_attachments, insider, wrong) == "invalid"
    assert not Message.objects.exists()
    outsider.is_active = False
    assert refusal_code(chosen_attachments, outsider, [str(theirs.id)]) == "not_found"


def test_a_restricted_pdf_is_sent_without_encryption(insider: User, model: LanguageModel) -> None:
    paper = upload(insider, "contract.pdf", media.pdf("One", restrict=True))
    pdf, _said = sent(start(insider, paper).user_message, model)
    data = base64.b64decode(pdf["source"]["data"])
    assert data.startswith(b"%PDF-")
    assert b"/Encrypt" not in data
    assert paper.sent is not None
    assert data == storage.read_stored(paper.sent)


def test_requests_carry_the_same_bytes_each_time(insider: User, model: LanguageModel) -> None:
    photo, notes = upload(insider, "a.png"), upload(insider, "n.md", b"Grass is green.")
    paper = upload(insider, "p.pdf", media.pdf("One"))
    message = start(insider, photo, notes, paper).user_message
    image, text, pdf, said = sent(message, model)
    assert photo.sent is not None
    data = base64.b64encode(storage.read_stored(photo.sent)).decode()
    assert image == {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}
    assert text["source"] == {"type": "text", "media_type": "text/plain", "data": "Grass is green."}
    assert text["title"] == "n.md"
    assert text["citations"] == pdf["citations"] == {"enabled": True}
    assert pdf["source"]["media_type"] == "application/pdf"
    assert base64.b64decode(pdf["source"]["data"]) == media.pdf("One")
    assert said == {"type": "text", "text": "Look"}
    assert sent(message, model) == [image, text, pdf, said]
    message.refresh_from_db()
    assert message.content[0]["source"]["type"] == "attachment"


def test_engine_sends_attachments(insider: User, model: LanguageModel) -> None:
    started = start(insider, upload(insider, "n.md", b"Grass is green."))
    running = claim.claim_turn(started.turn.id, "host:1:aa")
    assert running is not None
    content = build.request_for(running)["messages"][0]["content"]
    assert content[0]["source"]["data"] == "Grass is green."


def test_path_without_files_is_unchanged(insider: User, model: LanguageModel) -> None:
    path = ConversationPath.to(start(insider).user_message.id)
    assert resolve_path(path, model) == list(path.messages)


def test_unattached_id_reads_no_file(insider: User, model: LanguageModel) -> None:
    photo, other = upload(insider, "a.png"), upload(insider, "b.txt", b"secret")
    message = start(insider, photo).user_message
    forged = content_blocks([other])
    message.content = [*message.content, *forged, {"type": "text", "text": str(other.id)}]
    message.save()
    assert "secret" not in str(sent(message, model))
    assert sent(message, model)[2] == {
        "type": "text",
        "text": "A file that was here is not available any more.",
    }
    assert documents_on(ConversationPath.to(message.id)) == []


def test_unsupported_files_are_refused_with_a_message(insider: User) -> None:
    able()
    photo, paper = upload(insider, "a.png"), upload(insider, "p.pdf", media.pdf("One"))
    notes = upload(insider, "n.md", b"Grass is green.")
    message = start(insider, photo, paper, notes).user_message
    blind = able(image_input=NO, pdf_input=False, citations=NO)
    image, pdf, text, _said = sent(message, blind)
    assert image["text"] == 'The file "a.png" was here; this model can\'t read such files.'
    assert "p.pdf" in pdf["text"]
    assert text == {"type": "text", "text": '<document title="n.md">\nGrass is green.\n</document>'}
    seeing = able(citations=NO, pdf_input={"supported": True})
    assert sent(message, seeing)[1]["citations"] == {"enabled": False}


def test_citations_give_way_to_an_answer_format(insider: User, model: LanguageModel) -> None:
    message = start(insider, upload(insider, "n.md", b"Grass is green.")).user_message
    frame = {"output_config": {"format": {"type": "json_schema", "schema": {}}}}
    assert sent(message, model, frame)[0]["citations"] == {"enabled": False}
    assert sent(message, model, {"output_config": {"effort": "low"}})[0]["citations"] == {"enabled": True}


def test_lost_file_becomes_a_text(insider: User, model: LanguageModel) -> None:
    photo = upload(insider, "a.png")
    message = start(insider, photo).user_message
    assert photo.sent is not None
    storage.default_storage.delete(photo.sent.path)
    assert sent(message, model)[0]["text"] == 'The file "a.png" that was here is not available any more.'


def test_older_models_get_smaller_pictures(insider: User, model: LanguageModel) -> None:
    photo = upload(insider, "a.jpg", media.picture("JPEG", (2400, 300)))
    logo = upload(insider, "b.png", media.picture("PNG", (2400, 300)))
    older = able(image_input={"supported": True, "side_pixels": 1568})
    assert (older.supports.image_side_pixels, model.supports.image_side_pixels) == (1568, 2576)
    files = {str(one.id): one for one in (photo, logo)}
    blocks = content_blocks([photo, logo])
    large, small = resolve(blocks, model, files), resolve(blocks, older, files)
    for before, after in zip(large, small, strict=True):
        assert len(after["source"]["data"]) < len(before["source"]["data"])
        assert after["source"]["media_type"] == before["source"]["media_type"]
    assert resolve(blocks, older, files) == small
    photo.width = None
    assert resolve(content_blocks([photo]), older, files) == large[:1]


def test_many_pictures_are_sent_smaller_from_that_message_on(insider: User, model: LanguageModel) -> None:
    large = upload(insider, "large.png", media.picture("PNG", (2400, 30)))
    assert large.sent is not None
    others = [upload(insider, f"{number}.png") for number in range(20)]
    first = start(insider, *others)
    many = follow(insider, first, large)
    data = [block["source"]["data"] for block in sent(many.user_message, model) if block["type"] == "image"]
    assert len(data) == 21
    assert len(base64.b64decode(data[-1])) < large.sent.size_bytes
    beginning = start(insider, large)
    early = sent(beginning.user_message, model)
    refused = refusal_code(follow, insider, beginning, *others)
    assert refused == "pictures_too_large"
    assert sent(beginning.user_message, model) == early


@pytest.mark.parametrize(
    ("kind", "most_mb"),
    [
        ("anthropic", 23),
        ("aws", 23),
        ("bedrock", 14),
        ("bedrock_mantle", 14),
        ("vertex", 21),
        ("google_cloud", 21),
        ("foundry", 23),
    ],
)
def test_files_beyond_platform_limits_are_refused(
    insider: User, model: LanguageModel, kind: str, most_mb: int
) -> None:
    """In base64 and with what a request holds besides: 32, 20 or 30 MB."""
    paper = upload(insider, "p.pdf", media.pdf("One"))
    message = start(insider, paper).user_message
    connection = ProviderConnection.objects.create(name=kind, kind=kind)
    there = factories.language_model(connection=connection)
    for size_mb in (most_mb, most_mb + 1):
        paper.original.size_bytes = size_mb * 1_000_000
        paper.original.save()
        if size_mb == most_mb:
            check_sendable(ConversationPath.to(message.id), there)
    assert refusal_code(check_sendable, ConversationPath.to(message.id), there) == "too_large"


def test_too_many_files_are_refused_unwritten(insider: User, model: LanguageModel) -> None:
    paper, photo = upload(insider, "p.pdf", media.pdf(kids=51)), upload(insider, "a.png")
    notes = upload(insider, "n.md", b"word " * 1000)
    first = start(insider, paper, photo, notes)
    assert refusal_code(follow, insider, first, paper) == "too_many_pages"
    first.user_message.content = content_blocks([photo] * 100)
    first.user_message.save()
    assert refusal_code(follow, insider, first, photo) == "too_many_pictures"
    assert Message.objects.count() == 1


def test_model_without_vision_refuses_only_new_pictures(insider: User, model: LanguageModel) -> None:
    photo, paper = upload(insider, "a.png"), upload(insider, "p.pdf", media.pdf("One"))
    first = start(insider, photo, paper, model_id=model.model_id)
    blind = able(image_input=NO, pdf_input=NO)
    assert refusal_code(follow, insider, first, photo, model_id=blind.model_id) == "pictures_unsupported"
    assert refusal_code(start, insider, paper, model_id=blind.model_id) == "documents_unsupported"
    spoken = follow(insider, first, model_id=blind.model_id)
    stop_turn(user=insider, turn_id=spoken.turn.id)
    assert spoken.user_message.parent == first.user_message
    stop_turn(user=insider, turn_id=first.turn.id)
    again = {"author": insider, "client_id": uuid.uuid4(), "turn_id": first.turn.id}
    assert refusal_code(retry_turn, **again, model_id=blind.model_id) == "pictures_unsupported"


def test_a_model_that_reads_the_files_is_named(insider: User, model: LanguageModel) -> None:
    photo, paper = upload(insider, "a.png"), upload(insider, "p.pdf", media.pdf("One"))
    blind, _without_papers = able(image_input=NO), able(pdf_input=NO)
    with pytest.raises(OperationError) as refused:
        start(insider, photo, paper, model_id=blind.model_id)
    assert refused.value.fields == {"instead": {"model": str(model.id), "name": model.display_name}}
    model.enabled = False
    model.save()
    with pytest.raises(OperationError) as refused:
        start(insider, photo, paper, model_id=blind.model_id)
    assert refused.value.fields == {}


def test_citations_name_their_document(insider: User, model: LanguageModel) -> None:
    photo = upload(insider, "a.png")
    one, two = upload(insider, "1.md", b"One"), upload(insider, "2.md", b"Two")
    first = start(insider, photo, one)
    answer = factories.message(first.turn.conversation, first.user_message, "Yes", role="assistant")
    later = factories.message(first.turn.conversation, answer, "And?", content=content_blocks([two]))
    later.attachments.add(two)
    last = factories.message(first.turn.conversation, later, "Also", role="assistant")
    assert cited_document(answer, 0, "1.md") == one
    assert cited_document(last, 1, "2.md") == cited_document(last, 1, "") == two
    assert cited_document(last, 0, "2.md") == cited_document(last, -1, "2.md") == two
    assert cited_document(answer, 1, "2.md") is None
    assert cited_document(answer, -1, "") is None


def test_deleted_conversation_removes_its_links(insider: User, model: LanguageModel) -> None:
    photo = upload(insider, "a.png")
    started = start(insider, photo)
    stop_turn(user=insider, turn_id=started.turn.id)
    delete_for_good(started.turn.conversation)
    assert not Message.objects.exists()
    assert not photo.messages.exists()
