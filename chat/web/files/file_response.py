"""Stored files as answers."""

from functools import partial
from typing import Any, cast

from chat.models import StoredFile
from chat.operations.files.storage import open_stored, size_of
from chat.presentation.file_download import FileResponse


class StoredFileResponse(FileResponse):
    """The bytes of a stored file, which is open only while they are sent.

    Raises:
        OSError: the storage does not have it.
    """

    def __init__(self, stored: StoredFile, **options: Any) -> None:
        super().__init__(cast(Any, partial(open_stored, stored)), size_of(stored), **options)
