"""The text of Word documents (WordprocessingML): every word that Word shows with all changes accepted, in order.

The tree is walked as a whole, because words stand in many nested elements: content controls, insertions, moved text,
fields, text boxes, tables in tables. Left out are deletions, the places that text was moved from, comments, the
instructions of fields and hidden text. Text boxes follow their paragraph; notes, headers and footers follow the text.
"""

import re
from collections.abc import Iterable, Iterator

from chat.readers.errors import Refused
from chat.readers.office.archive import Element, attribute, child, descendants, is_on, local, shown_side
from chat.readers.office.drawings import drawing_lines
from chat.readers.office.formulas import formula_text
from chat.readers.office.lines import OwnLine, csv_line, script_text
from chat.readers.office.package import Part, relation_id
from chat.readers.office.word_fields import Fields
from chat.readers.office.word_styles import heading_levels

MAX_COLUMNS = 1_000  # Word has 63
_LEFT_OUT = frozenset(
    {"del", "moveFrom", "pPr", "sdtPr", "sdtEndPr", "tblPr", "trPr", "tcPr", "sectPr", "numPr"}
)
_MARKS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_PRIVATE = re.compile("[\ue000-\uf8ff]")


class WordText:
    """The lines of one document."""

    def __init__(self, main: Part, maximum: int) -> None:
        self._main, self._maximum = main, maximum
        self._levels = heading_levels(main)
        self._notes: list[tuple[str, str]] = []
        self._beside: list[str] = []  # lines of text boxes, which follow the paragraph that holds them
        self._carried = ""  # the text of a paragraph whose end is deleted begins the next one

    def lines(self) -> Iterator[str]:
        root = self._main.xml()
        self._enter(self._main, root)
        yield from self._story(root)
        yield from self._note_lines()
        yield from self._margin_lines(root)

    def _enter(self, part: Part, root: Element) -> None:
        self._part, self._fields = part, Fields(root)

    def _story(self, element: Element) -> Iterator[str]:
        """Yield the lines of a body, a cell, a text box, a note, a header or a footer."""
        carried, self._carried = self._carried, ""
        yield from self._blocks(element)
        if self._carried:
            yield self._carried
        self._carried = carried

    def _blocks(self, elements: Iterable[Element]) -> Iterator[str]:
        for one in elements:
            match local(one):
                case "p":
                    yield from self._paragraph(one)
                case "tbl":
                    yield from self._table(one)
                case "AlternateContent":
                    yield from self._blocks(shown_side(one))
                case name if name not in _LEFT_OUT:
                    yield from self._blocks(one)

    def _paragraph(self, paragraph: Element) -> Iterator[str]:
        outer, self._beside = self._beside, []
        text = "".join(self._inline(paragraph))
        beside, self._beside = self._beside, outer
        if _end_is_deleted(paragraph):
            self._carried += text
        else:
            text, self._carried = self._carried + text, ""
            level = self._levels.of(paragraph) if text.strip() else 0
            yield "#" * level + " " * bool(level) + text
        yield from beside

    def _inline(self, elements: Iterable[Element]) -> Iterator[str]:
        for one in elements:
            match local(one):
                case "r":
                    yield from self._run(one)
                case "t":
                    yield (one.text or "") if self._fields.shown else ""
                case ("tab" | "ptab" | "br" | "cr" | "noBreakHyphen") as name:
                    yield _MARKS[name]
                case "sym":
                    yield _symbol(one)
                case "fldChar":
                    yield self._fields.meet(one)
                case ("footnoteReference" | "endnoteReference") as name:
                    yield self._note_mark(name, attribute(one, "id"))
                case "ruby":
                    base, above = ("".join(self._inline(_inside(one, part))) for part in ("rubyBase", "rt"))
                    yield f"{base}({above})"
                case "oMath" | "oMathPara":
                    yield formula_text(one)
                case "AlternateContent":
                    yield from self._inline(shown_side(one))
                case "txbxContent":
                    self._beside.extend(self._story(one))
                case "textpath":
                    self._beside.append(attribute(one, "string"))
                case "chart" | "relIds" | "txBody":
                    self._beside.extend(drawing_lines(one, self._part, self._maximum))
                case name if name not in _LEFT_OUT:
                    yield from self._inline(one)

    def _run(self, run: Element) -> Iterator[str]:
        properties = child(run, "rPr")
        if properties is not None and is_on(child(properties, "vanish")):
            for mark in descendants(run, "fldChar"):
                self._fields.meet(mark)
            return
        text = "".join(self._inline(one for one in run if local(one) != "rPr"))
        raised = None if properties is None else child(properties, "vertAlign")
        yield text if raised is None else script_text(text, attribute(raised, "val"))

    def _note_mark(self, kind: str, identifier: str) -> str:
        self._notes.append((kind.removesuffix("Reference"), identifier))
        return f"[^{len(self._notes)}]"

    def _table(self, table: Element) -> Iterator[str]:
        for row in _rows(table):
            yield csv_line(self._cells(row), self._maximum)

    def _cells(self, row: Element) -> Iterator[str]:
        """Yield each cell's text once, and empty strings for the other columns that it spans."""
        columns = 0
        for cell in _members(row, "tc"):
            if child(cell, "tcPr", "cellDel") is not None:
                continue
            span = _span(cell)
            columns += span
            if columns > MAX_COLUMNS:
                raise Refused("too_large")
            yield "\n".join(self._story(cell)).strip("\n")
            yield from [""] * (span - 1)

    def _note_lines(self) -> Iterator[str]:
        notes: dict[tuple[str, str], tuple[Part, Element]] = {}
        for part in self._main.of_kind("footnotes", "endnotes"):
            root = part.xml()
            for one in () if root is None else root:
                notes[local(one), attribute(one, "id")] = part, one
        for number, key in enumerate(self._notes, 1):
            if key in notes:
                self._enter(*notes[key])
                text = "\n".join(self._story(notes[key][1])).strip()
                yield f"[^{number}]: {text}"

    def _margin_lines(self, root: Element) -> Iterator[str]:
        """Yield the lines of headers and footers, each text once."""
        seen: set[str] = set()
        for name in ("headerReference", "footerReference"):
            for reference in descendants(root, name):
                part = self._main.related(relation_id(reference))
                content = None if part is None else part.xml()
                if part is None or content is None:
                    continue
                self._enter(part, content)
                text = "\n".join(filter(str.strip, self._story(content)))
                if text and text not in seen:
                    if not seen:
                        yield OwnLine("(headers and footers)")
                    seen.add(text)
                    yield text


def _rows(table: Element) -> Iterator[Element]:
    for row in _members(table, "tr"):
        if child(row, "trPr", "del") is None:
            yield row


def _members(parent: Element, name: str) -> Iterator[Element]:
    """Yield the rows of a table or the cells of a row; content controls and other wrappers can hold them."""
    for one in parent:
        match local(one):
            case found if found == name:
                yield one
            case "AlternateContent":
                yield from _members(shown_side(one), name)
            case wrapper if wrapper not in _LEFT_OUT:
                yield from _members(one, name)


def _inside(element: Element, name: str) -> list[Element]:
    found = child(element, name)
    return [] if found is None else list(found)


def _span(cell: Element) -> int:
    found = child(cell, "tcPr", "gridSpan")
    return 1 if found is None else max(1, int(attribute(found, "val")))


def _end_is_deleted(paragraph: Element) -> bool:
    mark = child(paragraph, "pPr", "rPr")
    return mark is not None and any(local(one) in ("del", "moveFrom") for one in mark)


def _symbol(symbol: Element) -> str:
    """Return a character of a symbol font; those fonts use private characters, which mean nothing elsewhere."""
    return _PRIVATE.sub("\ufffd", chr(int(attribute(symbol, "char"), 16)))
