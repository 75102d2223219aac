"""Files that an answer made by running code. The provider keeps them; they are read over the answer's own connection.

The provider's ids are valid in its whole workspace, for every person. So an id counts only where an answer of a
conversation names it that the person may see.
"""

import dataclasses
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import structlog
from django.utils.translation import gettext as _

from chat.claude.content.made_files import is_made_in
from chat.models import ApiCall, Message, ProviderConnection, User
from chat.models.catalogue.platforms import MB
from chat.operations.errors import OperationError, not_found
from chat.operations.files.uploads import file_name, place_for
from chat.providers.clients import ConnectionUnusable, sync_client

log = structlog.get_logger(__name__)

LARGEST_BYTES = 100 * MB
_IN_MEMORY_BYTES = 2 * MB
_PIECE_BYTES = 262_144
LARGEST_PICTURE_BYTES = 20 * MB
PICTURE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_GONE = (404, 410)


@dataclasses.dataclass(frozen=True, slots=True)
class MadeFile:
    """A file that the provider keeps."""

    id: str
    name: str
    size_bytes: int
    media_type: str

    @property
    def is_picture(self) -> bool:
        """Whether it may be a picture that browsers show; its bytes decide when it is shown."""
        return self.media_type in PICTURE_TYPES and self.size_bytes <= LARGEST_PICTURE_BYTES


def describe_made_file(message: Message, file_id: str) -> MadeFile:
    """Return the name, size and type of a file, as the provider tells them.

    Raises:
        OperationError: not_found (the answer did not make it), gone (the provider has deleted it), unavailable.
    """
    with _failures(), sync_client(_connection(message, file_id)) as client:
        found = client.files.retrieve_metadata(file_id)
        return MadeFile(
            file_id, file_name(str(found.filename)), int(found.size_bytes or 0), str(found.mime_type or "")
        )


def read_made_file(message: Message, file_id: str, *, person: User) -> IO[bytes]:
    """Return the file, open at its beginning; it is deleted when it is closed.

    Raises:
        OperationError: as describe_made_file; too_large, busy.
    """
    connection = _connection(message, file_id)
    kept: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115
    try:
        with (
            place_for(person),
            _failures(),
            sync_client(connection) as client,
            client.files.with_streaming_response.download(file_id) as response,
        ):
            for piece in response.iter_bytes(_PIECE_BYTES):
                kept.write(piece)
                if kept.tell() > LARGEST_BYTES:
                    raise _too_large()
    except BaseException:
        kept.close()
        raise
    kept.seek(0)
    return kept


def _connection(message: Message, file_id: str) -> ProviderConnection:
    """Return the connection over which the answer came.

    Raises:
        OperationError: not_found, unavailable.
    """
    if message.role != Message.Role.ASSISTANT or not is_made_in(message.content, file_id):
        raise not_found()
    calls = ApiCall.objects.filter(message=message, connection__isnull=False).select_related("connection")
    call = calls.order_by("-started_at", "-id").first()
    if call is None or call.connection is None:
        raise _unavailable()
    return call.connection


@contextmanager
def _failures() -> Iterator[None]:
    """Turn the SDK's failures into sentences. The SDK is imported when a file is asked for, not at the start.

    Raises:
        OperationError: gone, unavailable.
    """
    from anthropic import AnthropicError, APIStatusError  # noqa: PLC0415
    from httpx2 import HTTPError  # noqa: PLC0415

    try:
        yield
    except (ConnectionUnusable, AnthropicError, HTTPError) as error:
        status = error.status_code if isinstance(error, APIStatusError) else None
        log.info("made_file_failed", error=type(error).__name__, status=status)
        raise (_gone() if status in _GONE else _unavailable()) from None


def _gone() -> OperationError:
    text = _("The model provider no longer has this file. Ask for it again in the conversation.")
    return OperationError("gone", text, status=410)


def _unavailable() -> OperationError:
    text = _("This file can’t be fetched from the model provider right now. Try again later.")
    return OperationError("unavailable", text, status=502)


def _too_large() -> OperationError:
    text = _("This file is larger than %(most)s MB and can’t be downloaded here.") % {
        "most": LARGEST_BYTES // MB
    }
    return OperationError("too_large", text, status=413)
