"""The text of presentations (PresentationML): for each slide its title, the other shapes in their order, the notes."""

from collections.abc import Iterator

from chat.readers.office.archive import Element, attribute, child, descendants, local
from chat.readers.office.drawings import body_text, drawing_lines, has_picture
from chat.readers.office.lines import OwnLine
from chat.readers.office.package import Part, relation_id

_TITLES = ("title", "ctrTitle")


def slide_lines(main: Part, maximum: int) -> Iterator[str]:
    """Yield the lines of all slides in the order in which they are shown."""
    for number, listed in enumerate(descendants(main.xml(), "sldId"), 1):
        part = main.related(relation_id(listed))
        root = None if part is None else part.xml()
        if part is None or root is None:
            continue
        hidden = " (hidden slide)" if root.get("show") in ("0", "false") else ""
        yield OwnLine(f"# {number}{hidden}")
        yield from _shape_lines(part, root, maximum)
        for notes in part.of_kind("notesSlide"):
            yield from _note_lines(notes)
        yield OwnLine("")


def _shape_lines(part: Part, root: Element, maximum: int) -> Iterator[str]:
    tree = child(root, "cSld", "spTree")
    shapes = [] if tree is None else list(tree)
    # Shapes lie in the order in which they are drawn and read aloud; a title may have been drawn last.
    shapes.sort(key=lambda shape: _placeholder(shape) not in _TITLES)
    empty = True
    for shape in shapes:
        for line in drawing_lines(shape, part, maximum):
            empty = False
            yield line
    if empty and any(map(has_picture, shapes)):
        yield OwnLine("(a picture without text)")


def _note_lines(notes: Part) -> Iterator[str]:
    root = notes.xml()
    for shape in () if root is None else descendants(root, "sp"):
        body = child(shape, "txBody")
        if _placeholder(shape) == "body" and body is not None:
            yield from filter(None, [body_text(body)])


def _placeholder(shape: Element) -> str:
    """Return what a shape is a placeholder for; "" if it is none."""
    properties = next((one for one in shape if local(one) == "nvSpPr"), None)
    found = None if properties is None else child(properties, "nvPr", "ph")
    return "" if found is None else attribute(found, "type")
