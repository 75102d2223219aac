"""What a project adds to requests: in whole while it fits, frozen with the frame, and only for who may see it."""

import json
import uuid
from typing import Any

import pytest

from chat.models import (
    ApiCall,
    Assistant,
    Conversation,
    LanguageModel,
    Project,
    Turn,
    User,
    Workspace,
)
from chat.operations.conversations.edit import update_conversation
from chat.operations.projects import documents, edit, sharing
from chat.operations.request import build
from chat.operations.request.attachments import cited_document
from chat.operations.request.compaction import expected_tokens, with_api_compaction
from chat.operations.request.knowledge import knowledge_of, read_knowledge
from chat.operations.request.token_counts import count_draft
from chat.operations.running_turn import RunningTurn
from chat.operations.turns import claim, failover, switch
from chat.operations.turns.stop import stop_turn
from tests import factories
from tests.support import media
from tests.support.refusals import refusal_code
from tests.support.turns import retry_turn, start_turn

pytestmark = pytest.mark.django_db
HOUR = {"type": "ephemeral", "ttl": "1h"}


@pytest.fixture
def model() -> LanguageModel:
    able = {"citations": {"supported": True}, "pdf_input": {"supported": True}}
    return factories.language_model(capabilities=able, max_input_tokens=100_000, min_cacheable_tokens=1)


@pytest.fixture
def project(insider: User) -> Project:
    return edit.create_project(owner=insider, name='The "Bridge"', instructions="Answer in metres.")


def add(project: Project, name: str, text: str) -> Any:
    return documents.add_text(user=project.owner, project_id=project.id, name=name, text=text)


def start(author: User, model: LanguageModel, **fields: Any) -> RunningTurn:
    accepted = start_turn(
        author=author, client_id=uuid.uuid4(), text="How high?", model_id=model.id, **fields
    )
    running = claim.claim_turn(accepted.turn.id, "host:1:aa", accepted)
    assert running is not None
    return running


def again(running: RunningTurn, **fields: Any) -> RunningTurn:
    stop_turn(user=running.turn.author, turn_id=running.turn.id)
    Turn.objects.filter(id=running.turn.id).update(
        status="stopped", owner="", finished_at="2026-01-01T00:00Z"
    )
    where = {"conversation_id": running.turn.conversation_id}
    return start(running.turn.author, running.model, **where, **fields)


def first_blocks(request: dict[str, Any]) -> list[dict[str, Any]]:
    return request["messages"][0]["content"]


def titles(request: dict[str, Any]) -> list[str]:
    return [block["title"] for block in first_blocks(request) if block["type"] == "document"]


def test_documents_and_instructions_are_part_of_the_frame(model: LanguageModel, project: Project) -> None:
    add(project, "b.txt", "91 m")
    add(project, "a.txt", "12 m wide")
    edit.update_project(user=project.owner, project_id=project.id, memory="We build it.")
    request = build.request_for(start(project.owner, model, project_id=project.id))
    assert request["system"] == [
        {
            "type": "text",
            "text": '<project name="The \\"Bridge\\"">\nThis conversation belongs to a project.\n'
            "<instructions>\nAnswer in metres.\n</instructions>\n"
            "<memory>\nWe build it.\n</memory>\n</project>",
        }
    ]
    source = {"type": "text", "media_type": "text/plain", "data": "91 m"}
    assert first_blocks(request)[:2] == [
        {"type": "document", "source": source, "title": "b.txt", "citations": {"enabled": True}},
        {
            "type": "document",
            "source": {**source, "data": "12 m wide"},
            "title": "a.txt",
            "citations": {"enabled": True},
            "cache_control": HOUR,
        },
    ]


def test_instructions_alone_are_marked_for_an_hour(model: LanguageModel, project: Project) -> None:
    request = build.request_for(start(project.owner, model, project_id=project.id))
    assert request["system"][0]["cache_control"] == HOUR


def test_a_project_without_content_adds_nothing(model: LanguageModel, insider: User) -> None:
    empty = edit.create_project(owner=insider, name="Empty")
    request = build.request_for(start(insider, model, project_id=empty.id))
    assert "system" not in request


