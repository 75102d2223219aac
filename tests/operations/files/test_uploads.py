"""Uploads: stored once by content, reused by digest only by their owner, deleted when unused."""

import datetime as dt
import hashlib
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from chat.models import Attachment, StoredFile, User
from chat.operations.files import documents, pictures, storage, uploads
from chat.operations.files.documents import Document, known_pages
from chat.operations.files.uploads import clear_unused_files, reuse_upload, store_upload
from chat.readers.process import sandbox
from tests import factories
from tests.support import media
from tests.support.refusals import refusal, refusal_code

pytestmark = pytest.mark.django_db


def long_ago() -> None:
    past = timezone.now() - dt.timedelta(days=3)
    Attachment.objects.update(created_at=past)
    StoredFile.objects.update(created_at=past)


def test_a_picture_has_its_upload_what_is_sent_and_a_thumbnail(insider: User) -> None:
    data = media.turned_photo()
    made = store_upload(owner=insider, name="C:\\photos\\me\n.jpg", data=data)
    assert (made.name, made.kind, made.width, made.height) == ("me .jpg", "image", 20, 40)
    assert made.original.digest == hashlib.sha256(data).hexdigest()
    assert (made.original.media_type, made.original.size_bytes) == ("image/jpeg", len(data))
    assert storage.read_stored(made.original) == data
    assert made.sent is not None
    assert made.thumbnail is not None
    assert b"secret" not in storage.read_stored(made.sent) + storage.read_stored(made.thumbnail)


def test_documents_keep_their_text_or_their_pages(insider: User) -> None:
    text = store_upload(owner=insider, name="a.csv", data=b"a,b")
    assert (text.kind, text.text, text.sent, str(text)) == ("text", "a,b", None, "a.csv")
    paper = store_upload(owner=insider, name="", data=media.pdf("One", "Two"))
    assert (paper.name, paper.kind, paper.pages, str(paper.original)) == (
        "file",
        "pdf",
        2,
        paper.original_id[:12],
    )


def test_a_restricted_pdf_is_kept_and_sent_decrypted(insider: User) -> None:
    data = media.pdf("Contract", restrict=True)
    made = store_upload(owner=insider, name="contract.pdf", data=data)
    assert (made.kind, made.pages, made.text) == ("pdf", 1, "")
    assert storage.read_stored(made.original) == data
    assert made.sent is not None
    sent = storage.read_stored(made.sent)
    assert b"/Encrypt" in data
    assert b"/Encrypt" not in sent
    assert known_pages(data) == known_pages(sent) == 1
    copied = reuse_upload(owner=insider, name="copy.pdf", digest=made.original_id)
    assert copied is not None
    assert copied.sent == made.sent


def test_a_pdf_that_grows_beyond_the_limit_is_refused(insider: User, monkeypatch: pytest.MonkeyPatch) -> None:
    data = media.pdf("Contract", restrict=True)
    monkeypatch.setattr(uploads, "MAX_PDF_BYTES", len(data))
    monkeypatch.setattr(
        uploads, "read_document", lambda data, *, person: Document("pdf", "x", sent=data + b" ")
    )
    assert refusal_code(store_upload, owner=insider, name="a.pdf", data=data) == "too_large"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (unicodedata.normalize("NFD", "한글 café.txt"), "한글 café.txt"),
        ("نمی\u200cخواهم.txt", "نمی\u200cخواهم.txt"),
        ("👩\u200d💻.txt", "👩\u200d💻.txt"),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f.txt",) * 2,
        ("zero\u200bwidth\ufeff.txt", "zerowidth.txt"),
        ("invoice\u202etxt.exe", "invoicetxt.exe"),
        ("two\nlines\tand tab.txt", "two lines and tab.txt"),
    ],
)
def test_names_keep_their_letters_and_joiners(sent: str, kept: str) -> None:
    assert uploads.file_name(sent) == kept


