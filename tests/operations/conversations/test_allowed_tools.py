"""The tools that were allowed for a conversation, and taking that back."""

import pytest

from chat.models import Conversation, ToolDefinition, User
from chat.operations.conversations.allowed_tools import allowed_tools, ask_again
from tests import factories
from tests.support.refusals import refusal_code

pytestmark = pytest.mark.django_db


@pytest.fixture
def chat(insider: User) -> Conversation:
    """The insider's conversation, in which mail, a deleted tool and weather are allowed."""
    tools = [factories.tool(name) for name in ("mail", "gone", "weather")]
    made = factories.conversation(insider, allowed_tools=[str(tool.id) for tool in tools])
    tools[1].delete()
    return made


def names(chat: Conversation) -> list[str]:
    chat.refresh_from_db()
    return [tool.name for tool in allowed_tools(chat)]


def test_tools_stand_in_the_order_they_were_allowed(chat: Conversation) -> None:
    assert names(chat) == ["mail", "weather"]


def test_a_tool_asks_again(chat: Conversation, insider: User) -> None:
    mail = ToolDefinition.objects.get(name="mail")
    for _ in range(2):
        ask_again(user=insider, conversation_id=chat.id, tool_id=mail.id)
        assert names(chat) == ["weather"]


@pytest.mark.parametrize("tool_id", ["", "not-an-id", None, "00000000-0000-7000-8000-000000000000"])
def test_an_unknown_tool_changes_nothing(chat: Conversation, insider: User, tool_id: object) -> None:
    ask_again(user=insider, conversation_id=chat.id, tool_id=tool_id)
    assert names(chat) == ["mail", "weather"]


def test_only_the_owner_takes_it_back(chat: Conversation, outsider: User) -> None:
    mail = ToolDefinition.objects.get(name="mail")
    assert refusal_code(ask_again, user=outsider, conversation_id=chat.id, tool_id=mail.id) == "not_found"
    assert names(chat) == ["mail", "weather"]