def test_next_turn_repeats_the_prefix_byte_for_byte(model: LanguageModel, project: Project) -> None:
    add(project, "a.txt", "91 m")
    first = start(project.owner, model, project_id=project.id)
    one, two = build.request_for(first), build.request_for(again(first))
    assert json.dumps(two["system"]) == json.dumps(one["system"])
    assert json.dumps(first_blocks(two)[:1]) == json.dumps(first_blocks(one)[:1])


def test_a_claim_elsewhere_reads_the_same(model: LanguageModel, project: Project) -> None:
    add(project, "a.txt", "91 m")
    running = start(project.owner, model, project_id=project.id)
    elsewhere = factories.running(running.turn)
    elsewhere.message = running.message
    assert first_blocks(build.request_for(elsewhere)) == first_blocks(build.request_for(running))


def test_a_removed_document_stays_in_its_running_turn(model: LanguageModel, project: Project) -> None:
    document = add(project, "a.txt", "91 m")
    running = start(project.owner, model, project_id=project.id)
    documents.remove_document(user=project.owner, project_id=project.id, document_id=document.id)
    assert titles(build.request_for(running)) == ["a.txt"]
    following = again(running)
    request = build.request_for(following)
    assert titles(request) == []
    assert "91 m" not in json.dumps(request)
    # What another process takes up can't be the same any more: its text says so, and thinking is left out.
    running.known_documents.clear()
    assert "not available" in first_blocks(build.request_for(running))[0]["text"]


def test_who_lost_the_project_gets_nothing_of_it(
    model: LanguageModel, project: Project, outsider: User
) -> None:
    add(project, "a.txt", "91 m")
    where = {"user": project.owner, "project_id": project.id}
    member = sharing.share_with_person(**where, email=outsider.email, role="view")
    running = start(outsider, model, project_id=project.id)
    assert titles(build.request_for(running)) == ["a.txt"]
    sharing.stop_sharing(**where, member_id=member.pk)
    following = again(running)
    request = build.request_for(following)
    assert "system" not in request
    assert titles(request) == []
    conversation = Conversation.objects.get(id=running.turn.conversation_id)
    assert conversation.project == project  # it comes back if the project is shared again
    assert knowledge_of(conversation, outsider, model) is None


def test_a_retry_follows_the_project_as_it_is(model: LanguageModel, project: Project) -> None:
    running = start(project.owner, model, project_id=project.id)
    stop_turn(user=project.owner, turn_id=running.turn.id)
    Turn.objects.update(status="stopped", owner="", finished_at="2026-01-01T00:00Z")
    edit.update_project(user=project.owner, project_id=project.id, instructions="Answer in feet.")
    retried = retry_turn(author=project.owner, client_id=uuid.uuid4(), turn_id=running.turn.id)
    assert "in feet" in json.dumps(retried.turn.frame.body)
    assert "in metres" in json.dumps(running.turn.frame.body)


def test_moving_a_chat_changes_its_next_turn(model: LanguageModel, project: Project) -> None:
    running = start(project.owner, model)
    where = {"user": project.owner, "conversation_id": running.turn.conversation_id}
    update_conversation(**where, project_id=project.id)
    following = again(running)
    assert "system" in build.request_for(following)
    update_conversation(**where, project_id=None)
    assert "system" not in build.request_for(again(following))


def test_a_new_chat_gets_the_default_assistant(model: LanguageModel, project: Project) -> None:
    guide = Assistant.objects.create(name="Guide", model=model)
    edit.update_project(user=project.owner, project_id=project.id, assistant_id=guide.id)
    own = {"author": project.owner, "text": "Hi", "project_id": project.id}
    assert start_turn(client_id=uuid.uuid4(), **own).turn.conversation.assistant == guide
    chosen = start_turn(client_id=uuid.uuid4(), model_id=model.id, **own)
    assert chosen.turn.conversation.assistant is None
    elsewhere = {**own, "project_id": uuid.uuid4()}
    assert refusal_code(start_turn, client_id=uuid.uuid4(), **elsewhere) == "not_found"


def test_documents_beyond_the_share_are_only_listed(model: LanguageModel, project: Project) -> None:
    add(project, "long.txt", "x" * 30_000)
    Workspace.objects.update_or_create(id=1, defaults={"project_share_percent": 5})
    request = build.request_for(start(project.owner, model, project_id=project.id))
    assert titles(request) == []
    assert '- "long.txt"' in request["system"][0]["text"]
    assert request["system"][0]["cache_control"] == HOUR


