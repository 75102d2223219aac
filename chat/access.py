"""What a person may see or do. Denial hides existence: a row of another person is not found."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from django.db.models import Q, QuerySet

from chat.models import (
    Assistant,
    Attachment,
    Conversation,
    Import,
    LanguageModel,
    McpServer,
    Message,
    Project,
    SavedPrompt,
    Share,
    ToolCall,
    Turn,
    User,
    Workspace,
)
from chat.models.accounts.saved_prompts import SavedPromptQuerySet
from chat.models.ids import UserId
from chat.models.projects import ProjectQuerySet
from chat.models.transcript.attachments import AttachmentQuerySet
from chat.models.transcript.conversations import ConversationQuerySet, living

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
    """Return what lists, searches and exports of this person hold: no temporary conversation, and none deleted."""
    return Conversation.objects.of(user).listed()


def reachable_conversations(user: User) -> ConversationQuerySet:
    """Return the conversations that this person reaches by their id: temporary ones too."""
    return Conversation.objects.of(user).living()


def deleted_conversations(user: User) -> ConversationQuerySet:
    """Return the conversations that this person has deleted and can still restore."""
    if not user.is_active:
        return Conversation.objects.none()
    return Conversation.objects.of(user).restorable()


def find_conversation(user: User, conversation_id: object) -> Conversation | None:
    """Return the conversation if this person may see it."""
    if not user.is_active:
        return None
    return reachable_conversations(user).filter(id=as_id(conversation_id)).first()


def find_turn(user: User, turn_id: object) -> Turn | None:
    """Return the turn if this person may see its conversation."""
    if not user.is_active:
        return None
    return (
        Turn.objects.filter(living("conversation__"), id=as_id(turn_id), conversation__owner=user)
        .select_related("conversation__owner")
        .first()
    )


def find_tool_call(user: User, tool_call_id: object) -> ToolCall | None:
    """Return the tool call if its conversation is this person's own: only the owner sees it and decides about it."""
    if not user.is_active:
        return None
    own = ToolCall.objects.filter(turn__conversation__owner=user).filter(living("turn__conversation__"))
    return own.filter(id=as_id(tool_call_id)).select_related("turn", "tool").first()


def find_message(user: User, message_id: object) -> Message | None:
    """Return the message if this person may see its conversation."""
    if not user.is_active:
        return None
    own = Message.objects.filter(living("conversation__"), conversation__owner=user)
    return own.filter(id=as_id(message_id)).select_related("turn").first()


def attachments(user: User) -> AttachmentQuerySet:
    """Return the files that this person may see and send: their own."""
    if not user.is_active:
        return Attachment.objects.none()
    return Attachment.objects.of(user).select_related("original", "sent", "thumbnail")


def find_attachment(user: User, attachment_id: object) -> Attachment | None:
    return attachments(user).filter(id=as_id(attachment_id)).first()


def find_readable_file(user: User, attachment_id: object) -> Attachment | None:
    """Return a file that this person may read: their own, or a document of a project that they see."""
    if not user.is_active:
        return None
    shared = Attachment.objects.filter(project_documents__project__in=projects(user)).values("id")
    found = Attachment.objects.filter(Q(owner=user) | Q(id__in=shared), id=as_id(attachment_id))
    return found.select_related("original", "sent", "thumbnail").first()


def projects(user: User) -> ProjectQuerySet:
    """Return the projects that this person may use: their own, and those shared with them or a group of theirs.

    A person who uses a project sees its instructions, memory and documents, and begins own conversations in it. These
    stay with the person who began them: neither the project's owner nor other people see them.
    """
    if not user.is_active:
        return Project.objects.none()
    return Project.objects.visible_to(user)


def find_project(user: User, project_id: object) -> Project | None:
    return projects(user).filter(id=as_id(project_id)).select_related("owner", "assistant").first()


def project_roles(user: User, rows: Iterable[Project]) -> dict[Any, str]:
    """Map projects that this person sees to what they are there: owner, edit or view (at most one query)."""
    seen = list(rows)
    others = [row.pk for row in seen if row.owner_id != user.pk]
    editable = set(
        Project.objects.editable_by(user).filter(pk__in=others).values_list("pk", flat=True) if others else ()
    )
    return {
        row.pk: "owner" if row.owner_id == user.pk else "edit" if row.pk in editable else "view"
        for row in seen
    }


def may_edit_project(user: User, project: Project) -> bool:
    """Return whether this person may change a project's content: its owner, and those who may edit it."""
    return user.is_active and Project.objects.editable_by(user).filter(pk=project.pk).exists()


def find_import(user: User, import_id: object) -> Import | None:
    """Return the import if it is this person's own."""
    if not user.is_active:
        return None
    return Import.objects.of(user).filter(id=as_id(import_id)).first()


def find_share(token: str, reader: object) -> Share | None:
    """Return the shared conversation of a link if this reader, signed in or not, may see it now."""
    sharing = Workspace.current().sharing
    signed_in = isinstance(reader, User) and reader.is_active
    if sharing == Workspace.Sharing.OFF or not (signed_in or sharing == Workspace.Sharing.ANYONE):
        return None
    shares = Share.objects.live().with_token(token).select_related("conversation", "owner")
    return (shares if signed_in else shares.filter(audience=Share.Audience.ANYONE)).first()


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


def find_assistant(user: User, assistant_id: object) -> Assistant | None:
    """Return an assistant that is offered to this person, or that they may see in the admin."""
    staff = user.is_active and user.is_staff and user.has_perm("chat.view_assistant")
    seen = Assistant.objects.all() if staff else assistants(user)
    return seen.select_related("picture").filter(id=as_id(assistant_id)).first()


def mcp_servers(user: User) -> QuerySet[McpServer]:
    """Return the servers where a person may sign in: their tools are offered to them, or they may change them."""
    if not user.is_active:
        return McpServer.objects.none()
    servers = McpServer.objects.filter(enabled=True, auth=McpServer.Auth.OAUTH)
    if not user.has_perm("chat.change_mcpserver"):
        servers = servers.filter(tools__enabled=True, tools__assistant_links__assistant__in=assistants(user))
    return servers.distinct()


def find_mcp_server(user: User, name: str) -> McpServer | None:
    return mcp_servers(user).filter(name=name).first()


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
