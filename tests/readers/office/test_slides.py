"""Presentations: groups, tables, charts, SmartArt and notes, in reading order."""

import pytest

from chat.readers.errors import Refused
from chat.readers.office import document as office
from tests.readers.parts import Parts, shape, slide


def text_of(shapes: str, parts: Parts | None = None, attributes: str = "") -> str:
    return office.read_office(slide(shapes, parts, attributes), max_characters=100_000)[1][0].decode()


def cell(text: str, attributes: str = "") -> str:
    return f"<a:tc {attributes}><a:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></a:txBody></a:tc>"


def series(name: str, values: str, categories: str = "") -> str:
    return f"<c:ser>{name}{categories}<c:val><c:numRef><c:numCache>{values}</c:numCache></c:numRef></c:val></c:ser>"


def point(place: int, value: str) -> str:
    return f'<c:pt idx="{place}"><c:v>{value}</c:v></c:pt>'


def node(name: str, text: str, kind: str = "node") -> str:
    body = f"<dgm:t><a:p><a:r><a:t>{text}</a:t></a:r></a:p></dgm:t>" if text else ""
    return f'<dgm:pt modelId="{name}" type="{kind}">{body}</dgm:pt>'


def link(above: str, below: str, order: int, kind: str = "") -> str:
    return f'<dgm:cxn srcId="{above}" destId="{below}" srcOrd="{order}" {kind}/>'


FORMULA = "<mc:Choice><m:oMath><m:r><m:t>x</m:t></m:r></m:oMath></mc:Choice>"
MERGED = 'hMerge="1"'
NAMED = "<c:tx><c:strRef><c:strCache>{}</c:strCache></c:strRef></c:tx>"
LEVELS = f"<c:cat><c:lvl>{point(0, 'Q1')}</c:lvl><c:lvl>{point(0, '2026')}</c:lvl></c:cat>"
CHART = '<p:graphicFrame><c:chart r:id="chart.xml"/></p:graphicFrame>'
SMART = '<p:graphicFrame><dgm:relIds r:dm="data.xml" r:lo="none"/></p:graphicFrame>'


@pytest.mark.parametrize(
    ("shapes", "lines"),
    [
        (f"<p:grpSp><p:grpSp>{shape('deep')}</p:grpSp>{shape('up')}</p:grpSp>", "deep\nup"),
        (shape("drawn first") + shape("TITLE", "ctrTitle"), "TITLE\ndrawn first"),
        (
            f"<mc:AlternateContent><mc:Choice>{shape('new')}</mc:Choice><mc:Fallback>{shape('old')}</mc:Fallback></mc:AlternateContent>",
            "new",
        ),
        (
            f"<a:tbl><a:tblGrid/><a:tr><a:trPr/>{cell('wide')}{cell('x', MERGED)}<a:tc/>{cell('b')}</a:tr></a:tbl>",
            "wide,,,b",
        ),
        (
            "<p:txBody><a:p><a:pPr/><a:r><a:t>a</a:t></a:r><a:br/><a:fld><a:t>b</a:t></a:fld><a:r><a:t/></a:r></a:p></p:txBody>",
            "a\nb",
        ),
        (
            f"<p:txBody><a:p><mc:AlternateContent>{FORMULA}</mc:AlternateContent></a:p></p:txBody>",
            "x",
        ),
        (shape("") + shape("said"), "said"),
        (CHART + shape("beside a lost chart"), "beside a lost chart"),
    ],
)
def test_shapes_are_read_at_any_depth(shapes: str, lines: str) -> None:
    assert text_of(shapes) == f"# 1\n{lines}\n"


@pytest.mark.parametrize(
    ("chart", "lines"),
    [
        (
            "<c:title><a:t>Sales</a:t></c:title>"
            + series(NAMED.format(point(0, "North")), point(0, "1") + point(1, "2"), LEVELS)
            + series("", point(1, "3")),
            "Sales\n,North\nQ1,1\n,2,3",
        ),
        (
            "<c:ser><c:xVal>" + point(0, "9") + "</c:xVal><c:yVal>" + point(0, "8") + "</c:yVal></c:ser>",
            '""\n9,8',
        ),
        ("<c:data><c:pt>Alpha</c:pt><c:v> </c:v></c:data>", "Alpha"),
        ("<c:ser><c:tx><c:v>Only a name</c:v></c:tx></c:ser>", ",Only a name"),
    ],
)
def test_charts_become_tables(chart: str, lines: str) -> None:
    found = text_of(CHART + shape("end"), {"chart.xml": ("chart", chart)})
    assert found.replace('""', "") == f"# 1\n{lines}\nend\n".replace('""', "")


def test_diagrams_are_read_along_their_tree() -> None:
    points = (
        node("c", "third")
        + node("root", "", "doc")
        + node("b", "second")
        + node("a", "first")
        + node("p", "looks", "pres")
    )
    links = (
        link("root", "c", 1)
        + link("root", "a", 0)
        + link("a", "b", 0)
        + link("b", "a", 0)
        + link("a", "gone", 1)
    )
    links += link("root", "p", 3, 'type="presOf"')
    assert text_of(SMART, {"data.xml": ("diagramData", points + links)}) == "# 1\nfirst\nsecond\nthird\n"
    plain = node("a", "one") + node("b", "two")
    assert text_of(SMART, {"data.xml": ("diagramData", plain)}) == "# 1\none\ntwo\n"


def test_notes_follow_and_hidden_slides_are_named() -> None:
    parts = {
        "notes.xml": (
            "notesSlide",
            shape("said aloud", "body") + shape("7", "sldNum") + "<p:sp><p:nvSpPr/></p:sp>",
        ),
        "lost.xml": ("other", ""),
    }
    assert text_of(shape("shown"), parts, 'show="0"') == "# 1 (hidden slide)\nshown\nsaid aloud\n"


def test_notes_that_are_missing_change_nothing() -> None:
    without = slide(shape("shown"), {"notes.xml": ("notesSlide", shape("x", "body"))})
    assert b"notes.xml" in without
    damaged = without.replace(b"ppt/slides/notes.xml", b"ppt/slides/other.xml")
    assert office.read_office(damaged, max_characters=1000)[1][0].decode() == "# 1\nshown\n"


def test_pictures_alone_are_no_text() -> None:
    picture = '<p:pic><a:blip r:embed="x"/></p:pic>'
    with pytest.raises(Refused, match="empty"):
        text_of(picture)
    with pytest.raises(Refused, match="empty"):
        office.read_office(slide("").replace(b"p:spTree", b"p:noTree"), max_characters=1000)


def test_a_slide_of_pictures_is_named_beside_others() -> None:
    picture = '<p:pic><a:blip r:embed="x"/></p:pic>'
    notes = {"notes.xml": ("notesSlide", shape("said", "body"))}
    assert text_of(picture, notes) == "# 1\n(a picture without text)\nsaid\n"
