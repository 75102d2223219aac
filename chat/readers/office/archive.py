"""Archives of office files: the list of members is checked before anything is unpacked, and parts are parsed safely.

Parts are found by name without regard to case, as the packaging convention (ECMA-376, part 2) asks. Elements are
compared by their local names, so that the strict and the transitional form of OOXML read alike.
"""

import io
import zipfile
from collections.abc import Iterator
from typing import Any

from chat.readers.errors import Refused

MAX_MEMBERS = 5_000
MAX_UNPACKED_BYTES = 100_000_000
MAX_MARKUP_BYTES = 30_000_000

Element = Any


class Archive:
    """A ZIP archive within the limits.

    Raises:
        Refused: too_large. A damaged archive raises the library's errors.
    """

    def __init__(self, data: bytes) -> None:
        self._zip = zipfile.ZipFile(io.BytesIO(data))
        members = self._zip.infolist()
        # zipfile never returns more of a member than the list says, so a false list has no effect.
        markup = sum(member.file_size for member in members if member.filename.endswith((".xml", ".rels")))
        unpacked = sum(member.file_size for member in members)
        if len(members) > MAX_MEMBERS or markup > MAX_MARKUP_BYTES or unpacked > MAX_UNPACKED_BYTES:
            raise Refused("too_large")
        self._members = {_key(member.filename): member for member in members}

    def __contains__(self, name: str) -> bool:
        return _key(name) in self._members

    def names(self) -> list[str]:
        """Return the names of all members in lower case."""
        return list(self._members)

    def read(self, name: str) -> bytes:
        """Return a member's bytes; none if there is no such member.

        Raises:
            Refused: too_large, for markup under a name that was not counted as such.
        """
        member = self._members.get(_key(name))
        if member is None:
            return b""
        if member.file_size > MAX_MARKUP_BYTES:
            raise Refused("too_large")
        return self._zip.read(member)

    def xml(self, name: str) -> Element:
        """Return the root element of a member; None if there is no such member."""
        from lxml import etree

        if name not in self:
            return None
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
        )
        return etree.fromstring(self.read(name), parser)

    def rewritten(self, change: Any) -> bytes:
        """Return the archive with the markup of all members changed; `change` takes and returns bytes."""
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as target:
            for member in self._zip.infolist():
                content = self._zip.read(member)
                is_markup = member.filename.endswith((".xml", ".rels"))
                target.writestr(member.filename, change(content) if is_markup else content)
        return made.getvalue()


def local(element: Element) -> str:
    """Return an element's name without its namespace; "" for what is no element."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: Element, name: str) -> str:
    """Return an attribute by its local name; "" without one."""
    return next((value for key, value in element.items() if key.rpartition("}")[2] == name), "")


def child(element: Element, *path: str) -> Element:
    """Return the first element at a path of local names below an element; None if there is none."""
    for name in path:
        element = next((one for one in element if local(one) == name), None)
        if element is None:
            return None
    return element


def descendants(element: Element, name: str) -> Iterator[Element]:
    """Yield all elements of a local name below an element, in document order."""
    found: Iterator[Element] = element.iter("{*}" + name)
    return found


def is_on(element: Element) -> bool:
    """Return whether a switch such as `<w:vanish/>` is there and not set to false."""
    return element is not None and attribute(element, "val") not in ("0", "false", "off")


def shown_side(alternate: Element) -> list[Element]:
    """Return the children of one side of an `mc:AlternateContent`: the first choice, or the fallback without one."""
    sides = [one for one in alternate if local(one) in ("Choice", "Fallback")]
    with_content = (list(side) for side in sides if len(side))
    return next(with_content, [])


def _key(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()
