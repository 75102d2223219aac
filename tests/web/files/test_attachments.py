"""Files over HTTP: for their owner alone, never run, and the page that shows a cited place."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from chat.models import Attachment, Conversation, Message, StoredFile, User
from chat.operations.conversations.message_input import content_blocks
from chat.operations.files import page_texts, storage
from chat.operations.files.uploads import store_upload
from chat.presentation.file_download import PIECE_BYTES
from chat.readers.process import sandbox
from chat.web.files import attachments as pages
from chat.web.files.file_response import StoredFileResponse
from tests import factories
from tests.support import media

PAGES = ["attachment", "attachment_file", "attachment_shown", "attachment_thumbnail"]
TEXT = "Sky is blue. Grass is green. " + "More. " * 20


@pytest.fixture
def photo(insider: User) -> Attachment:
    return store_upload(owner=insider, name="a photo.png", data=media.picture("PNG", (600, 400)))


@pytest.fixture
def notes(insider: User) -> Attachment:
    return store_upload(owner=insider, name="notes.html", data=f"<script>x</script>{TEXT}".encode())


@pytest.fixture
def paper(insider: User) -> Attachment:
    data = media.pdf("First page", "Grass is\ngreen here", "Last")
    return store_upload(owner=insider, name="paper.pdf", data=data)


@pytest.fixture
def answer(chat: Conversation, notes: Attachment, paper: Attachment) -> Message:
    asked = factories.message(chat, chat.active_leaf, "?", content=content_blocks([notes, paper]))
    asked.attachments.set([notes, paper])
    cited = {"type": "char_location", "document_index": 0, "document_title": "notes.html"}
    cited |= {"cited_text": "Grass is green.", "start_char_index": 31, "end_char_index": 46}
    content = [
        {"type": "text", "text": "It says: "},
        {"type": "text", "text": "green", "citations": [cited]},
        {"type": "text", "text": ", so it is."},
    ]
    made = factories.message(chat, asked, "It says: green, so it is.", role="assistant", content=content)
    Conversation.objects.filter(id=chat.id).update(active_leaf=made)
    return made


def get(browser: Client, name: str, of: Attachment, query: str = "") -> Any:
    return browser.get(reverse(name, args=[of.id]) + query)


@pytest.mark.parametrize("role", ["colleague", "outsider"])
@pytest.mark.parametrize("name", PAGES)
def test_others_find_nothing(
    name: str, role: str, signed_in: Callable[[str], Client], photo: Attachment
) -> None:
    client = signed_in(role)
    foreign, unknown = get(client, name, photo), client.get(reverse(name, args=[uuid.uuid4()]))
    assert foreign.status_code == unknown.status_code == 404
    assert len(foreign.content) == len(unknown.content)  # the nonces differ
    assert b"photo" not in foreign.content
    assert get(Client(), name, photo).status_code == 302
    assert get(Client(headers={"Sec-Fetch-Dest": "empty"}), name, photo).status_code == 401


def test_citations_are_hidden_from_others(signed_in: Callable[[str], Client], answer: Message) -> None:
    address = reverse("cited", args=[answer.id]) + "?document=0"
    assert signed_in("outsider").get(address).status_code == 404
    assert Client().get(address).status_code == 302


def whole(response: Any) -> bytes:
    return b"".join(response)


async def test_a_file_leaves_in_pieces() -> None:
    data = bytes(range(256)) * 4096
    stored = StoredFile(path=storage.default_storage.save("pieces", ContentFile(data)))
    pieces = [piece async for piece in StoredFileResponse(stored)]
    storage.default_storage.delete(stored.path)
    assert b"".join(pieces) == data
    assert {len(piece) for piece in pieces} == {PIECE_BYTES}


def test_a_download_is_the_upload_and_never_runs(browser: Client, notes: Attachment) -> None:
    response = get(browser, "attachment_file", notes)
    assert whole(response) == storage.read_stored(notes.original)
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="notes.html"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "no-store" in response["Cache-Control"]


def test_pictures_are_shown_as_they_are_sent(browser: Client, photo: Attachment) -> None:
    shown, small = get(browser, "attachment_shown", photo), get(browser, "attachment_thumbnail", photo)
    assert (shown["Content-Type"], small["Content-Type"]) == ("image/png", "image/webp")
    picture = whole(shown)
    assert picture == storage.read_stored(photo.sent)  # type: ignore[arg-type]
    assert (len(picture), len(whole(small))) == (int(shown["Content-Length"]), int(small["Content-Length"]))
    assert int(small["Content-Length"]) < len(picture)
    assert small["Content-Disposition"] == 'inline; filename="a photo.png"'
    assert b"attachments/" in get(browser, "attachment", photo).content


def test_only_pictures_and_pdfs_are_shown(browser: Client, notes: Attachment, paper: Attachment) -> None:
    assert get(browser, "attachment_shown", notes).status_code == 404
    assert get(browser, "attachment_thumbnail", paper).status_code == 404
    shown = get(browser, "attachment_shown", paper)
    assert (shown["Content-Type"], shown["X-Content-Type-Options"]) == ("application/pdf", "nosniff")
    assert "default-src 'none'" in shown["Content-Security-Policy"]


def test_lost_bytes_are_not_found(browser: Client, paper: Attachment) -> None:
    storage.default_storage.delete(paper.original.path)
    assert get(browser, "attachment_file", paper).status_code == 404
    assert get(browser, "attachment", paper).status_code == 200


def test_a_text_is_shown_with_its_place(browser: Client, notes: Attachment) -> None:
    html = get(browser, "attachment", notes, "?start=31&end=46").content.decode()
    assert '<mark id="cited">Grass is green.</mark>' in html
    assert "<script>x" not in html
    for odd in (
        "",
        "?start=46&end=31",
        "?start=x&end=-1",
        "?start=99999999999&end=1",
        "?start=5&end=9999999999",
    ):
        page = get(browser, "attachment", notes, odd)
        assert page.status_code == 200
        assert "Grass is green." in page.content.decode()


def test_a_long_text_is_shown_around_its_place(
    browser: Client, notes: Attachment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "SHOWN_CHARACTERS", 40)
    monkeypatch.setattr(pages, "_BEFORE_PLACE", 10)
    html = get(browser, "attachment", notes, "?start=31&end=46").content.decode()
    assert '<mark id="cited">Grass is green.</mark>' in html
    assert "The beginning is not shown" in html
    assert "The rest is not shown" in html
    assert "Sky" not in html


def test_a_pdf_is_read_page_by_page(browser: Client, paper: Attachment) -> None:
    html = get(browser, "attachment", paper, "?page=2&quote=Grass+is+green").content.decode()
    assert "Page 2 of 3" in html
    assert '<mark id="cited">' in html
    assert f"/attachments/{paper.id}/shown#page=2" in html
    for odd in ("", "?page=0", "?page=77", "?page=x&quote=nowhere"):
        assert "of 3" in get(browser, "attachment", paper, odd).content.decode()


def test_a_restricted_pdf_is_shown_decrypted(browser: Client, insider: User) -> None:
    data = media.pdf("Grass is green", restrict=True)
    made = store_upload(owner=insider, name="contract.pdf", data=data)
    assert whole(get(browser, "attachment_file", made)) == data
    assert b"/Encrypt" not in whole(get(browser, "attachment_shown", made))
    assert (
        '<mark id="cited">Grass is</mark>'
        in get(browser, "attachment", made, "?quote=Grass+is").content.decode()
    )


def test_a_page_waits_for_a_place_only_so_long(
    browser: Client, paper: Attachment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_texts, "WAIT_SECONDS", 0)
    page_texts._kept.clear()
    with sandbox.FILES.places.taken(str(paper.owner_id)):
        busy = get(browser, "attachment", paper, "?page=1")
        assert (busy.status_code, busy["Retry-After"]) == (503, "5")
        assert f'href="/attachments/{paper.id}?page=1"' in busy.content.decode()
    assert get(browser, "attachment", paper, "?page=1").status_code == 200


def test_a_long_page_says_that_it_is_cut(
    browser: Client, paper: Attachment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_texts, "MOST_CHARACTERS", 5)
    page_texts._kept.clear()
    assert "The rest is not shown" in get(browser, "attachment", paper).content.decode()
    page_texts._kept.clear()


def test_citations_are_links_to_their_place(browser: Client, answer: Message, notes: Attachment) -> None:
    html = browser.get(f"/c/{answer.conversation_id}").content.decode()
    link = f"/cited/{answer.id}?document=0&amp;title=notes.html&amp;start=31&amp;end=46"
    assert f"It says: green \ufdd0[1]({link}), so it is." in html
    place = browser.get(link.replace("&amp;", "&"))
    assert place.status_code == 302
    assert place["Location"] == f"/attachments/{notes.id}?message={answer.id}&start=31&end=46#cited"


def test_a_citation_of_what_is_not_there_leads_nowhere(
    browser: Client, answer: Message, paper: Attachment
) -> None:
    address = reverse("cited", args=[answer.id])
    found = browser.get(f"{address}?document=7&title=paper.pdf&page=2&quote=Grass")
    assert found["Location"] == f"/attachments/{paper.id}?message={answer.id}&page=2&quote=Grass#cited"
    for query in ("", "?document=7", "?document=-1&title=other", "?document=x"):
        assert browser.get(address + query).status_code == 404


def test_a_document_leads_back_to_its_conversation(
    browser: Client, insider: User, outsider: User, answer: Message, paper: Attachment
) -> None:
    here, asked = f'href="/c/{answer.conversation_id}"', answer.parent
    assert asked is not None
    assert f'href="/attachments/{paper.id}?message={asked.id}"' in browser.get(here[6:-1]).content.decode()
    # The same file in a newer conversation: the message says from which one the person came.
    newer = factories.conversation(insider, "And here?")
    newer.active_leaf.attachments.add(paper)  # type: ignore[union-attr]
    there = f'href="/c/{newer.id}"'
    foreign = factories.conversation(outsider, "Mine").active_leaf
    assert foreign
    queries = {f"?message={answer.id}": here, "": there, "?message=x": there, f"?message={foreign.id}": there}
    for query, back in queries.items():
        html = get(browser, "attachment", paper, query).content.decode()
        assert "Back to the conversation" in html
        assert [address in html for address in (here, there)] == [
            address == back for address in (here, there)
        ]
    # The next page leads back to the same one.
    html = get(browser, "attachment", paper, f"?page=2&message={answer.id}").content.decode()
    assert f'href="?page=3&amp;message={answer.id}"' in html
    assert 'href="?page=3"' in get(browser, "attachment", paper, "?page=2").content.decode()


def test_a_file_that_was_not_sent_leads_to_all_conversations(browser: Client, paper: Attachment) -> None:
    assert "Go to your conversations" in get(browser, "attachment", paper).content.decode()


def test_files_of_a_message_are_shown_with_it(browser: Client, answer: Message, photo: Attachment) -> None:
    asked = answer.parent
    assert asked is not None
    asked.content = content_blocks([photo]) + asked.content
    asked.save()
    asked.attachments.add(photo)
    html = browser.get(f"/c/{answer.conversation_id}").content.decode()
    assert f'<img src="/attachments/{photo.id}/thumbnail" alt="a photo.png"' in html
    assert "paper.pdf" in html
    assert "PDF · 3 pages" in html
