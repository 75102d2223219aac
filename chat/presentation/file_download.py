"""Files as answers: read in pieces, as the client takes them.

An answer that holds a whole file would keep it in memory as long as its client reads nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import IO, Any

from django.http import StreamingHttpResponse

PIECE_BYTES = 262_144


class FileResponse(StreamingHttpResponse):
    """The bytes of a file, which `open_file` opens when they are sent and which is closed after that."""

    def __init__(self, open_file: Callable[[], IO[bytes]], size_bytes: int, **options: Any) -> None:
        super().__init__((), **options)
        self._open_file = open_file
        self.headers["Content-Length"] = str(size_bytes)

    @classmethod
    def of_open(cls, file: IO[bytes], size_bytes: int, **options: Any) -> "FileResponse":
        """Return the bytes of an open file, which is closed also when nothing of it is sent."""
        made = cls(lambda: file, size_bytes, **options)
        made._resource_closers.append(file.close)  # type: ignore[attr-defined]  # Django's own list for this
        return made

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
