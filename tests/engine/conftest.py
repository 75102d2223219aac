"""A turn that somebody runs."""

import uuid

import pytest

from chat.claude.request import FrameSpec
from chat.models import Conversation, Frame, LanguageModel, Message, ProviderConnection, Turn, User
from chat.operations.turns import claim


@pytest.fixture
def turn(db: None) -> Turn:
    """A turn claimed by "owner", under the fence 1."""
    owner = User.objects.create_user("insider@example.test", "a-long-password")
    connection = ProviderConnection.objects.create(
        name="Loopback", kind="compatible", base_url="http://127.0.0.1:9", credential="x"
    )
    model = LanguageModel.objects.create(connection=connection, model_id="m", display_name="M")
    conversation = Conversation.objects.create(owner=owner)
    message = Message.objects.create(conversation=conversation, role="user", content=[], text="hi")
    spec = FrameSpec(model="m")
    frame = Frame.objects.create(digest=spec.digest(), body=spec.body())
    made = Turn.objects.create(
        conversation=conversation,
        author=owner,
        client_id=uuid.uuid4(),
        user_message=message,
        model=model,
        frame=frame,
        max_tokens=10,
    )
    assert claim.claim(made.id, "owner") is not None
    return made
