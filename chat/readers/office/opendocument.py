"""The text of OpenDocument files (ODF 1.3): texts, workbooks, presentations and drawings, with all changes accepted.

Deletions stand apart from the text and are left out; so are comments. Text boxes follow their paragraph, notes follow
the text.
"""

import posixpath
from collections.abc import Iterable, Iterator

from chat.readers.errors import Refused
from chat.readers.office.archive import Archive, Element, attribute, child, descendants, local
from chat.readers.office.lines import OwnLine, csv_line, script_text

MAX_COLUMNS, MAX_BLANKS = 20_000, 1_000
_CONTENT = "content.xml"
_LEFT_OUT = frozenset({"tracked-changes", "annotation", "forms", "notes", "desc", "title", "shapes"})
_SHAPES = frozenset(
    {
        "frame",
        "g",
        "custom-shape",
        "rect",
        "ellipse",
        "circle",
        "line",
        "connector",
        "polygon",
        "path",
        "text-box",
    }
)
# Repeated on each page of notes and slides.
_PAGE_PARTS = frozenset({"page-number", "date-time", "header", "footer"})
_NO_VALUE = "formula without a stored value"


class OpenDocumentText:
    """The lines of one document."""

    def __init__(self, archive: Archive, maximum: int) -> None:
        self._archive, self._maximum = archive, maximum
        self._notes: list[Element] = []
        self._beside: list[
            str
        ] = []  # lines of shapes, which follow the paragraph or the table that holds them

    def lines(self) -> Iterator[str]:
        root = self._archive.xml(_CONTENT)
        self._styles = _Styles(root)
        for part in child(root, "body"):
            match local(part):
                case "spreadsheet":
                    yield from self._sheets(part)
                case "presentation" | "drawing":
                    yield from self._pages(part)
                case _:
                    yield from self._blocks(part)
        for number, note in enumerate(self._notes, 1):
            text = "\n".join(self._blocks(note)).strip()
            yield f"[^{number}]: {text}"

    def _sheets(self, book: Element) -> Iterator[str]:
        for sheet in (one for one in book if local(one) == "table"):
            note = " (hidden sheet)" if attribute(sheet, "style-name") in self._styles.hidden else ""
            yield OwnLine(f"# {attribute(sheet, 'name')}{note}")
            yield from self._table(sheet)
            for shapes in (one for one in sheet if local(one) == "shapes"):
                yield from self._blocks(shapes)
            yield OwnLine("")

    def _pages(self, slides: Element) -> Iterator[str]:
        for number, page in enumerate((one for one in slides if local(one) == "page"), 1):
            yield OwnLine(f"# {number}")
            yield from filter(str.strip, self._blocks(page))
            for notes in (one for one in page if local(one) == "notes"):
                yield from filter(str.strip, self._blocks(notes))
            yield OwnLine("")

    def _blocks(self, elements: Iterable[Element]) -> Iterator[str]:
        for one in elements:
            match local(one):
                case "p" | "h":
                    yield from self._paragraph(one)
                case "table":
                    yield from self._table(one)
                case "object":
                    yield from self._object(attribute(one, "href"))
                case name if name not in _LEFT_OUT and attribute(one, "class") not in _PAGE_PARTS:
                    yield from self._blocks(one)

    def _paragraph(self, paragraph: Element) -> Iterator[str]:
        outer, self._beside = self._beside, []
        text = "".join(self._inline(paragraph))
        beside, self._beside = self._beside, outer
        written = attribute(paragraph, "outline-level") if local(paragraph) == "h" else ""
        level = min(int(written or "1"), 9) if local(paragraph) == "h" and text.strip() else 0
        yield "#" * level + " " * bool(level) + text
        yield from beside

    def _inline(self, element: Element) -> Iterator[str]:
        yield element.text or ""
        for one in element:
            match local(one):
                case "s":
                    yield " " * min(int(attribute(one, "c") or "1"), MAX_BLANKS)
                case "tab":
                    yield "\t"
                case "line-break":
                    yield "\n"
                case "note":
                    self._notes += [part for part in one if local(part) == "note-body"]
                    yield f"[^{len(self._notes)}]"
                case "span":
                    yield self._styles.shown("".join(self._inline(one)), attribute(one, "style-name"))
                case "ruby-text":
                    yield f"({''.join(self._inline(one))})"
                case name if name in _SHAPES:
                    self._beside.extend(self._blocks([one]))
                case name if name not in _LEFT_OUT:
                    yield from self._inline(one)
            yield one.tail or ""

    def _table(self, table: Element) -> Iterator[str]:
        outer, self._beside = self._beside, []
        yield from self._rows(table)
        beside, self._beside = self._beside, outer
        yield from beside

    def _rows(self, table: Element) -> Iterator[str]:
        for one in table:
            match local(one):
                case "table-row":
                    line = csv_line(self._cells(one), self._maximum)
                    repeated = int(attribute(one, "number-rows-repeated") or "1") if line else 0
                    for _time in range(repeated):
                        yield line
                case "table-rows" | "table-header-rows" | "table-row-group":
                    yield from self._rows(one)

    def _cells(self, row: Element) -> Iterator[str]:
        columns = blanks = 0
        for one in row:
            if local(one) not in ("table-cell", "covered-table-cell"):
                continue
            repeated = int(attribute(one, "number-columns-repeated") or "1")
            text = self._cell(one)
            if not text:  # the empty cells at the end of a row are repeated up to the last column
                blanks += repeated
                continue
            columns += blanks + repeated
            if columns > MAX_COLUMNS:
                raise Refused("too_large")
            yield from [""] * blanks + [text] * repeated
            blanks = 0

    def _cell(self, cell: Element) -> str:
        shapes = [one for one in cell if local(one) in _SHAPES]
        self._beside.extend(self._blocks(shapes))
        text = "\n".join(self._blocks(one for one in cell if one not in shapes)).strip("\n")
        if text:
            return text
        names = ("value", "date-value", "time-value", "boolean-value", "string-value")
        value = next(filter(None, (attribute(cell, name) for name in names)), "")
        formula = attribute(cell, "formula")
        if formula and not value and not attribute(cell, "value-type"):
            return f"{_NO_VALUE}: {formula.partition(':')[2] or formula}"
        return value

    def _object(self, address: str) -> Iterator[str]:
        """Yield the texts of an embedded formula or chart; other documents show only their picture."""
        root = self._archive.xml(posixpath.join(posixpath.normpath(address), _CONTENT))
        if root is None:
            return
        if local(root) == "math":
            yield from (source.text or "" for source in descendants(root, "annotation"))
        for chart in (one for one in descendants(root, "chart") if child(one, "plot-area") is not None):
            for name in ("title", "subtitle"):
                for title in descendants(chart, name):
                    yield from self._blocks(title)
            yield from self._blocks(one for one in chart if local(one) == "table")


