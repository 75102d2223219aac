"""What a project adds to a turn's frame: instructions, memory, and its documents, whole or to be searched.

While the documents take no more than a share of the model's context window, each request holds them; the workspace
sets the share. Beyond it the model gets a list of their names and a tool that searches them. Either way the frame
depends only on the project's rows, so the prefix of a project's conversations is the same for everyone who uses it.
"""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from django.core.cache import caches

from chat import access
from chat.claude.content.blocks import Block
from chat.models import Conversation, LanguageModel, Project, ProjectDocument, User, Workspace
from chat.operations.conversations.message_input import content_blocks

SHARE_SECONDS = 5


@dataclasses.dataclass(frozen=True, slots=True)
class Knowledge:
    """A project with its documents in their order; `fits` says that requests hold them whole."""

    project: Project
    documents: tuple[ProjectDocument, ...]
    fits: bool

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
        return (
            "<documents>\nThe project's documents are too long to be shown here. Search them with search_project "
            f"before you answer what they may tell:\n{names}\n</documents>"
        )


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
    return Knowledge(project, tuple(rows if fits else rows.defer("attachment__text")), fits=fits)


def knowledge_of(conversation: Conversation, person: User, model: LanguageModel) -> Knowledge | None:
    """Return what a conversation's project adds, if this person may still see the project."""
    if conversation.project_id is None:
        return None
    return read_knowledge(access.find_project(person, conversation.project_id), model)


def room_tokens(model: LanguageModel) -> int:
    """Return how many tokens of documents a request of this model may hold."""
    return model.max_input_tokens * share_percent() // 100


def share_percent() -> int:
    """Return the share of the context window for documents; a change by staff is seen within seconds."""
    found: int | None = caches["process"].get_or_set(
        "project-share", lambda: Workspace.current().project_share_percent, SHARE_SECONDS
    )
    return found or 0


def _part(name: str, text: str) -> list[str]:
    return [f"<{name}>\n{text}\n</{name}>"] if text.strip() else []
