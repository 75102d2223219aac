"""The file that a person uploads: the ZIP as the service sent it, or one JSON file.

Nothing is unpacked to disk, so names of members lead nowhere. Members are read in pieces, and only JSON and the files
that messages name.
"""

import functools
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from chat.readers.errors import Refused

PIECE_BYTES = 262_144
MOST_MEMBERS = 100_000
# An export is compressed to a fifth or a tenth, a bomb to a thousandth. Below a gigabyte it costs seconds at most.
MOST_RATIO = 200
HARMLESS_BYTES = 1_000_000_000
MOST_JSON_BYTES = 20_000_000_000
LARGEST_FILE_BYTES = 33_000_000
# Members whose elements are no conversations, and hold nothing that a person would miss.
_IGNORED = re.compile(
    r"(?:^|/)(?:users?|user_settings|message_feedback|model_comparisons|shared_conversations|"
    r"group_chats|sora|shopping)[^/]*\.json$",
    re.IGNORECASE,
)
_PROJECTS = re.compile(r"(?:^|/)projects[^/]*(?:\.json$|/)", re.IGNORECASE)
_MEMORIES = re.compile(r"(?:^|/)memories[^/]*(?:\.json$|/)", re.IGNORECASE)
# Claude sends its newer exports as a list of addresses, each of a ZIP.
_MANIFEST = re.compile(rb'"data_files"\s*:\s*\[')
_ID = re.compile(r"file-[A-Za-z0-9]+|file_[0-9a-f]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MAC_FOLDER = "__MACOSX/"


class ExportFile:
    """An uploaded export, open for reading.

    Raises:
        Refused: not_an_export, manifest, damaged, encrypted, compression, bomb, too_many_files, nested.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        head = file.read(4096)
        file.seek(0)
        self._zip: zipfile.ZipFile | None = None
        if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            self._zip = _opened(file)
            self._members = [one for one in self._zip.infolist() if not one.is_dir()]
            _check(self._members)
        elif not head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"{", b"[")):
            raise Refused("not_an_export")
        elif _MANIFEST.search(head):
            raise Refused("manifest")

    def json_names(self) -> list[str]:
        """Return the members to read in the order of their names, memories behind projects; one "" for a JSON file."""
        if self._zip is None:
            return [""]
        names = (
            one.filename
            for one in self._members
            if one.filename.lower().endswith((".json", ".jsonl"))
            and not _IGNORED.search(one.filename)
            and not one.filename.startswith(_MAC_FOLDER)
        )
        return sorted(names, key=lambda name: (_MEMORIES.search(name) is not None, name))

    def kind_in(self, name: str) -> str:
        """Return what a member holds by its name: "memory", "project" or "conversation"."""
        if _MEMORIES.search(name):
            return "memory"
        return "project" if _PROJECTS.search(name) else "conversation"

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield a member's bytes in pieces.

        Raises:
            Refused: damaged, compression.
        """
        try:
            if self._zip is None:
                self._file.seek(0)
                yield from iter(lambda: self._file.read(PIECE_BYTES), b"")
                return
            with self._zip.open(name) as member:
                yield from iter(lambda: member.read(PIECE_BYTES), b"")
        except NotImplementedError:
            raise Refused("compression") from None
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
            raise Refused("damaged") from error

    def file(self, pointer: str) -> bytes | None:
        """Return the bytes of a file that a message names by its id; None if the archive does not have it.

        Raises:
            Refused: damaged, compression.
        """
        member = self._files.get(pointer)
        return None if member is None else b"".join(self.chunks(member))

    @functools.cached_property
    def _files(self) -> dict[str, str]:
        """The members whose names begin with an id, by that id."""
        if self._zip is None:
            return {}
        return {
            found[0]: one.filename
            for one in self._members
            if (found := _ID.match(_base_name(one.filename))) and one.file_size <= LARGEST_FILE_BYTES
        }


def _opened(file: IO[bytes]) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError):
        raise Refused("damaged") from None


def _check(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MOST_MEMBERS:
        raise Refused("too_many_files")
    json_files = [one for one in members if one.filename.lower().endswith((".json", ".jsonl"))]
    if any(one.flag_bits & 1 for one in members):
        raise Refused("encrypted")
    if not json_files:
        nested = any(one.filename.lower().endswith(".zip") for one in members)
        raise Refused("nested" if nested else "not_an_export")
    for one in json_files:
        if one.file_size > HARMLESS_BYTES and one.file_size > MOST_RATIO * max(one.compress_size, 1):
            raise Refused("bomb")
    if sum(one.file_size for one in json_files) > MOST_JSON_BYTES:
        raise Refused("bomb")


def _base_name(name: str) -> str:
    return re.split(r"[/\\]", name)[-1]
