"""What a project adds to a turn's frame: instructions, memory, and its documents, whole or to be searched.

While the documents take no more than a share of the model's context window, each request holds them; the workspace
sets the share. Beyond it the model gets a list of their names and a tool that searches them. Either way the frame
depends only on the project's rows, so the prefix of a project's conversations is the same for everyone who uses it.
"""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.cache import caches

from chat import access
from chat.claude.content.blocks import Block
from chat.models import (
    Conversation,
    LanguageModel,
    Project,
    ProjectDocument,
    ToolDefinition,
    User,
    Workspace,
)
from chat.operations.conversations.message_input import content_blocks
from chat.operations.request.tool_selection import definition_of
from chat.tools.project_documents import NAME

SHARE_SECONDS = 5


@dataclasses.dataclass(frozen=True, slots=True)
class Knowledge:
    """A project with its documents in their order; `fits` says that requests hold them whole.

    Otherwise `tool` is the definition of the tool that searches them, None where staff have switched it off.
    """

    project: Project
    documents: tuple[ProjectDocument, ...]
    fits: bool
    tool: dict[str, Any] | None = None

    def system_blocks(self) -> list[dict[str, Any]]:
        """Return the system blocks behind the assistant's prompt: one, or none for a project without any content."""
        project = self.project
        parts = [
            *_part("instructions", project.instructions),
            *_part("memory", project.memory),
            *([] if self.fits or not self.documents else [self._list()]),
        ]
        if not parts:
            return []
        name = json.dumps(project.name, ensure_ascii=False)
        text = "\n".join(
            [f"<project name={name}>", "This conversation belongs to a project.", *parts, "</project>"]
        )
        # Documents that follow carry the mark instead: it covers a longer prefix.
        marked = "none" if self.references() else "1h"
        return [{"type": "text", "text": text, "cache": marked}]

    def references(self) -> list[Block]:
        """Return the documents as a frame names them, [] when they are searched."""
        if not self.fits:
            return []
        blocks = content_blocks([one.attachment for one in self.documents])
        return [
            {**block, "source": {**block["source"], "tokens": one.tokens}}
            for block, one in zip(blocks, self.documents, strict=True)
        ]

    def files(self) -> dict[str, Any]:
        """Return the attachments of the documents that requests hold, by id."""
        return {str(one.attachment_id): one.attachment for one in self.documents} if self.fits else {}

    def _list(self) -> str:
        names = "\n".join(
            f"- {json.dumps(one.attachment.name, ensure_ascii=False)}" for one in self.documents
        )
        advice = (
            f"Search them with {NAME} before you answer what they may tell."
            if self.tool
            else "You can't read them; say so if they would help."
        )
        return f"<documents>\nThe project's documents are too long to be shown here. {advice}\n{names}\n</documents>"

    def tools_beside(self, others: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the tools that join a frame's other ones."""
        known = {str(tool.get("name")) for tool in others}
        return [self.tool] if self.tool and NAME not in known else []


def document_tokens(body: Mapping[str, Any]) -> int:
    """Return the estimated tokens of the documents of a frame."""
    return sum(int(one["source"]["tokens"]) for one in body.get("documents", ()))


def read_knowledge(project: Project | None, model: LanguageModel) -> Knowledge | None:
    """Return what a project adds to a turn of a model (at most one query, and the share once in a few seconds)."""
    if project is None:
        return None
    if not project.document_tokens:
        return Knowledge(project, (), fits=True)
    fits = project.document_tokens <= room_tokens(model)
    rows = project.documents.in_order().select_related("attachment__original", "attachment__sent")
    if fits:
        return Knowledge(project, tuple(rows), fits=True)
    return Knowledge(project, tuple(rows.defer("attachment__text")), fits=False, tool=_search_tool())


def knowledge_of(conversation: Conversation, person: User, model: LanguageModel) -> Knowledge | None:
    """Return what a conversation's project adds, if this person may still see the project."""
    if conversation.project_id is None:
        return None
    return read_knowledge(access.find_project(person, conversation.project_id), model)


def knowledge_for(
    conversation: Conversation | None, person: User, model: LanguageModel, project_id: object
) -> Knowledge | None:
    """Return what a conversation's project adds, or for a new one the project in which it would begin."""
    begun = conversation or Conversation(project_id=None if project_id is None else access.as_id(project_id))
    return knowledge_of(begun, person, model)


def room_tokens(model: LanguageModel) -> int:
    """Return how many tokens of documents a request of this model may hold."""
    return model.max_input_tokens * share_percent() // 100


def share_percent() -> int:
    """Return the share of the context window for documents; a change by staff is seen within seconds."""
    found: int | None = caches["process"].get_or_set(
        "project-share", lambda: Workspace.current().project_share_percent, SHARE_SECONDS
    )
    return found or 0


def _search_tool() -> dict[str, Any] | None:
    """Return the definition of the tool that searches; a change by staff is seen within seconds."""
    found: dict[str, Any] | str = (
        caches["process"].get_or_set("project-tool", _read_tool, SHARE_SECONDS) or ""
    )
    return found if isinstance(found, dict) else None


def _read_tool() -> dict[str, Any] | str:
    row = ToolDefinition.objects.usable().filter(name=NAME, kind=ToolDefinition.Kind.PYTHON).first()
    return definition_of(row) if row else ""


def _part(name: str, text: str) -> list[str]:
    return [f"<{name}>\n{text}\n</{name}>"] if text.strip() else []
