"""Headings of a Word document: by the outline level or the name of their styles."""

from chat.readers.office.archive import Element, attribute, child, local
from chat.readers.office.package import Part

_MOST_BASES = 10


class HeadingLevels:
    """The heading level of each paragraph style: by its outline level or its name, its own or an inherited one."""

    def __init__(self, styles: dict[str, Element]) -> None:
        self._styles = styles
        self._known: dict[str, int] = {}

    def of(self, paragraph: Element) -> int:
        """Return the level of a paragraph from 1 to 9; 0 if it is no heading."""
        properties = child(paragraph, "pPr")
        if properties is None:
            return 0
        own, style = _outline(properties), child(properties, "pStyle")
        if own is not None or style is None:
            return own or 0
        name = attribute(style, "val")
        if name not in self._known:
            self._known[name] = self._of_style(name)
        return self._known[name]

    def _of_style(self, name: str) -> int:
        for _base in range(_MOST_BASES):
            style = self._styles.get(name)
            if style is None:
                return 0
            properties = child(style, "pPr")
            level = None if properties is None else _outline(properties)
            level = _named_level(style) if level is None else level
            if level is not None:
                return level
            based = child(style, "basedOn")
            name = "" if based is None else attribute(based, "val")
        return 0


def heading_levels(main: Part) -> HeadingLevels:
    """Return the heading levels of a document's styles."""
    styles: dict[str, Element] = {}
    for part in main.of_kind("styles"):
        root = part.xml()
        for style in () if root is None else root:
            if local(style) == "style":
                styles[attribute(style, "styleId")] = style
    return HeadingLevels(styles)


def _outline(properties: Element) -> int | None:
    """Return the outline level that properties set: 0 is body text."""
    found = child(properties, "outlineLvl")
    return None if found is None else (int(attribute(found, "val")) + 1) % 10


def _named_level(style: Element) -> int | None:
    name = child(style, "name")
    written = "" if name is None else attribute(name, "val")
    kind, _space, level = written.lower().partition(" ")
    return int(level) if kind == "heading" and level in set("123456789") else None
