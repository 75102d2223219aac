"""What a person may see or do. Denial hides existence: a row of another person is not found."""

import uuid
from collections.abc import Mapping
from typing import Any, TypeAlias

from django.db.models import QuerySet

from chat.models import (
    Assistant,
    Attachment,
    Conversation,
    LanguageModel,
    McpServer,
    Message,
    SavedPrompt,
    ToolCall,
    Turn,
    User,
)
from chat.models.attachments import AttachmentQuerySet
from chat.models.conversations import ConversationQuerySet
from chat.models.ids import UserId
from chat.models.saved_prompts import SavedPromptQuerySet

NO_ROW = uuid.UUID(int=0)
# Ids of groups, "staff" and "superuser".
Rights: TypeAlias = frozenset[Any]
NO_RIGHTS: Rights = frozenset()


def as_id(value: object) -> uuid.UUID:
    """Return the identifier if it is in canonical form; for anything else one that no row has."""
    try:
        identifier = uuid.UUID(str(value))
    except ValueError:
        return NO_ROW
    return identifier if str(identifier) == str(value) else NO_ROW


def conversations(user: User) -> ConversationQuerySet:
    return Conversation.objects.of(user)


def find_conversation(user: User, conversation_id: object) -> Conversation | None:
    """Return the conversation if this person may see it."""
    if not user.is_active:
        return None
    return (
        conversations(user)
        .filter(id=as_id(conversation_id))
        .select_related("model__connection", "assistant", "owner", "forked_from")
        .first()
    )


def find_turn(user: User, turn_id: object) -> Turn | None:
    """Return the turn if this person may see its conversation."""
    if not user.is_active:
        return None
    return (
        Turn.objects.filter(id=as_id(turn_id), conversation__owner=user)
        .select_related("conversation__owner")
        .first()
    )


def find_tool_call(user: User, tool_call_id: object) -> ToolCall | None:
    """Return the tool call if its conversation is this person's own: only the owner sees it and decides about it."""
    if not user.is_active:
        return None
    own = ToolCall.objects.filter(id=as_id(tool_call_id), turn__conversation__owner=user)
    return own.select_related("turn", "tool").first()


def find_message(user: User, message_id: object) -> Message | None:
    """Return the message if this person may see its conversation."""
    if not user.is_active:
        return None
    return (
        Message.objects.filter(id=as_id(message_id), conversation__owner=user).select_related("turn").first()
    )


def attachments(user: User) -> AttachmentQuerySet:
    """Return the files that this person may see and send: their own."""
    if not user.is_active:
        return Attachment.objects.none()
    return Attachment.objects.of(user).select_related("original", "sent", "thumbnail")


def find_attachment(user: User, attachment_id: object) -> Attachment | None:
    return attachments(user).filter(id=as_id(attachment_id)).first()


def models(user: User) -> QuerySet[LanguageModel]:
    """Return the models that this person may choose, best first."""
    if not user.is_active:
        return LanguageModel.objects.none()
    return LanguageModel.objects.usable().select_related("connection").by_preference()


def assistants(user: User) -> QuerySet[Assistant]:
    """Return the assistants offered to this person, in staff's order."""
    if not user.is_active:
        return Assistant.objects.none()
    return Assistant.objects.offered_to(user).select_related("model__connection", "prompt").by_preference()


def saved_prompts(user: User) -> SavedPromptQuerySet:
    """Return the prompts that this person may insert: their own, their groups', and staff's."""
    if not user.is_active:
        return SavedPrompt.objects.none()
    return SavedPrompt.objects.offered_to(user).select_related("owner").by_command()


def find_saved_prompt(user: User, prompt_id: object) -> SavedPrompt | None:
    """Return the prompt if this person may insert it."""
    return saved_prompts(user).filter(id=as_id(prompt_id)).first()


def find_own_saved_prompt(user: User, prompt_id: object) -> SavedPrompt | None:
    """Return the prompt if this person may change it: only its owner may; staff's are changed in the admin."""
    return saved_prompts(user).filter(id=as_id(prompt_id), owner=user).first()


def find_mcp_server(user: User, name: str) -> McpServer | None:
    """Return a server where this person may sign in: its tools are offered to them, or they may change it."""
    if not user.is_active:
        return None
    servers = McpServer.objects.filter(name=name, enabled=True, auth=McpServer.Auth.OAUTH)
    if not user.has_perm("chat.change_mcpserver"):
        servers = servers.filter(tools__enabled=True, tools__assistant_links__assistant__in=assistants(user))
    return servers.distinct().first()


def rights(people: Mapping[UserId, User]) -> dict[UserId, Rights]:
    """Return the groups and roles of each of these people, as their rows say now (1 query for the groups)."""
    found: dict[UserId, set[Any]] = {
        pk: {role for role in ("staff", "superuser") if getattr(person, f"is_{role}")}
        for pk, person in people.items()
    }
    memberships = User.groups.through.objects.filter(user__in=people)
    for pk, group in memberships.values_list("user_id", "group_id"):
        found[pk].add(group)
    return {pk: frozenset(those) for pk, those in found.items()}
