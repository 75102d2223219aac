"""Bytes under their SHA-256 in the default storage: stored once, read whole, deleted without attachments."""

import hashlib
from contextlib import suppress

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import ProtectedError

from chat.models import StoredFile
from chat.operations.files.pictures import shrunk
from chat.readers.pictures.sizes import OLDER_SIDE

FOLDER = "files"
# The last bytes of a complete JPEG and of a complete PNG.
_LAST_BYTES = (b"\xff\xd9", b"IEND\xaeB`\x82")


def keep(data: bytes, media_type: str) -> StoredFile:
    """Return the row of these bytes, locked, writing them first if they are new. Belongs into a transaction.

    A row that is being made or deleted is waited for; a file without a row is what a crash left, and written anew.
    """
    digest = hashlib.sha256(data).hexdigest()
    stored, made = StoredFile.objects.select_for_update().get_or_create(
        digest=digest,
        defaults={
            "path": f"{FOLDER}/{digest[:2]}/{digest}",
            "media_type": media_type,
            "size_bytes": len(data),
        },
    )
    if made or not default_storage.exists(stored.path):
        _write(stored.path, data)
    return stored


def open_stored(stored: StoredFile) -> "File[bytes]":
    """Return the file, open for reading.

    Raises:
        OSError: the storage does not have it.
    """
    return default_storage.open(stored.path)


def size_of(stored: StoredFile) -> int:
    """Return how many bytes the storage has.

    Raises:
        OSError: it does not have the file.
    """
    return default_storage.size(stored.path)


def read_stored(stored: StoredFile) -> bytes:
    """Return the bytes.

    Raises:
        OSError: the storage does not have them.
    """
    with open_stored(stored) as file:
        return bytes(file.read())


def read_shrunk(stored: StoredFile, side: int) -> bytes:
    """Return a stored picture at most `side` pixels wide and high: made once, then always the same bytes.

    Raises:
        OSError: the storage does not have the picture.
    """
    path = _shrunk_path(stored, side)
    if default_storage.exists(path):
        with default_storage.open(path) as file:
            data = bytes(file.read())
        if data.endswith(_LAST_BYTES):  # else it is being written, or its writer died
            return data
    data = shrunk(read_stored(stored), side)
    _write(path, data)
    return data


def delete_if_unused(stored: StoredFile) -> bool:
    """Delete a row without attachments, and then its bytes; return whether it was deleted."""
    with suppress(ProtectedError), transaction.atomic():
        locked = StoredFile.objects.select_for_update().filter(digest=stored.digest).first()
        if locked is None:
            return False
        locked.delete()
        # Before the commit: a process that stores the same bytes waits for it, and then writes them again.
        for path in (locked.path, _shrunk_path(locked, OLDER_SIDE)):
            default_storage.delete(path)
        return True
    return False


def _shrunk_path(stored: StoredFile, side: int) -> str:
    return f"{stored.path}.{side}"


def _write(path: str, data: bytes) -> None:
    default_storage.delete(path)
    default_storage.save(path, ContentFile(data))
