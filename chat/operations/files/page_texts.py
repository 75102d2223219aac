"""The text of a PDF's page, read in the sandbox and kept for a while, and the place of a quotation in it."""

import bisect
import collections
import dataclasses
import re
import threading
from itertools import accumulate

from chat.claude.encoding.text import clean_text
from chat.models import Attachment
from chat.operations.files import storage
from chat.readers.errors import Exceeded, Refused
from chat.readers.process import sandbox

MOST_CHARACTERS = 200_000
WAIT_SECONDS = 10.0
# An answer may quote a whole page; its first words find the place.
MOST_WORDS = 40
_KEPT = 32
_WORD = re.compile(r"\S+")


@dataclasses.dataclass(frozen=True, slots=True)
class PageText:
    """The text of a page, without its end if it was too long."""

    text: str
    cut: bool = False


_kept: collections.OrderedDict[tuple[str, int], PageText] = collections.OrderedDict()
_lock = threading.Lock()


def page_text(attachment: Attachment, number: int) -> PageText:
    """Return the text of one page of a PDF, counted from 1; empty where none can be read.

    Raises:
        OSError: the storage does not have the file.
        Busy: its owner's other files, or those of other people, were still being read.
    """
    stored = attachment.sent or attachment.original
    key = (stored.digest, number)
    with _lock:
        found = _kept.get(key)
    if found is not None:
        return found
    with sandbox.FILES.places.taken(str(attachment.owner_id), seconds=WAIT_SECONDS):
        with _lock:  # it may have been read while this request waited
            found = _kept.get(key)
        if found is None:
            found = _read(storage.read_stored(stored), number)
            _keep(key, found)
    return found


def find_quote(text: str, quote: str) -> tuple[int, int]:
    """Return the start and end of a quoted passage, ignoring white space; (0, 0) if it is not found.

    Only the first `MOST_WORDS` words are looked for. No expression is made of the quotation: with one, a page of
    equal words would take minutes.
    """
    words = quote.split()[:MOST_WORDS]
    places = [match.span() for match in _WORD.finditer(text)]
    if not words or not places:
        return 0, 0
    # The text with single blanks, and where each of its words begins in it.
    collapsed = " ".join(text[start:end] for start, end in places)
    begins = [0, *accumulate(end - start + 1 for start, end in places)]
    needle = " ".join(words)
    found = collapsed.find(needle)
    if found < 0:
        return 0, 0

    def original(position: int) -> int:
        word = bisect.bisect_right(begins, position) - 1
        return places[word][0] + position - begins[word]

    return original(found), original(found + len(needle) - 1) + 1


def _keep(key: tuple[str, int], found: PageText) -> None:
    with _lock:
        _kept[key] = found
        while len(_kept) > _KEPT:
            _kept.popitem(last=False)


def _read(data: bytes, number: int) -> PageText:
    try:
        found = sandbox.run_in_place(
            "pdf_page", data, bounds=sandbox.FILES, number=number, max_characters=MOST_CHARACTERS
        )
    except (Refused, Exceeded):  # a page that can't be read is shown without its text
        return PageText("")
    return PageText(clean_text(found.parts[0].decode()), found.value)
