"""Uploads: a file is read, its version for models is made, and its bytes are stored once per content."""

import datetime as dt
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from chat import access
from chat.claude.encoding.text import clean_text
from chat.models import Assistant, Attachment, StoredFile, User
from chat.models.catalogue.platforms import MB
from chat.operations import rates
from chat.operations.errors import OperationError, busy, invalid
from chat.operations.files.documents import checked_text, read_document
from chat.operations.files.pictures import UPLOAD_WAIT_SECONDS, read_picture
from chat.operations.files.quota import charge, check_quota, recount
from chat.operations.files.storage import delete_if_unused, keep
from chat.readers.errors import Busy
from chat.readers.pictures.sizes import picture_format
from chat.readers.process.places import Places

MAX_UPLOAD_BYTES = 33_000_000  # with its envelope below the largest request that this server accepts
# A PDF is sent unchanged, as base64, with the rest of a request.
MAX_PDF_BYTES = 22_000_000
PLACES = Places(4)
UNSENT_FOR = dt.timedelta(days=2)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LONGEST_NAME = 255
# What an attachment of the same bytes has in common, beside its files.
COPIED = ("kind", "text", "width", "height", "pages")
_COPIED = (*COPIED, "sent", "thumbnail")
# Zero width (non-)joiner, and the tags of which flags of regions consist.
_JOINERS = frozenset({"\u200c", "\u200d", *map(chr, range(0xE0020, 0xE0080))})


@contextmanager
def place_for(owner: User) -> Iterator[None]:
    """Wait for a place to hold an upload in memory: one for each person, and a few for all.

    Raises:
        OperationError: busy.
    """
    try:
        with PLACES.taken(str(owner.pk), seconds=UPLOAD_WAIT_SECONDS):
            yield
    except Busy:
        raise busy() from None


def store_upload(*, owner: User, name: object, data: bytes) -> Attachment:
    """Store an uploaded file. The same file under the same name is the same attachment.

    Raises:
        OperationError: empty, too_large, too_long, unsupported, unreadable, encrypted, busy, too_many_requests,
            upload_limit, storage_full; the message says what to do.
    """
    rates.count(rates.UPLOADS, owner.pk)
    return keep_upload(owner=owner, name=name, data=data)


def keep_upload(*, owner: User, name: object, data: bytes) -> Attachment:
    """Store a file as `store_upload` does, without counting the request: one of an import.

    Raises:
        OperationError: as `store_upload`, without too_many_requests.
    """
    name = file_name(name)
    _check_size(data)
    check_quota(owner, len(data))
    try:
        fields, files = _read(data, str(owner.id))
    except Busy:
        raise busy() from None
    with transaction.atomic():
        # In one order, so that two uploads never wait for each other.
        in_order = sorted(files.items(), key=lambda item: item[1][0])
        rows = {field: keep(content, media_type) for field, (content, media_type) in in_order}
        counted = charge(owner, rows["original"])
        attachment, made = Attachment.objects.get_or_create(
            owner=owner, name=name, original=rows.pop("original"), defaults={**fields, **rows}
        )
        if counted and not made:  # only deleted conversations had it
            attachment.renew()
    return attachment


def keep_text(*, owner: User, name: object, text: str) -> Attachment:
    """Store a text that came without a file.

    Raises:
        OperationError: empty, too_long, too_large, upload_limit, storage_full.
    """
    name, text = file_name(name), checked_text(text)
    data = text.encode()
    _check_size(data)
    with transaction.atomic():
        original = keep(data, "text/plain")
        charge(owner, original)
        attachment, _made = Attachment.objects.get_or_create(
            owner=owner,
            name=name,
            original=original,
            defaults={"kind": Attachment.Kind.TEXT, "text": text},
        )
    return attachment


def reuse_upload(*, owner: User, name: object, digest: object) -> Attachment | None:
    """Return an attachment of bytes that this person has uploaded before; None when they have not.

    The digest of another person's file reveals nothing and gives no access.

    Raises:
        OperationError: invalid, too_many_requests; upload_limit and storage_full, when only deleted conversations
            hold these bytes.
    """
    rates.count(rates.UPLOADS, owner.pk)
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise invalid(_("sha256 must be a SHA-256 hash in 64 hexadecimal digits."))
    name = file_name(name)
    with transaction.atomic():
        known = access.attachments(owner).filter(original=digest).order_by("created_at", "id").first()
        if known is None:
            return None
        counted = charge(owner, known.original)
        attachment, made = Attachment.objects.get_or_create(
            owner=owner,
            name=name,
            original=known.original,
            defaults={field: getattr(known, field) for field in _COPIED},
        )
        if counted and not made:
            attachment.renew()
    return attachment