def document_kind(archive: Archive) -> str:
    """Return text, spreadsheet, presentation or graphics; "" if the archive is no OpenDocument file.

    Raises:
        Refused: encrypted.
    """
    listed = archive.read("META-INF/manifest.xml")
    if b"encryption-data" in listed and _CONTENT in archive:
        raise Refused("encrypted")
    root = archive.xml(_CONTENT)
    body = None if root is None or local(root) != "document-content" else child(root, "body")
    names = {local(one) for one in (() if body is None else body)}
    kinds = {
        "text": "text",
        "spreadsheet": "spreadsheet",
        "presentation": "presentation",
        "drawing": "graphics",
    }
    return next((kind for name, kind in kinds.items() if name in names), "")


class _Styles:
    """What styles change about what a text says: hidden sheets and words, raised and lowered digits."""

    def __init__(self, root: Element) -> None:
        self.hidden: set[str] = set()
        self._scripts: dict[str, str] = {}
        for style in descendants(root, "style"):
            for one in style:
                name = attribute(style, "name")
                if attribute(one, "display") in ("false", "none"):
                    self.hidden.add(name)
                self._scripts[name] = attribute(one, "text-position").partition(" ")[0] or self._scripts.get(
                    name, ""
                )

    def shown(self, text: str, style: str) -> str:
        return "" if style in self.hidden else script_text(text, self._scripts.get(style, ""))
