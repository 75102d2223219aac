"""How shared knowledge failed elsewhere: removed documents that stay, shares that give too little or too much.

The cases were reported for other products; the texts are invented.
"""

import json
import uuid
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from chat import access
from chat.models import LanguageModel, Project, Turn, User, Workspace
from chat.operations.errors import OperationError
from chat.operations.projects import documents, edit, sharing
from chat.operations.request import build
from chat.operations.running_turn import RunningTurn
from chat.operations.staff.tool_listings import sync_tools
from chat.operations.turns import claim
from chat.tools.project_documents import search_project
from chat.tools.result import ToolContext, make_result
from tests import factories
from tests.support import media
from tests.support.turns import start_turn

pytestmark = pytest.mark.django_db
OLD, NEW = "The office closes at five.", "The office closes at six."
MODES = pytest.mark.parametrize("share", [30, 0], ids=["whole", "searched"])


@pytest.fixture
def model() -> LanguageModel:
    sync_tools()
    return factories.language_model(capabilities={"citations": {"supported": True}})


@pytest.fixture
def project(insider: User) -> Project:
    return edit.create_project(owner=insider, name="Handbook", instructions="Answer in one sentence.")


def add(project: Project, text: str, name: str = "hours.txt") -> Any:
    return documents.add_text(user=project.owner, project_id=project.id, name=name, text=text)


def remove(project: Project, document: Any) -> None:
    documents.remove_document(user=project.owner, project_id=project.id, document_id=document.id)


def share_with(project: Project, user: User, role: str = "view") -> None:
    sharing.share_with_person(user=project.owner, project_id=project.id, email=user.email, role=role)


def ask(
    author: User, model: LanguageModel, project: Project, before: RunningTurn | None = None
) -> RunningTurn:
    place: dict[str, Any] = {"project_id": project.id}
    if before is not None:
        ended = {"status": "completed", "owner": "", "finished_at": "2026-01-01T00:00Z"}
        Turn.objects.filter(id=before.turn.id).update(**ended)
        place = {"conversation_id": before.turn.conversation_id}
    own = {"author": author, "client_id": uuid.uuid4(), "text": "When?", "model_id": model.id}
    accepted = start_turn(**own, **place)
    running = claim.claim_turn(accepted.turn.id, "host:1:aa", accepted)
    assert running is not None
    return running


def known(running: RunningTurn) -> str:
    """Return all that the model can learn: its request, and what it finds when it searches."""
    where = {"user_id": running.turn.author_id, "conversation_id": running.turn.conversation_id}
    found = search_project(ToolContext(**where), "office closes")
    return json.dumps([build.request_for(running), make_result(found, limit_bytes=100_000).content])


@MODES
def test_a_replaced_document_is_the_only_one(
    project: Project, insider: User, model: LanguageModel, share: int
) -> None:
    # LibreChat #15930: answers came from documents that had been replaced; ragflow #6462, #7130.
    Workspace.objects.update_or_create(id=1, defaults={"project_share_percent": share})
    document = add(project, OLD)
    first = ask(insider, model, project)
    assert OLD in known(first)
    remove(project, document)
    add(project, NEW)
    following = known(ask(insider, model, project, first))
    assert NEW in following
    assert OLD not in following


def test_a_file_of_the_same_name_is_another_file(
    project: Project, insider: User, model: LanguageModel
) -> None:
    # QwenLM/Qwen3.8 #204: a changed file of the same name was taken for the one before.
    add(project, OLD)
    first = ask(insider, model, project)
    add(project, NEW)
    request = build.request_for(ask(insider, model, project, first))
    texts = [block["source"]["data"] for block in request["messages"][0]["content"] if "source" in block]
    assert texts == [OLD, NEW]


def test_a_removed_file_can_be_added_again(project: Project, model: LanguageModel) -> None:
    # LibreChat #12776: what was left of a removed file refused it as a duplicate.
    for _time in range(3):
        document = add(project, OLD)
        remove(project, document)
    add(project, OLD)
    assert project.documents.count() == 1


def test_one_file_in_two_projects_is_removed_from_one(
    project: Project, insider: User, model: LanguageModel
) -> None:
    # LibreChat #7882: removing a file from a copy removed it from the original too.
    other = edit.create_project(owner=insider, name="Copy")
    add(project, OLD)
    copy = add(other, OLD)
    remove(other, copy)
    assert OLD in known(ask(insider, model, project))


@MODES
def test_a_second_question_finds_the_documents_too(
    project: Project, insider: User, model: LanguageModel, share: int
) -> None:
    # LibreChat #6393: a file was searched for the first question of a chat only.
    Workspace.objects.update_or_create(id=1, defaults={"project_share_percent": share})
    caches["process"].clear()
    add(project, OLD)
    assert OLD in known(ask(insider, model, project, ask(insider, model, project)))


def test_others_get_what_the_project_tells_but_no_chats(
    project: Project, insider: User, outsider: User, model: LanguageModel
) -> None:
    # Open WebUI #26129: chats of people with whom a folder was shared got neither its prompt nor its files.
    add(project, OLD)
    share_with(project, outsider, "edit")
    theirs = ask(outsider, model, project)
    assert "Answer in one sentence." in known(theirs)
    assert OLD in known(theirs)
    assert access.find_conversation(insider, theirs.turn.conversation_id) is None


def test_a_citation_opens_for_whom_the_project_is_shared_with(
    project: Project, outsider: User, model: LanguageModel
) -> None:
    # Open WebUI #11331: the source of an answer was "not found" for everyone but the owner of the knowledge.
    add(project, OLD)
    share_with(project, outsider)
    answer = ask(outsider, model, project).message
    browser = Client()
    browser.force_login(outsider)
    place = {"document": 0, "title": "hours.txt", "start": 0, "end": 10}
    page = browser.get(f"/cited/{answer.id}", place, follow=True)
    assert page.status_code == 200
    assert '<mark id="cited">The office</mark>' in page.content.decode()


@pytest.mark.parametrize("data", [b"", b" \n \t", media.png_bomb()], ids=["empty", "blank", "bomb"])
def test_a_file_without_text_brings_no_other_file(
    project: Project, insider: User, outsider: User, model: LanguageModel, data: bytes
) -> None:
    # Open WebUI #4601: after an upload without text the model was given the last file of another person.
    add(edit.create_project(owner=outsider, name="Private"), OLD)
    where = {"user": insider, "project_id": project.id}
    with pytest.raises(OperationError):
        documents.add_file(**where, name="scan.txt", data=data)
    assert OLD not in known(ask(insider, model, project))
    assert project.documents.count() == 0


def test_a_search_asks_for_access_each_time(
    project: Project, insider: User, outsider: User, model: LanguageModel
) -> None:
    # Open WebUI #25113: the search tool read knowledge by its id, whoever asked.
    add(project, OLD)
    share_with(project, outsider)
    theirs = ask(outsider, model, project)
    assert OLD in known(theirs)
    project.members.all().delete()
    with pytest.raises(Exception, match="no project"):
        known(theirs)