def test_documents_count_before_the_first_answer(model: LanguageModel, project: Project) -> None:
    add(project, "a.txt", "x" * 60_000)
    running = start(project.owner, model, project_id=project.id)
    assert expected_tokens(running.turn, running.path()) > 20_000


def test_documents_that_came_since_are_counted(model: LanguageModel, project: Project) -> None:
    running = start(project.owner, model, project_id=project.id)
    usage = {"input_tokens": 100, "output_tokens": 10}
    factories.call(
        running.turn,
        message=running.message,
        usage=usage,
        frame_digest=running.turn.frame_id,
        status=ApiCall.Status.SUCCEEDED,
    )
    add(project, "a.txt", "x" * 60_000)
    following = again(running)
    assert 20_000 < expected_tokens(following.turn, following.path()) < 21_000
    ApiCall.objects.update(frame_digest="gone")
    following.known_path = None
    assert expected_tokens(following.turn, following.path()) > 20_000
    ApiCall.objects.update(frame_digest=following.turn.frame_id)
    following.known_path = None
    assert expected_tokens(following.turn, following.path()) < 1_000


def test_the_api_is_not_asked_to_summarise_documents_away(model: LanguageModel, project: Project) -> None:
    model.capabilities = {**model.capabilities, "compaction": {"supported": True}}
    model.max_input_tokens = 200_000
    model.save()
    add(project, "a.txt", "91 m")
    running = start(project.owner, model, project_id=project.id)
    leaf = running.path().messages[-1]
    leaf.content = [{"type": "compaction", "content": "Before."}]
    assert with_api_compaction({"messages": []}, running.turn, running.path()) == {"messages": []}


def test_pages_of_documents_count_with_those_of_messages(model: LanguageModel, project: Project) -> None:
    Workspace.objects.update_or_create(id=1, defaults={"project_share_percent": 80})
    where = {"user": project.owner, "project_id": project.id}
    documents.add_file(**where, name="p.pdf", data=media.pdf(*["Page"] * 60))
    Project.objects.update(document_tokens=1)  # as if they took little
    start(project.owner, model, project_id=project.id)
    documents.add_file(**where, name="q.pdf", data=media.pdf(*["Page"] * 50))
    Project.objects.update(document_tokens=1)
    asked = {"author": project.owner, "client_id": uuid.uuid4(), "text": "How high?", "model_id": model.id}
    assert refusal_code(start_turn, **asked, project_id=project.id) == "too_many_pages"


def test_a_fallback_model_gets_the_documents_too(model: LanguageModel, project: Project) -> None:
    add(project, "a.txt", "91 m")
    running = start(project.owner, model, project_id=project.id)
    other = factories.language_model("claude-other", capabilities=model.capabilities)
    model.fallback = other
    model.save()
    running.turn.model = model
    assert failover.offered_after_refusal(running.turn) == other
    assert switch.switch_model(running, other, {"code": "fallback"})
    assert titles(build.request_for(running)) == ["a.txt"]


def test_a_citation_leads_to_the_document_of_the_project(model: LanguageModel, project: Project) -> None:
    first, second = add(project, "a.txt", "91 m"), add(project, "b.txt", "12 m")
    running = start(project.owner, model, project_id=project.id)
    assert cited_document(running.message, 1, "b.txt") == second.attachment
    documents.remove_document(user=project.owner, project_id=project.id, document_id=first.id)
    assert cited_document(running.message, 1, "b.txt") == second.attachment
    assert cited_document(running.message, 0, "a.txt") is None


def test_drafts_are_counted_with_the_project(model: LanguageModel, project: Project) -> None:
    add(project, "a.txt", "x" * 3_000)
    own = {"user": project.owner, "model_id": model.id}
    alone = count_draft(text="Hi", **own).tokens
    assert count_draft(text="Hi", project_id=project.id, **own).tokens > alone + 1_000
    assert count_draft(text="Hi", project_id="no-project", **own).tokens == alone
    chat = factories.conversation(project.owner, "How high?", "Very.", project=project)
    assert count_draft(text="Hi", conversation_id=chat.id, **own).tokens > alone + 1_000


def test_without_a_project_nothing_is_read(
    model: LanguageModel, insider: User, django_assert_num_queries: Any
) -> None:
    chat = factories.conversation(insider)
    with django_assert_num_queries(0):
        assert read_knowledge(None, model) is None
        assert knowledge_of(chat, insider, model) is None
