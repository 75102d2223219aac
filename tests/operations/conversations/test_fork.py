"""Copies of conversations: exact messages, own turns, files and tool calls, and a constant number of statements."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat.models import (
    ApiCall,
    Assistant,
    Attachment,
    Conversation,
    FileUsage,
    Message,
    ToolCall,
    Turn,
    User,
    Workspace,
)
from chat.operations.conversations.fork import copy_path, fork_conversation
from chat.operations.conversations.message_input import content_blocks
from chat.operations.conversations.path import ConversationPath
from chat.operations.conversations.thread import read_thread
from chat.operations.files.uploads import store_upload
from tests import factories
from tests.support.deletion import delete_for_good
from tests.support.refusals import refusal_code

EXACT = (
    "role", "kind", "depth", "content", "text", "context", "status", "frame_id", "binding", "model_name",
    "requested_length", "stop_reason", "stop_details", "thinking_seconds", "created_at",
)  # fmt: skip


pytestmark = pytest.mark.django_db


def path_of(chat: Conversation) -> tuple[Message, ...]:
    return ConversationPath.to(chat.active_leaf_id).messages


def exact(messages: Any) -> list[dict[str, Any]]:
    return [{name: getattr(row, name) for name in EXACT} for row in messages]


def with_tools(owner: User) -> Turn:
    """A turn of two answers with a tool call between them, of which the first was interrupted."""
    chat = factories.conversation(owner, title="Weather")
    turn = factories.turn(chat, answer="Looking", text="How warm is it?")
    first = turn.messages.get()
    Message.objects.filter(id=first.id).update(
        binding="abcdefabcdef:0123", stop_reason="tool_use", thinking_seconds=[1.5]
    )
    factories.tool_call(turn, "done")
    results = factories.message(chat, first, "", kind="results", turn=turn)
    last = factories.message(chat, results, "18 degrees", role="assistant", turn=turn)
    notices = [{"code": "continued", "after": str(first.id)}, {"code": "failover", "from": "a", "to": "b"}]
    Turn.objects.filter(id=turn.id).update(notices=notices)
    chat.active_leaf = last
    chat.save()
    turn.refresh_from_db()
    return turn


def test_a_copy_is_exact_and_refers_to_itself_only(any_database: str) -> None:
    insider = factories.person()
    turn = with_tools(insider)
    chat, first = turn.conversation, turn.messages.order_by("depth").first()
    assert first
    # Any message of an answer stands for the whole answer.
    made = fork_conversation(user=insider, message_id=first.id)
    assert (made.title, made.title_status, made.forked_from) == ("Weather (copy)", "done", chat)
    assert exact(path_of(made)) == exact(path_of(chat))
    assert {row.conversation_id for row in path_of(made)} == {made.id}
    copied = made.turns.get()
    assert (copied.status, copied.created_at, copied.frame_id) == (
        "completed",
        turn.created_at,
        turn.frame_id,
    )
    assert copied.client_id != turn.client_id
    assert copied.user_message == path_of(made)[0]
    assert [row.turn_id for row in path_of(made)] == [None, copied.id, copied.id, copied.id]
    assert copied.notices == [{"code": "continued", "after": str(path_of(made)[1].id)}, turn.notices[1]]
    call = ToolCall.objects.get(turn=copied)
    assert (call.message, call.result, call.status) == (
        path_of(made)[1],
        [{"type": "text", "text": "18°"}],
        "done",
    )
    assert not ApiCall.objects.filter(conversation=made).exists()
    assert [row.text for row in read_thread(made).messages] == [
        "How warm is it?",
        "Looking",
        "",
        "18 degrees",
    ]
    # The original is as it was, and may go.
    assert (chat.turns.count(), chat.messages.count()) == (1, 4)


def test_a_copy_holds_one_branch_up_to_its_message(insider: User) -> None:
    chat = factories.conversation(insider, "a", "b", "c", "d")
    root, answer = path_of(chat)[:2]
    factories.message(chat, root, "another b", role="assistant")
    made = fork_conversation(user=insider, message_id=str(answer.id))
    assert [row.text for row in path_of(made)] == ["a", "b"]
    assert made.messages.count() == 2
    assert (made.title, made.title_status) == ("", "none")
    question = fork_conversation(user=insider, message_id=root.id)
    assert [row.text for row in path_of(question)] == ["a"]


def test_a_copy_ends_above_a_message_that_is_written_anew(insider: User) -> None:
    chat = factories.conversation(insider, "a", "b", "c", "d", title="Letters", effort="low")
    root, answer, question, _last = path_of(chat)
    made = fork_conversation(user=insider, message_id=question.id, before=True)
    assert [row.text for row in path_of(made)] == ["a", "b"]
    assert (made.title, made.forked_from) == ("Letters (copy)", chat)
    empty = fork_conversation(user=insider, message_id=root.id, before=True)
    assert (path_of(empty), empty.title, empty.title_status) == ((), "", "none")
    assert (empty.effort, empty.forked_from) == ("low", chat)
    running = factories.turn(chat, status="running", text="e", parent=answer, answer="")
    made = fork_conversation(user=insider, message_id=running.user_message_id, before=True)
    assert made.messages.count() == 2, "the answer that is being written is below it"


def test_a_copy_keeps_the_choice_and_no_permissions(insider: User) -> None:
    assistant = Assistant.objects.create(name="Guide", enabled=False)
    chat = factories.conversation(
        insider, "a", "b", title="t" * 200, assistant=assistant, model=factories.language_model(),
        allowed_tools=["1"], pinned=True, archived=True,
    )  # fmt: skip
    made = fork_conversation(user=insider, message_id=chat.active_leaf_id)
    assert (made.assistant, made.model, made.allowed_tools) == (assistant, chat.model, [])
    assert (made.title, made.pinned, made.archived) == ("t" * 200, False, False)


@pytest.mark.parametrize("status", ["queued", "running", "waiting"])
def test_an_answer_that_is_being_written_is_not_copied(insider: User, status: str) -> None:
    chat = factories.conversation(insider)
    turn = factories.turn(chat, status=status, answer="")
    summary = factories.message(chat, None, "", kind="summary", turn=turn)
    question = factories.message(chat, summary, "Next")
    for message in (turn.messages.filter(role="assistant").get(), question):
        assert refusal_code(fork_conversation, user=insider, message_id=message.id) == "busy"
    assert Conversation.objects.count() == 1


def test_outsider_copies_nothing(insider: User, outsider: User) -> None:
    chat = factories.conversation(insider, "a", "b")
    for wanted in (chat.active_leaf_id, "x", None):
        assert refusal_code(fork_conversation, user=outsider, message_id=wanted) == "not_found"
    assert not Conversation.objects.filter(owner=outsider).exists()


def test_a_deleted_original_leaves_its_copies(insider: User) -> None:
    turn = with_tools(insider)
    made = fork_conversation(user=insider, message_id=turn.conversation.active_leaf_id)
    delete_for_good(turn.conversation)
    made.refresh_from_db()
    assert made.forked_from is None
    assert len(path_of(made)) == 4


def asked_with_file(owner: User, *names: str) -> Conversation:
    chat = factories.conversation(owner)
    files = [store_upload(owner=owner, name=name, data=f"text of {name}".encode()) for name in names]
    content = [*content_blocks(files), {"type": "text", "text": "Read"}, {"type": "text", "source": "a"}]
    message = factories.message(chat, None, "Read", content=content, context="Name: Ada")
    message.attachments.set(files)
    chat.active_leaf = factories.message(chat, message, "Done", role="assistant")
    chat.save()
    return chat


def test_a_copy_of_ones_own_shares_its_files(insider: User) -> None:
    chat = asked_with_file(insider, "a.txt", "b.txt")
    made = fork_conversation(user=insider, message_id=chat.active_leaf_id)
    assert exact(path_of(made)) == exact(path_of(chat))
    assert set(path_of(made)[0].attachments.all()) == set(path_of(chat)[0].attachments.all())


def test_a_copy_for_another_person_has_files_of_their_own(insider: User, outsider: User) -> None:
    known = store_upload(owner=outsider, name="a.txt", data=b"text of a.txt")
    chat = asked_with_file(insider, "a.txt", "b.txt")
    offered = Assistant.objects.create(name="Guide")
    chat.assistant, chat.model = offered, factories.language_model()
    made = copy_path(source=chat, leaf_id=chat.active_leaf_id, owner=outsider)
    files = list(path_of(made)[0].attachments.order_by("name"))
    assert [(file.name, file.owner) for file in files] == [("a.txt", outsider), ("b.txt", outsider)]
    assert files[0] == known
    assert [block["source"]["attachment"] for block in path_of(made)[0].content[:2]] == [
        str(file.id) for file in files
    ]
    assert path_of(made)[0].context == ""
    assert (made.assistant, made.model) == (offered, chat.model)
    assert FileUsage.objects.get(user=outsider).total_bytes == 2 * len("text of a.txt")
    assert Attachment.objects.filter(owner=insider).count() == 2


def test_a_copy_for_another_person_has_only_what_they_may_use(insider: User, outsider: User) -> None:
    group = Group.objects.create(name="Inside")
    inside = factories.restrict(Assistant.objects.create(name="Guide"), group)
    hidden = factories.language_model("hidden", enabled=False)
    chat = factories.conversation(insider, "a", "b", assistant=inside, model=hidden)
    made = copy_path(source=chat, leaf_id=chat.active_leaf_id, owner=outsider)
    assert (made.owner, made.assistant, made.model) == (outsider, None, None)


def test_files_of_a_copy_count_against_the_new_owners_limit(insider: User, outsider: User) -> None:
    chat = asked_with_file(insider, "a.txt")
    Workspace.objects.create(stored_files_mb=1)
    FileUsage.objects.create(user=outsider, total_bytes=1024 * 1024)
    code = refusal_code(copy_path, source=chat, leaf_id=chat.active_leaf_id, owner=outsider)
    assert code == "storage_full"
    assert not Conversation.objects.filter(owner=outsider).exists()


@pytest.mark.parametrize("length", [2, 40, 300])
def test_statements_do_not_grow_with_the_path(insider: User, length: int) -> None:
    chat = factories.long_conversation(insider, length)
    with CaptureQueriesContext(connection) as seen:
        made = fork_conversation(user=insider, message_id=chat.active_leaf_id)
    assert len(seen) <= 14, "\n".join(query["sql"][:200] for query in seen)
    assert made.messages.count() == length
