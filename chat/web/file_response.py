"""Files as answers: read in pieces, as the client takes them.

An answer that holds a whole file would keep it in memory as long as its client reads nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import IO, Any

from django.http import StreamingHttpResponse

from chat.models import StoredFile
from chat.operations.files.storage import open_stored, size_of

PIECE_BYTES = 262_144


class FileResponse(StreamingHttpResponse):
    """The bytes of a file, which `open_file` opens when they are sent and which is closed after that."""

    def __init__(self, open_file: Callable[[], IO[bytes]], size_bytes: int, **options: Any) -> None:
        super().__init__((), **options)
        self._open_file = open_file
        self.headers["Content-Length"] = str(size_bytes)

    def __iter__(self) -> Iterator[bytes]:
        with self._open_file() as file:
            while piece := file.read(PIECE_BYTES):
                yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        file = await asyncio.to_thread(self._open_file)
        try:
            while piece := await asyncio.to_thread(file.read, PIECE_BYTES):
                yield piece
        finally:
            file.close()


class StoredFileResponse(FileResponse):
    """The bytes of a stored file.

    Raises:
        OSError: the storage does not have it.
    """

    def __init__(self, stored: StoredFile, **options: Any) -> None:
        super().__init__(lambda: open_stored(stored), size_of(stored), **options)
