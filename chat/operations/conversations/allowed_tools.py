"""The tools that ask for approval and that their owner has allowed for the rest of a conversation."""

from django.db import transaction

from chat import access
from chat.models import Conversation, ToolDefinition, User
from chat.operations.errors import not_found


def allowed_tools(conversation: Conversation) -> list[ToolDefinition]:
    """Return the tools that run in this conversation without asking, in the order in which they were allowed."""
    tools = ToolDefinition.objects.in_bulk([access.as_id(one) for one in conversation.allowed_tools])
    found = (tools.get(access.as_id(one)) for one in conversation.allowed_tools)
    return [tool for tool in found if tool is not None]


def ask_again(*, user: User, conversation_id: object, tool_id: object) -> Conversation:
    """Let a tool ask for approval again from its next call on. A tool that is not allowed changes nothing.

    Raises:
        OperationError: not_found (the conversation).
    """
    with transaction.atomic():
        own = access.reachable_conversations(user).select_for_update(of=("self",))
        conversation = own.filter(id=access.as_id(conversation_id)).first()
        if conversation is None:
            raise not_found()
        conversation.allowed_tools = [one for one in conversation.allowed_tools if one != str(tool_id)]
        conversation.save(update_fields=["allowed_tools"])
    return conversation
