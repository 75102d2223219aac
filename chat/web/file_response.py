"""Stored files as answers: read in pieces, as the client takes them.

An answer that holds a whole file would keep it in memory as long as its client reads nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

from django.http import StreamingHttpResponse

from chat.models import StoredFile
from chat.operations.files.storage import open_stored, size_of

PIECE_BYTES = 262_144


class StoredFileResponse(StreamingHttpResponse):
    """The bytes of a stored file, which is open only while they are sent.

    Raises:
        OSError: the storage does not have it.
    """

    def __init__(self, stored: StoredFile, **options: Any) -> None:
        super().__init__((), **options)
        self._stored = stored
        self.headers["Content-Length"] = str(size_of(stored))

    def __iter__(self) -> Iterator[bytes]:
        with open_stored(self._stored) as file:
            while piece := file.read(PIECE_BYTES):
                yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        file = await asyncio.to_thread(open_stored, self._stored)
        try:
            while piece := await asyncio.to_thread(file.read, PIECE_BYTES):
                yield piece
        finally:
            file.close()
