"""OOXML packages: the main part and all others are found by relations, never by names (ECMA-376, part 2)."""

import dataclasses
import posixpath
import re
from urllib.parse import unquote

from chat.readers.office.archive import Archive, Element, local

_CONTENT_TYPES = "[Content_Types].xml"
# What programs without relations call the main part.
_USUAL_NAMES = ("word/document.xml", "xl/workbook.xml", "ppt/presentation.xml")
_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/([A-Za-z]+)/")
_OPEN_TYPE = "application/vnd.openxmlformats-officedocument."
_MACRO_TYPE = re.compile(r"application/vnd\.ms-(word|excel|powerpoint)\.[a-z]+\.macroEnabled")
_OPEN_SUBTYPES = frozenset(
    {
        "wordprocessingml.document",
        "wordprocessingml.template",
        "spreadsheetml.sheet",
        "spreadsheetml.template",
        "presentationml.presentation",
        "presentationml.template",
        "presentationml.slideshow",
    }
)


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """A part of a package: its name, and the parts that it refers to: {"rId1": ("image", "word/media/a.png")}."""

    archive: Archive
    name: str
    relations: dict[str, tuple[str, str]]

    def xml(self) -> Element:
        """Return the root element; None if the part is missing."""
        return self.archive.xml(self.name)

    def related(self, identifier: str) -> "Part | None":
        """Return the part behind a relation's id."""
        found = self.relations.get(identifier)
        return None if found is None else part(self.archive, found[1])

    def of_kind(self, *kinds: str) -> "list[Part]":
        """Return the parts behind all relations of these kinds."""
        return [part(self.archive, target) for kind, target in self.relations.values() if kind in kinds]


def part(archive: Archive, name: str) -> Part:
    folder, _slash, last = name.rpartition("/")
    listed = archive.xml(posixpath.join(folder, "_rels", f"{last}.rels"))
    relations = {}
    for one in () if listed is None else listed:
        if local(one) == "Relationship" and one.get("TargetMode") != "External":
            kind = one.get("Type", "").rpartition("/")[2]
            relations[one.get("Id", "")] = (kind, _resolved(folder, one.get("Target", "")))
    return Part(archive, name, relations)


def main_part(archive: Archive) -> Part | None:
    """Return the part that the package opens with; None if it is no office file."""
    package = part(archive, "")
    found = next(iter(package.of_kind("officeDocument")), None)
    if found is not None and found.name in archive:
        return found
    usual = next((name for name in _USUAL_NAMES if name in archive), None)
    return None if usual is None else part(archive, usual)


def media_type(of: Part, default: str) -> str:
    """Return the media type of a file with this main part: its document, template or macro variant."""
    listed = of.archive.xml(_CONTENT_TYPES)
    wanted = f"/{of.name}".lower()
    declared = next(
        (
            one.get("ContentType", "")
            for one in (() if listed is None else listed)
            if one.get("PartName", "").lower() == wanted
        ),
        "",
    ).removesuffix(".main+xml")
    if declared.removeprefix(_OPEN_TYPE) in _OPEN_SUBTYPES:
        return declared
    macro = _MACRO_TYPE.match(declared)
    return f"{macro[0]}.12" if macro else _OPEN_TYPE + default


def relation_id(element: Element, name: str = "id") -> str:
    """Return an attribute of the relationships' namespace; others may have the same local name."""
    ending = f"/relationships}}{name}"
    return next((value for key, value in element.items() if key.endswith(ending)), "")


def transitional(archive: Archive, data: bytes, main: Part) -> bytes:
    """Return the file in transitional form, the only one that libraries read; `data` itself if it is so already."""
    if not _STRICT.search(archive.read(main.name)):
        return data
    return archive.rewritten(
        lambda content: _STRICT.sub(rb"http://schemas.openxmlformats.org/\1/2006/", content)
    )


def _resolved(folder: str, target: str) -> str:
    whole = posixpath.join("/", folder, unquote(target).replace("\\", "/"))
    return posixpath.normpath(whole).lstrip("/")