def own_copies(owner: User, files: Mapping[str, Attachment]) -> dict[str, Attachment]:
    """Map the same keys to files of `owner` with the same names and bytes, in the caller's transaction.

    Raises:
        OperationError: upload_limit, storage_full.
    """
    if not files:
        return {}
    originals = {file.original_id: file.original for file in files.values()}
    own = Attachment.objects.of(owner).filter(original__in=originals)
    new = originals.keys() - set(own.values_list("original", flat=True))
    check_quota(owner, sum(originals[digest].size_bytes for digest in new))
    copied = (*COPIED, "sent_id", "thumbnail_id")
    Attachment.objects.bulk_create(
        [
            Attachment(
                owner=owner,
                name=file.name,
                original_id=file.original_id,
                **{field: getattr(file, field) for field in copied},
            )
            for file in files.values()
        ],
        ignore_conflicts=True,
    )
    recount([owner.pk])
    known = {(file.original_id, file.name): file for file in own.all()}
    return {key: known[file.original_id, file.name] for key, file in files.items()}


def clear_unused_files() -> int:
    """Delete attachments of two days ago that no message and no project has, and bytes that no attachment names.

    Returns how many files went.
    """
    before = timezone.now() - UNSENT_FOR
    unsent = Attachment.objects.unlinked().filter(created_at__lt=before)
    owners = set(unsent.values_list("owner", flat=True))
    unsent.delete()
    recount(owners)
    return sum(map(delete_if_unused, list(_unnamed_files(before))))


def delete_unlinked(
    owner: User, attachment_ids: Collection[Any], *, unless_uploaded_after: dt.datetime | None = None
) -> None:
    """Delete those of a person's attachments that no message and no project has, so that they don't count as stored.

    One that was uploaded again later than `unless_uploaded_after` may stand in a message that is not sent yet.
    Runs in the caller's transaction. `clear_unused_files` deletes their bytes later.
    """
    if not attachment_ids:
        return
    own = Attachment.objects.filter(owner=owner, id__in=attachment_ids)
    # A message that names one at this moment has locked it: it is waited for, and then seen.
    list(own.order_by("id").select_for_update(no_key=True).values_list("id", flat=True))
    unlinked = own.unlinked()
    if unless_uploaded_after is not None:
        unlinked = unlinked.exclude(created_at__gt=unless_uploaded_after)
    rows = Attachment.objects.filter(id__in=list(unlinked.values_list("id", flat=True)))
    rows._raw_delete(rows.db)
    recount([owner.pk])


def file_name(value: object) -> str:
    """Return a name that can be shown and saved: the last part of a path, on one line.

    Raises:
        OperationError: invalid, when it is no text.
    """
    if not isinstance(value, str):
        raise invalid(_("A file needs a name."))
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", clean_text(value)))[-1]
    return " ".join("".join(map(_shown, last)).split())[-_LONGEST_NAME:] or "file"


def _shown(character: str) -> str:
    """Return a character of a name, a blank for a line break or the like, and nothing for an invisible character.

    Joiners shape Persian and Indic words and emoji. Other invisible ones only make names that look alike differ, or
    turn their order around.
    """
    if character.isprintable() or character in _JOINERS:
        return character
    return "" if unicodedata.category(character) == "Cf" else " "


def _check_size(data: bytes) -> None:
    if not data:
        raise OperationError("empty", _("This file is empty. Choose another one."), status=422)
    most = MAX_PDF_BYTES if b"%PDF-" in data[:1024] else MAX_UPLOAD_BYTES
    if len(data) > most:
        raise OperationError(
            "too_large",
            _("This file is larger than %(most)s MB. Attach a smaller one, or only the part you need.")
            % {"most": most // MB},
            status=413,
        )


def _read(data: bytes, person: str) -> tuple[dict[str, Any], dict[str, tuple[bytes, str]]]:
    """Return the attachment's fields, and the files that it points at with their media types."""
    if picture_format(data):
        picture = read_picture(data, person=person)
        sent, small = picture.sent, picture.thumbnail
        files = {
            "original": (data, picture.media_type),
            "sent": (sent.data, sent.media_type),
            "thumbnail": (small.data, small.media_type),
        }
        return {"kind": Attachment.Kind.IMAGE, "width": sent.width, "height": sent.height}, files
    document = read_document(data, person=person)
    fields = {"kind": document.kind, "text": document.text, "pages": document.pages}
    files = {"original": (data, document.media_type)}
    if document.sent is not None:
        _check_size(document.sent)
        files["sent"] = document.sent, document.media_type
    return fields, files


def _unnamed_files(before: dt.datetime) -> Iterable[StoredFile]:
    used = Q()
    for field in ("original", "sent", "thumbnail"):
        used |= Q(digest__in=Attachment.objects.filter(**{f"{field}__isnull": False}).values(field))
    used |= Q(digest__in=Assistant.objects.filter(picture__isnull=False).values("picture"))
    return StoredFile.objects.filter(created_at__lt=before).exclude(used)
