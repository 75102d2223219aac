"""Static files as they are collected: hashed, compressed, and style sheets joined with those that they import."""

import functools
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage
from servestatic.storage import CompressedManifestStaticFilesStorage

_IMPORT = re.compile(r'^@import "(\.\.?/[^"]+)";\n', re.MULTILINE)


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Keeps a page from asking for each of its style sheets: none is drawn before the last one has arrived.

    An address is looked up once: files don't change while a process serves them.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._address = functools.cache(super().url)

    def url(self, name: str | None, force: bool = False) -> str:
        return self._address(name, force)

    def post_process(
        self, paths: Mapping[str, tuple[Storage, str]], dry_run: bool = False, **options: Any
    ) -> Iterator[Any]:
        joined = {
            name: (_JoinedStyles(source), path) if name.startswith("chat/css/") else (source, path)
            for name, (source, path) in paths.items()
        }
        yield from super().post_process(joined, dry_run, **options)
        self._address.cache_clear()


class _JoinedStyles(Storage):
    """The files of another storage, with imports of style sheets joined."""

    def __init__(self, source: Storage) -> None:
        self._source = source

    def _open(self, name: str, mode: str = "rb") -> File:
        return ContentFile(join_imports(self._source, name).encode())


def join_imports(source: Storage, path: str) -> str:
    """Return a style sheet with what it imports by a relative address in the place of the import."""
    folder = posixpath.dirname(path)
    with source.open(path) as file:
        text = file.read().decode()
    return _IMPORT.sub(
        lambda found: join_imports(source, posixpath.normpath(posixpath.join(folder, found[1]))), text
    )