@pytest.mark.parametrize("data", [media.picture(), media.word(), "한국어 문서".encode("cp949")])
def test_an_upload_waits_for_a_place_only_so_long(
    insider: User, outsider: User, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (documents, pictures):
        monkeypatch.setattr(module, "UPLOAD_WAIT_SECONDS", 0)
    with sandbox.FILES.places.taken(str(insider.id)):
        error = refusal(store_upload, owner=insider, name="a", data=data)
        assert (error.code, error.status) == ("busy", 503)
        assert store_upload(owner=outsider, name="a", data=data).owner == outsider
    assert store_upload(owner=insider, name="a", data=data).owner == insider


def test_the_same_bytes_are_kept_once(insider: User, outsider: User) -> None:
    first = store_upload(owner=insider, name="a.txt", data=b"Hello once")
    assert store_upload(owner=insider, name="a.txt", data=b"Hello once") == first
    assert store_upload(owner=insider, name="b.txt", data=b"Hello once") != first
    theirs = store_upload(owner=outsider, name="a.txt", data=b"Hello once")
    assert theirs.original == first.original
    assert StoredFile.objects.count() == 1


def test_a_file_that_the_storage_lost_is_written_again(insider: User) -> None:
    first = store_upload(owner=insider, name="a.txt", data=b"Lost and found")
    default_storage.delete(first.original.path)
    with pytest.raises(OSError, match="No such file"):
        storage.read_stored(first.original)
    store_upload(owner=insider, name="a.txt", data=b"Lost and found")
    assert storage.read_stored(first.original) == b"Lost and found"


def test_known_digest_reuses_stored_bytes(insider: User, outsider: User) -> None:
    data = media.pdf("Mine")
    digest = hashlib.sha256(data).hexdigest()
    assert reuse_upload(owner=insider, name="x.pdf", digest=digest) is None
    made = store_upload(owner=insider, name="x.pdf", data=data)
    assert reuse_upload(owner=insider, name="x.pdf", digest=digest) == made
    renamed = reuse_upload(owner=insider, name="y.pdf", digest=digest)
    assert renamed is not None
    assert (renamed.name, renamed.pages, renamed.original) == ("y.pdf", 1, made.original)
    assert reuse_upload(owner=outsider, name="x.pdf", digest=digest) is None
    for wrong in ("short", digest.upper(), None):
        assert refusal_code(reuse_upload, owner=insider, name="x", digest=wrong) == "invalid"


def test_empty_large_and_nameless_files_are_refused(insider: User, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal_code(store_upload, owner=insider, name="a", data=b"") == "empty"
    assert refusal_code(store_upload, owner=insider, name=None, data=b"a") == "invalid"
    monkeypatch.setattr(uploads, "MAX_PDF_BYTES", 10)
    assert refusal_code(store_upload, owner=insider, name="a", data=media.pdf()) == "too_large"
    monkeypatch.setattr(uploads, "MAX_UPLOAD_BYTES", 10)
    assert refusal_code(store_upload, owner=insider, name="a", data=b"eleven byte") == "too_large"
    assert not StoredFile.objects.exists()


def test_smaller_picture_is_made_once_and_checked(insider: User) -> None:
    made = store_upload(owner=insider, name="a.png", data=media.picture("PNG", (2000, 100)))
    assert made.sent is not None
    small = storage.read_shrunk(made.sent, 1568)
    path = f"{made.sent.path}.1568"
    with default_storage.open(path) as file:
        assert file.read() == small
    assert storage.read_shrunk(made.sent, 1568) == small
    default_storage.delete(path)
    default_storage.save(path, storage.ContentFile(small[:50]))
    assert storage.read_shrunk(made.sent, 1568) == small


def test_unused_files_are_deleted_and_used_ones_kept(insider: User) -> None:
    used = store_upload(owner=insider, name="used.png", data=media.picture("PNG", (50, 50)))
    message = factories.message(factories.conversation(insider), None, "Look")
    message.attachments.add(used)
    idle = store_upload(owner=insider, name="idle.png", data=media.picture("GIF", (2000, 60)))
    assert idle.sent is not None
    storage.read_shrunk(idle.sent, 1568)
    shared = store_upload(owner=insider, name="copy.png", data=media.picture("PNG", (50, 50)))
    assert clear_unused_files() == 0
    long_ago()
    paths = [idle.original.path, idle.sent.path, f"{idle.sent.path}.1568"]
    assert all(map(default_storage.exists, paths))
    assert clear_unused_files() == 3
    assert not any(map(default_storage.exists, paths))
    assert list(Attachment.objects.all()) == [used]
    assert not Attachment.objects.filter(id=shared.id).exists()
    assert storage.read_stored(used.original)
    assert clear_unused_files() == 0


def test_a_file_in_use_or_gone_is_not_deleted(insider: User) -> None:
    made = store_upload(owner=insider, name="a.txt", data=b"In use")
    assert not storage.delete_if_unused(made.original)
    assert storage.read_stored(made.original) == b"In use"
    stored = made.original
    made.delete()
    assert storage.delete_if_unused(stored)
    assert not storage.delete_if_unused(stored)


def test_the_same_upload_at_once_is_one_file(any_database: str, at_once: Callable[..., list[Any]]) -> None:
    owner = factories.person("insider")
    data = media.picture("GIF", (60, 60))
    made = at_once(lambda: store_upload(owner=owner, name="a.png", data=data), 8)
    assert {one.id for one in made} == {made[0].id}
    assert StoredFile.objects.count() == 3
