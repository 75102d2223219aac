"""Pictures of tools in requests: they count with attached ones and become text where there is no space."""

import base64
import uuid
from typing import Any

import pytest

from chat.claude.content.blocks import Block, tool_pictures
from chat.models import Attachment, LanguageModel, Message, ProviderConnection, Turn, User
from chat.operations.conversations.message_input import content_blocks
from chat.operations.conversations.path import ConversationPath
from chat.operations.errors import OperationError
from chat.operations.files.uploads import store_upload
from chat.operations.request import attachment_limits
from chat.operations.request.attachment_limits import check_sendable, could_take
from chat.operations.request.attachments import resolve_path
from chat.operations.turns import claim, tool_rounds
from chat.operations.turns.failover import same_model_elsewhere
from tests import factories
from tests.support import media
from tests.support.turns import start_turn

pytestmark = pytest.mark.django_db
DATA = base64.b64encode(media.picture("PNG", (5, 5))).decode()
PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": DATA}}


def upload(owner: User, name: str, data: bytes) -> Attachment:
    return store_upload(owner=owner, name=name, data=data)


def running_turn(author: User, *files: Attachment) -> Turn:
    wanted = [str(file.id) for file in files]
    started = start_turn(author=author, client_id=uuid.uuid4(), text="Draw", attachments=wanted)
    running = claim.claim_turn(started.turn.id, "host:1:aa")
    assert running is not None
    return running.turn


def results(turn: Turn, pictures: int) -> Message:
    """Write the results of one call that gave so many pictures, behind the turn's last message."""
    answer = turn.messages.filter(role="assistant").order_by("-depth").first()
    assert answer is not None
    factories.tool_call(turn, "done", result=[PICTURE] * pictures)
    made = tool_rounds.write_results(turn, answer)
    assert made is not None
    return made


def said(message: Message) -> list[str]:
    return [block["text"] for block in message.content[0]["content"] if block["type"] == "text"]


def test_result_gets_only_the_remaining_pictures(insider: User, model: LanguageModel) -> None:
    large = upload(insider, "large.png", media.picture("PNG", (2400, 30)))
    turn = running_turn(insider, large)
    message = results(turn, 30)
    assert len(tool_pictures(message.content)) == 19, "none of more than 20 may be so large"
    assert said(message) == ["[a picture for which this conversation has no place any more]"] * 11
    assert len(tool_pictures(results(running_turn(insider), 101).content)) == 100
    text = factories.message(turn.conversation, message, "Thanks")
    check_sendable(ConversationPath.to(text.id), model)


def test_request_size_is_limited(
    insider: User, model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachment_limits, "_RESERVED_BYTES", 32_000_000 - 1_000)
    kept = len(tool_pictures(results(running_turn(insider), 10).content))
    assert 0 < kept < 10


def test_deleted_model_sets_no_limits(insider: User, model: LanguageModel) -> None:
    turn = running_turn(insider)
    turn.model = None
    assert len(tool_pictures(results(turn, 150).content)) == 150


def test_attached_pictures_shrink_among_many_tool_pictures(insider: User, model: LanguageModel) -> None:
    turn = running_turn(insider)
    message = results(turn, 20)
    large = upload(insider, "large.png", media.picture("PNG", (2400, 30)))
    after = factories.message(turn.conversation, message, "And?", content=content_blocks([large]))
    after.attachments.add(large)
    check_sendable(ConversationPath.to(after.id), model)
    assert large.sent is not None
    data = resolve_path(ConversationPath.to(after.id), model)[-1].content[0]["source"]["data"]
    assert len(base64.b64decode(data)) < large.sent.size_bytes


def test_model_without_vision_gets_text_for_pictures(insider: User, model: LanguageModel) -> None:
    blind = factories.language_model("blind", capabilities={"image_input": {"supported": False}})
    message = results(running_turn(insider), 2)
    words = {"type": "text", "text": "A picture was here; this model can't see any."}
    assert resolve_path(ConversationPath((message,)), blind)[0].content[0]["content"] == [words, words]
    assert resolve_path(ConversationPath((message,)), model) == [message]
    assert len(tool_pictures(message.content)) == 2, "another model sees them again"


def elsewhere(kind: str, model: LanguageModel, **fields: Any) -> LanguageModel:
    connection = ProviderConnection.objects.create(
        name=kind, kind=kind, order=200, credential="k", region="us-east-1", project="p"
    )
    return factories.language_model(model.model_id, connection=connection, prices={}, **fields)


def test_failover_requires_support_of_the_turns_files(insider: User, model: LanguageModel) -> None:
    LanguageModel.objects.update(max_input_tokens=1_000_000)
    model.refresh_from_db()
    paper = upload(insider, "p.pdf", media.pdf("One"))
    turn = running_turn(insider, paper)
    bedrock, aws = elsewhere("bedrock", model), elsewhere("anthropic", model, max_input_tokens=1_000_000)
    assert could_take(turn, bedrock)
    paper.original.size_bytes = 16_000_000
    paper.original.save()
    assert could_take(turn, aws)
    assert not could_take(turn, bedrock), "20 MB there"
    ProviderConnection.objects.filter(id=bedrock.connection_id).update(order=1)
    assert same_model_elsewhere(turn, {model.id}) == aws
    Attachment.objects.update(pages=300)
    assert could_take(turn, aws)
    aws.max_input_tokens = 200_000
    assert not could_take(turn, aws), "100 pages there"


def test_model_without_vision_is_no_failover_for_pictures(insider: User, model: LanguageModel) -> None:
    turn = running_turn(insider, upload(insider, "a.png", media.picture()))
    blind = factories.language_model("blind", capabilities={"image_input": {"supported": False}})
    assert not could_take(turn, blind)
    assert could_take(turn, model)


def test_tool_pictures_count_without_attachments(insider: User, model: LanguageModel) -> None:
    turn = running_turn(insider)
    message = results(turn, 1)
    Message.objects.filter(id=message.id).update(content=[_result(101)])
    after = factories.message(turn.conversation, Message.objects.get(id=message.id), "And?")
    with pytest.raises(OperationError, match="too_many_pictures"):
        check_sendable(ConversationPath.to(after.id), model)


def _result(pictures: int) -> Block:
    return {"type": "tool_result", "tool_use_id": "toolu_1", "content": [PICTURE] * pictures}
