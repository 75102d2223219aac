"""The tool that searches the documents of a conversation's project, which requests hold only while they are few."""

from typing import Any
from urllib.parse import urlencode

from chat import access
from chat.models import Project, ProjectPassage, User
from chat.project_search.search import find_passages
from chat.tools.registry import tool
from chat.tools.result import SearchResult, ToolContext, ToolFailed

NAME = "search_project"
MAX_RESULTS = 20


@tool(title="Search in the project’s documents")
def search_project(context: ToolContext, query: str, limit: int = 8) -> Any:
    """Search the documents of the project that this conversation belongs to.

    Answers with the passages that fit best, each with its document. Use the words that the documents themselves would
    use, and search again with other words when the passages do not tell.

    Args:
        query: The words to look for, such as a name, a term or a short sentence.
        limit: How many passages to give at most, 1 to 20.
    """
    project = _project(context)
    if not query.strip():
        raise ToolFailed("Say which words to look for.")
    found = find_passages(project, query, max(1, min(limit, MAX_RESULTS)))
    waiting = project.documents.filter(indexed=False).count()
    note = f"{waiting} documents are still being read and were not searched." if waiting else ""
    if not found:
        return " ".join(filter(None, ("No passage has any of these words.", note)))
    return [*map(_result, found), *([note] if note else [])]


def _project(context: ToolContext) -> Project:
    """Return the project as this person may see it now."""
    user = User.objects.filter(id=context.user_id, is_active=True).first()
    own = access.find_conversation(user, context.conversation_id) if user else None
    project = access.find_project(user, own.project_id) if user and own else None
    if project is None:
        raise ToolFailed("This conversation belongs to no project.")
    return project


def _result(passage: ProjectPassage) -> SearchResult:
    place = {"page": passage.page} if passage.page else {"start": passage.start, "end": passage.end}
    file = passage.document.attachment
    title = f"{file.name}, page {passage.page}" if passage.page else file.name
    return SearchResult(f"/attachments/{file.id}?{urlencode(place)}#cited", title, passage.text)
