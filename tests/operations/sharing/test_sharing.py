"""Shared conversations: what readers see and never see, who may read, and going on with a copy."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat import access
from chat.claude.request.transcript import to_messages
from chat.models import Attachment, Conversation, Message, Share, User, Workspace
from chat.operations.conversations.message_input import content_blocks
from chat.operations.deletion.hide import delete_conversations, restore_conversations
from chat.operations.errors import OperationError
from chat.operations.files.uploads import store_upload
from chat.operations.request.thinking_binding import path_message
from chat.operations.sharing import shares
from chat.operations.sharing.reading import PAGE, copy_share, read_share, shared_file
from chat.operations.sharing.shares import create_share, end_share, renew_share, revoke_share
from chat.presentation.shared_messages import shared_messages
from tests import factories
from tests.support.deletion import delete_for_good

pytestmark = pytest.mark.django_db
SIGNED_OUT = AnonymousUser()


@pytest.fixture
def chat(insider: User) -> Conversation:
    """A question with a file, and an answer of two rounds with a thought, a tool call and sources."""
    made = Conversation.objects.create(owner=insider, title="Rivers")
    file = store_upload(owner=insider, name="private plan.txt", data=b"Plan of the insider")
    asked = factories.message(
        made,
        None,
        "Where?",
        content=[*content_blocks([file]), {"type": "text", "text": "Where?"}],
        context="Name: Ines Insider",
    )
    asked.attachments.add(file)
    turn = factories.turn(made, parent=asked, text="In short, please")
    tool = factories.tool("pay", title="Payments")
    content = [
        {"type": "thinking", "thinking": "secret thought", "signature": "s"},
        {"type": "tool_use", "id": "t", "name": tool.name, "input": {"key": "sk-secret-input"}},
    ]
    called = factories.message(made, turn.user_message, "", role="assistant", content=content, turn=turn)
    results = factories.message(
        made,
        called,
        "",
        kind="results",
        turn=turn,
        content=[{"type": "tool_result", "tool_use_id": "t", "content": "sk-secret-result"}],
    )
    cited = [
        {"type": "web_search_result_location", "url": "https://example.org/", "title": "E"},
        {"type": "char_location", "document_title": "private plan.txt", "cited_text": "Plan of the insider"},
    ]
    content = [
        {"type": "server_tool_use", "id": "w", "name": "web_search", "input": {"query": "sk-secret-query"}},
        {
            "type": "web_search_tool_result",
            "tool_use_id": "w",
            "content": [{"url": "https://example.org/", "title": "E"}],
        },
        {"type": "text", "text": "There.", "citations": cited},
        {"type": "bash_code_execution_tool_result", "content": {"stdout": "sk-secret-output"}},
    ]
    made.active_leaf = factories.message(
        made, results, "There.", role="assistant", content=content, turn=turn,
        model_name=factories.language_model().model_id,
    )  # fmt: skip
    made.save()
    turn.status, turn.finished_at = "completed", timezone.now()
    turn.save()
    return made


def share_of(chat: Conversation, **options: Any) -> Share:
    return create_share(user=chat.owner, conversation_id=str(chat.id), **options)


def blocks(share: Share) -> list[list[dict[str, Any]]]:
    thread = read_share(share)
    assert thread is not None
    return [message.content for message in thread.messages]


def test_readers_see_texts_names_of_tools_and_web_sources(chat: Conversation) -> None:
    first, second, called, said = blocks(share_of(chat))
    assert first == [{"type": "file_not_shared"}, {"type": "text", "text": "Where?"}]
    assert second == [{"type": "text", "text": "In short, please"}]
    assert called == [{"type": "imported_tool_use", "name": "Payments"}]
    assert said[0] == {"type": "imported_tool_use", "name": "Web search"}
    assert [block["type"] for block in said[1:]] == ["web_search_tool_result", "text"]
    assert [one["url"] for one in said[2]["citations"]] == ["https://example.org/"]


def test_secrets_and_others_files_are_in_no_message(chat: Conversation) -> None:
    thread = read_share(share_of(chat))
    assert thread is not None
    told = str([vars(message) for message in thread.messages])
    for hidden in ("secret", "Ines", "private plan", "Plan of the insider"):
        assert hidden not in told
    assert thread.files == {}
    assert all(message.turn is None and message.frame is None for message in thread.messages)


def test_an_answer_of_several_rounds_is_one_entry(chat: Conversation) -> None:
    thread = read_share(share_of(chat))
    assert thread is not None
    entries = thread.entries
    assert [len(entry.messages) for entry in entries] == [1, 1, 2]
    assert entries[-1].first.model_name == factories.language_model().display_name


def test_files_are_shared_only_if_the_owner_says_so(chat: Conversation, insider: User) -> None:
    file = Attachment.objects.get()
    other = store_upload(owner=insider, name="other.txt", data=b"Of no message here")
    closed, opened = share_of(chat), share_of(chat, shows_files=True)
    assert shared_file(closed, str(file.id)) is None
    assert shared_file(opened, str(file.id)) == file
    assert shared_file(opened, str(other.id)) is shared_file(opened, "x") is None
    thread = read_share(opened)
    assert thread is not None
    assert [list(those) for those in thread.files.values()] == [[str(file.id)]]
    later = factories.message(chat, chat.active_leaf, "", content=content_blocks([other]))
    later.attachments.add(other)
    assert shared_file(opened, str(other.id)) is None  # written after the snapshot


def test_a_snapshot_stays_until_it_is_renewed(chat: Conversation) -> None:
    share = share_of(chat)
    before = len(blocks(share))
    chat.active_leaf = factories.message(chat, chat.active_leaf, "Later words")
    chat.title = "Renamed"
    chat.save()
    share.refresh_from_db()
    assert (len(blocks(share)), share.heading) == (before, "Rivers")
    token = share.token
    renewed = renew_share(user=chat.owner, share_id=str(share.id))
    assert (len(blocks(renewed)), renewed.heading, renewed.token) == (before + 1, "Renamed", token)


@pytest.mark.parametrize(
    ("sharing", "audience", "reads"),
    [
        ("off", "workspace", ""),
        ("off", "anyone", ""),
        ("workspace", "workspace", "owner colleague"),
        ("workspace", "anyone", "owner colleague"),
        ("anyone", "workspace", "owner colleague"),
        ("anyone", "anyone", "owner colleague signed_out gone"),
    ],
)
def test_who_may_read(chat: Conversation, outsider: User, sharing: str, audience: str, reads: str) -> None:
    settings = Workspace.objects.create(sharing="anyone")
    share = share_of(chat, audience=audience)
    settings.sharing = sharing
    settings.save()
    gone = factories.person("gone", is_active=False)
    readers = {"owner": chat.owner, "colleague": outsider, "signed_out": SIGNED_OUT, "gone": gone}
    found = [name for name, reader in readers.items() if access.find_share(share.token or "", reader)]
    assert found == reads.split()
    assert access.find_share("x" * 32, outsider) is None


def test_a_link_ends(chat: Conversation) -> None:
    Workspace.objects.create(sharing="anyone")
    revoked, expired, kept = (
        share_of(chat, audience="anyone", expires_in_days=days) for days in (None, 1, 7)
    )
    tokens = [one.token or "" for one in (revoked, expired, kept)]
    revoke_share(user=chat.owner, share_id=str(revoked.id))
    Share.objects.filter(id=expired.id).update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    assert [bool(access.find_share(token, SIGNED_OUT)) for token in tokens] == [False, False, True]
    revoked.refresh_from_db()
    expired.refresh_from_db()
    assert (revoked.token, revoked.is_over, expired.is_over, kept.is_over) == (None, True, True, False)
    ended = revoked.revoked_at
    end_share(revoked)
    revoked.refresh_from_db()
    assert revoked.revoked_at == ended
    chat.owner.is_active = False
    chat.owner.save()
    assert access.find_share(tokens[2], SIGNED_OUT) is None


def test_a_deleted_conversation_takes_its_links_along(chat: Conversation) -> None:
    token = share_of(chat).token or ""
    delete_conversations(user=chat.owner, conversation_ids=[chat.id])
    assert access.find_share(token, chat.owner) is None
    restore_conversations(user=chat.owner, conversation_ids=[chat.id])
    assert access.find_share(token, chat.owner) is not None
    delete_for_good(chat)
    assert not Share.objects.exists()


def test_the_token_is_long_and_the_database_alone_opens_nothing(chat: Conversation) -> None:
    share = share_of(chat)
    with connection.cursor() as cursor:
        cursor.execute("SELECT token, digest FROM chat_share")
        stored = cursor.fetchone()
    assert len(share.token or "") == 32
    assert share.token not in str(stored)
    assert str(share) == str(share.id)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"audience": "anyone"}, "audience_not_allowed"),
        ({"audience": "everybody"}, "invalid"),
        ({"expires_in_days": 0}, "invalid"),
        ({"expires_in_days": 4000}, "invalid"),
    ],
)
def test_what_is_not_allowed_is_refused(chat: Conversation, options: dict[str, Any], code: str) -> None:
    with pytest.raises(OperationError, match=code):
        share_of(chat, **options)
    assert not Share.objects.exists()


def test_sharing_can_be_off(chat: Conversation) -> None:
    Workspace.objects.create(sharing="off")
    with pytest.raises(OperationError, match="sharing_off"):
        share_of(chat)


def test_running_and_empty_conversations_are_not_shared(chat: Conversation, insider: User) -> None:
    with pytest.raises(OperationError, match="empty"):
        share_of(Conversation.objects.create(owner=insider))
    running = Conversation.objects.create(owner=insider)
    factories.turn(running, status="running", answer="")
    with pytest.raises(OperationError, match="busy"):
        share_of(running)


def test_links_have_a_number(chat: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "MOST_PER_CONVERSATION", 1)
    share_of(chat)
    with pytest.raises(OperationError, match="too_many_shares"):
        share_of(chat)


def test_others_share_renew_and_revoke_nothing(chat: Conversation, outsider: User) -> None:
    share = share_of(chat)
    for action in (renew_share, revoke_share):
        with pytest.raises(OperationError, match="not_found"):
            action(user=outsider, share_id=str(share.id))
        with pytest.raises(OperationError, match="not_found"):
            action(user=outsider, share_id="x")
    with pytest.raises(OperationError, match="not_found"):
        create_share(user=outsider, conversation_id=str(chat.id))
    outsider.is_active = False
    with pytest.raises(OperationError, match="not_found"):
        shares.own_share(outsider, str(share.id))


def test_reading_takes_the_same_queries_however_long_it_is(insider: User) -> None:
    counts = set()
    for length in (2, 3 * PAGE):
        share = share_of(factories.long_conversation(insider, length))
        with CaptureQueriesContext(connection) as seen:
            thread = read_share(share)
        assert thread is not None
        counts.add((len(seen), length > PAGE == thread.has_more))
    assert len({count for count, _more in counts}) == 1


def test_pages_follow_each_other(insider: User) -> None:
    share = share_of(factories.long_conversation(insider, PAGE + 2))
    first, second = read_share(share), read_share(share, page=2)
    assert first is not None
    assert second is not None
    assert (len(first.messages), first.has_more, len(second.messages), second.has_more) == (
        PAGE,
        True,
        2,
        False,
    )
    assert read_share(share, page=3) is None


@pytest.mark.parametrize("shows_files", [True, False])
def test_a_reader_goes_on_with_a_copy(chat: Conversation, outsider: User, shows_files: bool) -> None:
    copied = copy_share(share=share_of(chat, shows_files=shows_files), reader=outsider)
    assert (copied.owner, copied.title) == (outsider, "Rivers")
    rows = list(Message.objects.path_to(copied.active_leaf_id))
    assert [row.depth for row in rows] == [0, 1, 2, 3]
    told = str([vars(row) for row in rows])
    assert "secret" not in told
    assert "Ines" not in told
    assert rows[-1].model_name == factories.language_model().model_id
    own = Attachment.objects.filter(owner=outsider)
    assert [file.name for file in own] == (["private plan.txt"] if shows_files else [])
    assert set(rows[0].attachments.all()) == set(own)
    path = [path_message(row, "account") for row in rows]
    path.append(path_message(Message(role="user", content=[{"type": "text", "text": "Go on"}]), "account"))
    sent = to_messages(path, "frame")
    assert [message["role"] for message in sent] == ["user", "assistant", "user"]
    assert sent[1]["content"] == [{"type": "text", "text": "There."}]


def test_a_file_that_was_deleted_is_named_in_the_copy(chat: Conversation, outsider: User) -> None:
    share = share_of(chat, shows_files=True)
    Attachment.objects.get().delete()
    copied = copy_share(share=share, reader=outsider)
    first = Message.objects.path_to(copied.active_leaf_id).first()
    assert first is not None
    assert first.content[0] == {"type": "text", "text": "(A file that was here is not available any more.)"}


def test_what_shows_nothing_can_not_be_copied(insider: User, outsider: User) -> None:
    chat = Conversation.objects.create(owner=insider)
    chat.active_leaf = factories.message(chat, None, "", kind="summary")
    chat.save()
    with pytest.raises(OperationError, match="empty"):
        copy_share(share=share_of(chat), reader=outsider)


def test_unknown_blocks_are_not_shown() -> None:
    odd = [{"type": "container_upload", "file_id": "x"}, {"type": "text", "text": "a", "citations": None}]
    asked = Message(role="user", content=odd)
    asked.content.append({"type": "image", "source": {"type": "url"}})
    answer = Message(
        role="assistant", model_name="m", content=[{"type": "mcp_tool_use", "name": "x", "input": 1}]
    )
    told = shared_messages([asked, answer, Message(role="assistant", content=[])], {}, with_files=False)
    assert [message.content for message in told] == [
        [{"type": "text", "text": "a"}, {"type": "file_not_shared"}],
        [{"type": "imported_tool_use", "name": "x"}],
    ]
