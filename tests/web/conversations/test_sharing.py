"""Shared conversations as pages: the dialog of the owner, and what readers get, signed in or not."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from chat.models import Attachment, Conversation, Share, User, Workspace
from chat.operations.conversations.message_input import content_blocks
from chat.operations.files.uploads import store_upload
from chat.operations.sharing.shares import create_share
from tests import factories
from tests.support import media


@pytest.fixture
def open_workspace(db: None) -> Workspace:
    return Workspace.objects.create(sharing="anyone")


def link(chat: Conversation, **options: Any) -> str:
    share = create_share(user=chat.owner, conversation_id=str(chat.id), **options)
    return reverse("shared", args=[share.token])


def with_files(chat: Conversation) -> list[Attachment]:
    files = [
        store_upload(owner=chat.owner, name="photo.png", data=media.picture()),
        store_upload(owner=chat.owner, name="paper.pdf", data=media.pdf("Words")),
        store_upload(owner=chat.owner, name="notes.html", data=b"<script>x</script>"),
    ]
    asked = factories.message(chat, chat.active_leaf, "", content=content_blocks(files))
    asked.attachments.set(files)
    Conversation.objects.filter(id=chat.id).update(active_leaf=asked)
    return files


def test_a_colleague_reads_it(signed_in: Callable[[str], Client], chat: Conversation) -> None:
    answer = signed_in("colleague").get(link(chat))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Plans for the garden" in page
    assert "**Very** high." in page
    assert "Continue with a copy" in page
    for button in ("data-retry", "data-continue", "hx-post", "receipt"):
        assert button not in page
    assert str(chat.id) not in page


def test_no_page_is_kept_indexed_or_named_elsewhere(open_workspace: Workspace, chat: Conversation) -> None:
    for answer in (Client().get(link(chat, audience="anyone")), Client().get("/s/" + "x" * 32)):
        assert answer["X-Robots-Tag"] == "noindex, nofollow, noarchive"
        assert answer["Referrer-Policy"] == "same-origin"
        assert "no-store" in answer["Cache-Control"]
        assert "private" in answer["Cache-Control"]


def test_anyone_reads_what_is_for_anyone(open_workspace: Workspace, chat: Conversation) -> None:
    page = Client().get(link(chat, audience="anyone")).content.decode()
    assert "**Very** high." in page
    assert "Sign in to continue with a copy" in page
    assert 'name="robots"' in page


def test_links_that_open_nothing_look_alike(
    open_workspace: Workspace, chat: Conversation, signed_in: Callable[[str], Client]
) -> None:
    for_colleagues, unknown = link(chat), "/s/" + "x" * 32
    asked = [Client().get(address) for address in (for_colleagues, unknown)]
    assert [answer.status_code for answer in asked] == [302, 302]
    assert [answer["Location"].split("?")[0] for answer in asked] == [reverse("account_login")] * 2
    assert [answer.content for answer in asked] == [b"", b""]
    revoked = link(chat, audience="anyone")
    Share.objects.filter(audience="anyone").update(revoked_at="2026-01-01T00:00:00Z")
    signed = [signed_in("colleague").get(address) for address in (revoked, unknown)]
    assert [answer.status_code for answer in signed] == [404, 404]
    assert len(signed[0].content) == len(signed[1].content)


@pytest.mark.parametrize("token", ["", "short", "x" * 31, "x" * 33, "x" * 31 + "%00", "..%2f" + "x" * 28])
def test_what_is_no_token_is_no_address(browser: Client, token: str) -> None:
    assert browser.get(f"/s/{token}").status_code == 404


def test_strangers_are_counted_by_their_address(
    open_workspace: Workspace, chat: Conversation, settings: Any, browser: Client
) -> None:
    settings.RATES_PER_MINUTE = {**settings.RATES_PER_MINUTE, "shared_pages": 2}
    address, asker = link(chat, audience="anyone"), f"10.9.8.{uuid.uuid4().int % 250}"
    answers = [Client(REMOTE_ADDR=asker).get(path) for path in (address, "/s/" + "y" * 32, address)]
    assert [answer.status_code for answer in answers] == [200, 302, 429]
    assert answers[2]["Retry-After"]
    assert Client(REMOTE_ADDR="10.1.1.1").get(address).status_code == 200
    assert browser.get(address).status_code == 200


def test_files_are_shown_if_the_owner_says_so(signed_in: Callable[[str], Client], chat: Conversation) -> None:
    photo, paper, notes = with_files(chat)
    reader = signed_in("colleague")
    closed, opened = link(chat), link(chat, shows_files=True)
    hidden = reader.get(closed).content.decode()
    assert hidden.count("A file that is not shared") == 3
    assert "photo.png" not in hidden
    page = reader.get(opened).content.decode()
    for path in (f"{photo.id}/thumbnail", f"{photo.id}/shown", f"{paper.id}/file", f"{notes.id}/file"):
        assert f"{opened}/{path}" in page
        assert reader.get(f"{closed}/{path}").status_code == 404
        assert Client().get(f"{opened}/{path}").status_code == 302
    download = reader.get(f"{opened}/{notes.id}/file")
    assert download["Content-Disposition"].startswith("attachment")
    assert download["X-Content-Type-Options"] == "nosniff"
    assert b"".join(download) == b"<script>x</script>"
    assert reader.get(f"{opened}/{photo.id}/thumbnail")["Content-Type"].startswith("image/")
    assert reader.get(f"{opened}/{paper.id}/shown")["Content-Type"] == "application/pdf"
    assert reader.get(f"{opened}/{notes.id}/shown").status_code == 404
    # The owner's own addresses stay closed.
    assert reader.get(reverse("attachment_file", args=[notes.id])).status_code == 404


def test_long_conversations_have_pages(signed_in: Callable[[str], Client], insider: User) -> None:
    chat = factories.long_conversation(insider, 102)
    reader, address = signed_in("colleague"), ""
    address = link(chat)
    first, second = (reader.get(address + query).content.decode() for query in ("", "?page=2"))
    assert "Message 0<" in first
    assert "Message 101" not in first
    assert "Next page" in first
    assert "Message 101" in second
    assert "Previous page" in second
    assert reader.get(address + "?page=3").status_code == 404
    assert reader.get(address + "?page=x").status_code == 200


def test_a_reader_goes_on_with_a_copy(signed_in: Callable[[str], Client], chat: Conversation) -> None:
    reader = signed_in("colleague")
    answer = reader.post(link(chat) + "/copy")
    copied = Conversation.objects.get(owner__email="colleague@example.test")
    assert (answer.status_code, answer["Location"]) == (302, reverse("conversation", args=[copied.id]))
    assert "**Very** high." in reader.get(answer["Location"]).content.decode()
    assert chat.messages.count() == 2


def test_a_copy_may_be_refused(signed_in: Callable[[str], Client], chat: Conversation, settings: Any) -> None:
    address = link(chat)
    reader = signed_in("colleague")
    settings.RATES_PER_MINUTE = {**settings.RATES_PER_MINUTE, "conversations": 1}
    statuses = [reader.post(address + "/copy").status_code for _each in range(2)]
    assert statuses == [302, 429]


def test_strangers_sign_in_before_they_copy(open_workspace: Workspace, chat: Conversation) -> None:
    address = link(chat, audience="anyone")
    answer = Client().post(address + "/copy")
    assert answer["Location"] == f"{reverse('account_login')}?next={address}"
    assert Client().get(address + "/copy").status_code == 405
    assert Client(enforce_csrf_checks=True).post(address + "/copy").status_code == 403


def test_the_dialog_makes_renews_and_revokes(browser: Client, chat: Conversation) -> None:
    dialog = reverse("share_dialog", args=[chat.id])
    assert "Create a link" in browser.get(dialog).content.decode()
    page = browser.post(dialog, {"days": "7", "files": "1"}).content.decode()
    share = Share.objects.get()
    assert f"http://testserver/s/{share.token}" in page
    assert "The link is ready" in page
    assert share.shows_files
    assert share.expires_at is not None
    assert "newest messages" not in page
    Conversation.objects.update(active_leaf=factories.message(chat, chat.active_leaf, "More"))
    assert "newest messages" in browser.get(dialog).content.decode()
    change = reverse("change_share", args=[share.id])
    assert "as it is now" in browser.post(change, {"do": "renew"}).content.decode()
    assert "is revoked" in browser.post(change, {"do": "revoke"}).content.decode()
    assert str(share.token) not in browser.get(dialog).content.decode()
    assert browser.post(change, {"do": "renew"}).status_code == 404


def test_the_dialog_offers_what_staff_allow(browser: Client, chat: Conversation) -> None:
    dialog = reverse("share_dialog", args=[chat.id])
    settings = Workspace.objects.create(sharing="anyone")
    assert 'value="anyone"' in browser.get(dialog).content.decode()
    settings.sharing = "workspace"
    settings.save()
    assert 'value="anyone"' not in browser.get(dialog).content.decode()
    refused = browser.post(dialog, {"audience": "anyone"})
    assert refused.status_code == 422
    assert "only" in refused.content.decode()
    settings.sharing = "off"
    settings.save()
    assert "switched sharing off" in browser.get(dialog).content.decode()
    assert browser.post(dialog).status_code == 422
    assert not Share.objects.exists()


def test_the_dialog_says_why_a_link_is_not_renewed(browser: Client, chat: Conversation) -> None:
    browser.post(reverse("share_dialog", args=[chat.id]))
    factories.turn(chat, status="running", parent=chat.active_leaf, answer="")
    answer = browser.post(reverse("change_share", args=[Share.objects.get().id]), {"do": "renew"})
    assert answer.status_code == 422
    assert "An answer is being written" in answer.content.decode()


def test_a_link_whose_key_is_lost_can_only_be_revoked(browser: Client, chat: Conversation) -> None:
    link(chat)
    Share.objects.update(token=None)
    page = browser.get(reverse("share_dialog", args=[chat.id])).content.decode()
    assert "can’t be shown any more" in page


@pytest.mark.parametrize("role", ["colleague", "outsider"])
def test_others_change_no_link(role: str, signed_in: Callable[[str], Client], chat: Conversation) -> None:
    link(chat)
    change = reverse("change_share", args=[Share.objects.get().id])
    assert signed_in(role).post(change, {"do": "revoke"}).status_code == 404
    assert Client().post(change, {"do": "revoke"}).status_code == 302
    assert Share.objects.get().revoked_at is None


def test_links_begin_with_the_public_address(browser: Client, chat: Conversation, settings: Any) -> None:
    settings.PUBLIC_URL = "https://parley.example.org"
    page = browser.post(reverse("share_dialog", args=[chat.id])).content.decode()
    assert "https://parley.example.org/s/" in page


def test_the_printed_page_has_all_messages(browser: Client, insider: User) -> None:
    chat = factories.long_conversation(insider, 80)
    page = browser.get(reverse("print_page", args=[chat.id])).content.decode()
    assert page.count("<article") == 80
    assert "data-retry" not in page
    assert "Show earlier" not in page


def test_downloads_of_the_page(browser: Client, chat: Conversation) -> None:
    address = reverse("export_file", args=[chat.id])
    answer = browser.get(address + "?format=json")
    assert answer["Content-Type"] == "application/json"
    assert b"Very" in b"".join(answer)
    assert browser.get(address + "?format=pdf").status_code == 404
