"""Conversations and their messages."""

from typing import Any

from django.http import HttpRequest
from django.utils.http import content_disposition_header
from ninja import Query, Router
from ninja.responses import Status

from chat import access
from chat.api.identity import identity_of
from chat.api.paging import page_of
from chat.api.schemas import inputs, outputs, shapes
from chat.operations.conversations import edit as journeys
from chat.operations.conversations.allowed_tools import allowed_tools, ask_again
from chat.operations.conversations.fork import fork_conversation
from chat.operations.conversations.thread import read_thread
from chat.operations.deletion.hide import delete_conversations, restore_conversations
from chat.operations.errors import not_found
from chat.operations.exports.export import export_conversation
from chat.operations.turns.answer_costs import last_calls
from chat.presentation.file_download import FileResponse

router = Router(tags=["conversations"])


@router.get("/conversations", response=outputs.ConversationPage)
def list_conversations(
    request: HttpRequest,
    limit: int = Query(50, ge=1, le=100),
    cursor: str | None = Query(None, max_length=400),
    archived: bool = False,
    project: str | None = Query(None, description="Only those of this project."),
) -> outputs.ConversationPage:
    """List your conversations: pinned ones first, then the most recent. Temporary ones are not listed."""
    rows = access.conversations(identity_of(request).user).filter(archived=archived)
    if project is not None:
        rows = rows.filter(project=access.as_id(project))
    page, following = page_of(rows, cursor, limit)
    return outputs.ConversationPage(data=[shapes.conversation(row) for row in page], next=following)


@router.post("/conversations", response={201: outputs.ConversationOut})
def create_conversation(request: HttpRequest, data: inputs.ConversationInput) -> Status[Any]:
    """Create an empty conversation."""
    row = journeys.create_conversation(
        owner=identity_of(request).user,
        title=data.title,
        assistant_id=data.assistant,
        model_id=data.model,
        temporary=data.temporary,
        project_id=data.project,
    )
    return Status(201, shapes.conversation(row))


@router.get("/conversations/{conversation_id}", response=outputs.ConversationOut)
def read_conversation(request: HttpRequest, conversation_id: str) -> outputs.ConversationOut:
    """Read one conversation, without its messages."""
    row = access.find_conversation(identity_of(request).user, conversation_id)
    if row is None:
        raise not_found()
    return shapes.conversation(row)


@router.patch("/conversations/{conversation_id}", response=outputs.ConversationOut)
def change_conversation(
    request: HttpRequest, conversation_id: str, data: inputs.ConversationChange
) -> outputs.ConversationOut:
    """Rename, pin, archive or move a conversation, or choose another assistant or model for its next turns."""
    changes = {_COLUMNS.get(name, name): getattr(data, name) for name in data.model_fields_set}
    row = journeys.update_conversation(
        user=identity_of(request).user,
        conversation_id=conversation_id,
        **changes,
    )
    return shapes.conversation(row)


@router.delete("/conversations/{conversation_id}", response={204: None})
def delete_conversation(request: HttpRequest, conversation_id: str) -> Status[None]:
    """Delete a conversation with its messages, and stop its answer. Its costs stay in the ledger.

    For ten minutes /restore brings it back; a temporary conversation is gone at once.
    """
    delete_conversations(user=identity_of(request).user, conversation_ids=[conversation_id])
    return Status(204, None)


@router.post("/conversations/{conversation_id}/restore", response=outputs.ConversationOut)
def restore_conversation(
    request: HttpRequest, conversation_id: str, data: inputs.Nothing | None = None
) -> outputs.ConversationOut:
    """Bring a conversation back that was deleted less than ten minutes ago."""
    restore_conversations(user=identity_of(request).user, conversation_ids=[conversation_id])
    return read_conversation(request, conversation_id)


@router.get("/conversations/{conversation_id}/messages", response=outputs.MessagePage)
def list_messages(
    request: HttpRequest,
    conversation_id: str,
    leaf: str | None = Query(None, description="A message of another branch; else the active leaf."),
    before: str | None = Query(None, description="Only what stands above this message."),
    limit: int = Query(50, ge=1, le=100),
) -> outputs.MessagePage:
    """List the path to the active leaf (or to `leaf`): the last messages first, each page in chronological order."""
    row = access.find_conversation(identity_of(request).user, conversation_id)
    if row is None:
        raise not_found()
    page = read_thread(row, leaf=leaf, before=before, limit=limit)
    return shapes.thread(page, last_calls(page.messages))


@router.get("/conversations/{conversation_id}/export")
def export(
    request: HttpRequest,
    conversation_id: str,
    form: str = Query(
        "markdown",
        alias="format",
        max_length=20,
        description="markdown, json or zip (JSON with the files).",
    ),
    thinking: bool = Query(False, description="Whether Markdown has the model's thoughts too."),
) -> FileResponse:
    """Download a conversation: readable, or exact with every branch."""
    made = export_conversation(
        user=identity_of(request).user, conversation_id=conversation_id, form=form, thinking=thinking
    )
    disposition = content_disposition_header(True, made.name) or "attachment"
    headers = {"Content-Disposition": disposition, "X-Content-Type-Options": "nosniff"}
    return FileResponse.of_open(made.file, made.size_bytes, content_type=made.media_type, headers=headers)


@router.get("/conversations/{conversation_id}/allowed-tools", response=outputs.AllowedTools)
def list_allowed_tools(request: HttpRequest, conversation_id: str) -> outputs.AllowedTools:
    """List the tools that you allowed for the rest of a conversation with `remember`."""
    row = access.find_conversation(identity_of(request).user, conversation_id)
    if row is None:
        raise not_found()
    return outputs.AllowedTools(
        data=[
            outputs.AllowedTool(id=str(tool.id), name=tool.name, title=tool.title)
            for tool in allowed_tools(row)
        ]
    )


@router.delete("/conversations/{conversation_id}/allowed-tools/{tool_id}", response={204: None})
def take_back_allowed_tool(request: HttpRequest, conversation_id: str, tool_id: str) -> Status[None]:
    """Let a tool ask for approval again in this conversation."""
    ask_again(user=identity_of(request).user, conversation_id=conversation_id, tool_id=tool_id)
    return Status(204, None)


@router.post("/messages/{message_id}/choose", response=outputs.ConversationOut)
def choose_message(
    request: HttpRequest, message_id: str, data: inputs.Nothing | None = None
) -> outputs.ConversationOut:
    """Switch the conversation to the branch that this message is on."""
    row = journeys.choose_leaf(user=identity_of(request).user, message_id=message_id)
    return shapes.conversation(row)


@router.post("/messages/{message_id}/fork", response={201: outputs.ConversationOut})
def fork_at_message(request: HttpRequest, message_id: str, data: inputs.Nothing | None = None) -> Status[Any]:
    """Copy the conversation up to this message into a new one. The copy costs nothing."""
    row = fork_conversation(user=identity_of(request).user, message_id=message_id)
    return Status(201, shapes.conversation(row))


_COLUMNS = {"assistant": "assistant_id", "model": "model_id", "project": "project_id"}
