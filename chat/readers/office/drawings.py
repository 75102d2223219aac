"""The words in drawings of office files (DrawingML): shapes, groups, tables, charts and SmartArt, in document order."""

from collections.abc import Callable, Iterable, Iterator

from chat.readers.office.archive import Element, attribute, child, descendants, local, shown_side
from chat.readers.office.formulas import formula_text
from chat.readers.office.lines import csv_line
from chat.readers.office.package import Part, relation_id

# A chart's stored points can be as many as a sheet has rows; a model gets no more of them.
MAX_SERIES, MAX_CATEGORIES = 100, 1_000
_PROPERTIES = frozenset({"pPr", "rPr", "endParaRPr"})
_MERGED = ("hMerge", "vMerge")


def drawing_lines(element: Element, part: Part, maximum: int) -> Iterator[str]:
    """Yield the texts in a drawing, or a tree of shapes, of this part."""
    match local(element):
        case "AlternateContent":
            for one in shown_side(element):
                yield from drawing_lines(one, part, maximum)
        case "txBody":
            yield from filter(None, [body_text(element)])
        case "tbl":
            yield from _table_lines(element, maximum)
        case "chart" if relation_id(element):
            yield from _lines_of_part(chart_lines, part.related(relation_id(element)), maximum)
        case "relIds":
            yield from _lines_of_part(diagram_lines, part.related(relation_id(element, "dm")), maximum)
        case _:
            for one in element:
                yield from drawing_lines(one, part, maximum)


def has_picture(element: Element) -> bool:
    """Return whether a drawing contains a picture."""
    return any(True for _one in descendants(element, "blip"))


def body_text(body: Element) -> str:
    """Return the paragraphs of a text body."""
    return "\n".join(_runs(one) for one in body if local(one) == "p").strip("\n")


def chart_lines(root: Element, maximum: int) -> Iterator[str]:
    """Yield a chart's titles, and its series as a table of CSV: a column for each series, a row for each category."""
    for title in descendants(root, "title"):
        yield from filter(None, ["".join(_texts(title, "t", "v"))])
    series = list(descendants(root, "ser"))[:MAX_SERIES]
    if not series:  # the charts of newer kinds (waterfall, treemap …) have other elements
        yield from filter(None, map(str.strip, _texts(root, "pt", "v")))
        return
    yield csv_line(["", *map(_series_name, series)], maximum)
    columns = [_points(one, "val", "yVal") for one in series]
    categories = next(filter(None, (_points(one, "cat", "xVal") for one in series)), {})
    rows = sorted(set(categories).union(*columns))[:MAX_CATEGORIES]
    for row in rows:
        yield csv_line([categories.get(row, ""), *(column.get(row, "") for column in columns)], maximum)


def diagram_lines(root: Element, _maximum: int) -> Iterator[str]:
    """Yield the texts of a SmartArt diagram in the order of its tree."""
    points = {one.get("modelId", ""): one for one in descendants(root, "pt")}
    below: dict[str, list[tuple[int, str]]] = {}
    for one in descendants(root, "cxn"):
        if one.get("type", "parOf") == "parOf":
            place = int(one.get("srcOrd", "0"))
            below.setdefault(one.get("srcId", ""), []).append((place, one.get("destId", "")))
    roots = [name for name, point in points.items() if point.get("type") == "doc"]
    waiting = roots or list(reversed(points))
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in points:
            continue
        seen.add(name)
        text = child(points[name], "t")
        yield from filter(None, ["" if text is None else body_text(text)])
        waiting += [target for _place, target in sorted(below.get(name, []), reverse=True)]


def _lines_of_part(
    lines_of: Callable[[Element, int], Iterator[str]], found: Part | None, maximum: int
) -> Iterator[str]:
    root = None if found is None else found.xml()
    if root is not None:
        yield from lines_of(root, maximum)


def _runs(elements: Iterable[Element]) -> str:
    parts = []
    for one in elements:
        match local(one):
            case "t":
                parts.append(one.text or "")
            case "br":
                parts.append("\n")
            case "AlternateContent":
                parts.append(_runs(shown_side(one)))
            case "oMath" | "oMathPara":
                parts.append(formula_text(one))
            case name if name not in _PROPERTIES:
                parts.append(_runs(one))
    return "".join(parts)


def _table_lines(table: Element, maximum: int) -> Iterator[str]:
    for row in table:
        if local(row) == "tr":
            yield csv_line((_cell_text(cell) for cell in row if local(cell) == "tc"), maximum)


def _cell_text(cell: Element) -> str:
    body = child(cell, "txBody")
    merged = any(attribute(cell, name) in ("1", "true") for name in _MERGED)
    return "" if merged or body is None else body_text(body)


def _texts(element: Element, *names: str) -> Iterator[str]:
    return (one.text or "" for one in element.iter() if local(one) in names)


def _series_name(series: Element) -> str:
    name = child(series, "tx")
    return "" if name is None else "".join(_texts(name, "v"))


def _points(series: Element, *names: str) -> dict[int, str]:
    """Return the stored points of a series by their place."""
    group = next((one for one in series if local(one) in names), None)
    if group is None:
        return {}
    points: dict[int, str] = {}
    for one in descendants(group, "pt"):  # of categories on several levels, the innermost comes first
        points.setdefault(int(one.get("idx", "0")), "".join(_texts(one, "v")))
    return points
