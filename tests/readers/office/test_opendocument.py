"""OpenDocument files: texts, workbooks, presentations, and the charts and formulas in them."""

import pytest

from chat.readers.errors import Refused
from chat.readers.office import document as office
from chat.readers.office import opendocument
from tests.readers.parts import open_document


def text_of(body: str, kind: str = "text", parts: dict[str, str] | None = None, styles: str = "") -> str:
    data = open_document(body, kind, parts, styles)
    return office.read_office(data, max_characters=100_000)[1][0].decode()


def p(text: str) -> str:
    return f"<text:p>{text}</text:p>"


STYLES = (
    '<style:style style:name="gone"><style:text-properties text:display="none"/></style:style>'
    '<style:style style:name="up"><style:text-properties style:text-position="super 58%"/><style:other/></style:style>'
    '<style:style style:name="low"><style:text-properties style:text-position="sub 58%"/></style:style>'
    '<style:style style:name="away"><style:table-properties table:display="false"/></style:style>'
)
ROW = "<table:table-row>{}</table:table-row>"
CELL = "<table:table-cell {}>{}</table:table-cell>"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('<text:h text:outline-level="2">Title</text:h>' + p("Body"), "## Title\nBody"),
        ('<text:h>Title</text:h><text:h text:outline-level="1"/>', "# Title\n"),
        ("<text:tracked-changes>" + p("deleted") + "</text:tracked-changes>" + p("kept"), "kept"),
        ("<text:list><text:list-item>" + p("one") + "</text:list-item></text:list>", "one"),
        (
            "<text:section>"
            + p('a<text:s text:c="3"/>b<text:s/>c<text:tab/>d<text:line-break/>e')
            + "</text:section>",
            "a   b c\td\ne",
        ),
        (p('a<text:s text:c="900000000"/>b'), "a" + " " * opendocument.MAX_BLANKS + "b"),
        (p("x<office:annotation>" + p("comment") + "</office:annotation>y"), "xy"),
        (
            p(
                "See<text:note><text:note-citation>1</text:note-citation><text:note-body>"
                + p("note")
                + "</text:note-body></text:note>."
            ),
            "See[^1].\n[^1]: note",
        ),
        (
            p(
                "<text:ruby><text:ruby-base>漢</text:ruby-base><text:ruby-text>かん</text:ruby-text></text:ruby>"
            ),
            "漢(かん)",
        ),
        (
            p("a<draw:frame><draw:text-box>" + p("BOX") + "</draw:text-box></draw:frame>b") + p("c"),
            "ab\nBOX\nc",
        ),
        (
            p(
                '10<text:span text:style-name="up">6</text:span> H<text:span text:style-name="low">2</text:span>'
            ),
            "10⁶ H₂",
        ),
        (p('a<text:span text:style-name="gone">secret</text:span>b<text:span>c</text:span>'), "abc"),
        (
            p("before")
            + "<table:table><table:table-header-rows>"
            + ROW.format(CELL.format("", p("h")) + "<x/>")
            + "</table:table-header-rows>"
            + ROW.format(CELL.format("", p("a") + "<draw:frame>" + p("in a shape") + "</draw:frame>"))
            + "</table:table>",
            "before\nh\na\nin a shape",
        ),
    ],
)
def test_text_documents_are_read_in_order(body: str, text: str) -> None:
    assert text_of(body, styles=STYLES) == text


@pytest.mark.parametrize(
    ("cells", "line"),
    [
        (CELL.format('table:number-columns-repeated="2"', p("x")) + CELL.format("", p("y")), "x,x,y"),
        (CELL.format('table:number-columns-repeated="2"', "") + CELL.format("", p("y")), ",,y"),
        (CELL.format("", p("x")) + CELL.format('table:number-columns-repeated="16383"', ""), "x"),
        (CELL.format('office:value-type="float" office:value="1.5"', ""), "1.5"),
        (CELL.format('office:value-type="date" office:date-value="2026-05-04"', ""), "2026-05-04"),
        (
            CELL.format('table:formula="of:=SUM([.A1:.A3])"', ""),
            "formula without a stored value: =SUM([.A1:.A3])",
        ),
        (CELL.format('table:formula="=1+1"', ""), "formula without a stored value: =1+1"),
        (
            CELL.format('table:formula="of:=[.A1]" office:value-type="string"', "") + CELL.format("", p("y")),
            ",y",
        ),
    ],
)
def test_cells_are_shown_with_their_values(cells: str, line: str) -> None:
    assert (
        text_of(f'<table:table table:name="One">{ROW.format(cells)}</table:table>', "spreadsheet")
        == f"# One\n{line}\n"
    )


def test_rows_repeat_and_hidden_sheets_are_named() -> None:
    row = f'<table:table-row table:number-rows-repeated="2">{CELL.format("", p("x"))}</table:table-row>'
    empty = f'<table:table-row table:number-rows-repeated="1048570">{CELL.format("", "")}</table:table-row>'
    shapes = f"<table:shapes><draw:frame>{p('drawn')}</draw:frame></table:shapes>"
    sheet = f'<table:table table:name="Old" table:style-name="away">{row}{empty}{shapes}</table:table>'
    assert text_of(sheet + "<x/>", "spreadsheet", styles=STYLES) == "# Old (hidden sheet)\nx\nx\ndrawn\n"


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ('table:number-columns-repeated="99999999"', "too_large"),
        ('table:number-rows-repeated="99999999"', "too_long"),
    ],
)
def test_repetition_ends_at_the_limits(attributes: str, code: str) -> None:
    row = f"<table:table-row {attributes if 'rows' in attributes else ''}>"
    cell = CELL.format(attributes if "columns" in attributes else "", p("x"))
    with pytest.raises(Refused, match=code):
        text_of(f"<table:table>{row}{cell}</table:table-row></table:table>", "spreadsheet")


@pytest.mark.parametrize("kind", ["presentation", "drawing"])
def test_slides_are_numbered_and_their_notes_follow(kind: str) -> None:
    number = f'<draw:frame presentation:class="page-number">{p("7")}</draw:frame>'
    notes = f"<presentation:notes>{number}<draw:frame>{p('said')}</draw:frame></presentation:notes>"
    group = f"<draw:g><draw:custom-shape>{p('IN GROUP')}</draw:custom-shape></draw:g>"
    page = f"<draw:page>{group}{p('')}{notes}</draw:page>"
    assert text_of(f"<presentation:footer-decl/>{page}", kind) == "# 1\nIN GROUP\nsaid\n"


CHART = (
    "<office:document-content SPACES><office:body><office:chart><chart:chart><chart:title>"
    + p("SALES")
    + "</chart:title>"
    "<chart:subtitle>"
    + p("by year")
    + "</chart:subtitle><chart:plot-area/><table:table>"
    + ROW.format(CELL.format("", p("North")) + CELL.format("", p("1")))
    + "</table:table></chart:chart></office:chart></office:body></office:document-content>"
)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (CHART, "a\nSALES\nby year\nNorth,1"),
        (
            '<math><semantics><annotation encoding="StarMath 5.0">x^2</annotation></semantics></math>',
            "a\nx^2",
        ),
        ("<math><annotation/></math>", "a\n"),
        (None, "a"),
    ],
)
def test_embedded_charts_and_formulas_are_read(content: str | None, text: str) -> None:
    body = p('a<draw:frame><draw:object xlink:href="./Object 1"/></draw:frame>')
    assert text_of(body, parts={} if content is None else {"Object 1/content.xml": content}) == text


@pytest.mark.parametrize(
    ("body", "kind", "parts", "code"),
    [
        (p("x"), "text", {"META-INF/manifest.xml": "<x><manifest:encryption-data/></x>"}, "encrypted"),
        (p("x"), "database", {}, "archive"),
        (p(" "), "text", {}, "empty"),
    ],
)
def test_what_is_no_readable_document_is_refused(
    body: str, kind: str, parts: dict[str, str], code: str
) -> None:
    with pytest.raises(Refused, match=code):
        text_of(body, kind, parts)


def test_the_media_type_says_which_kind_it_is() -> None:
    kinds = {
        "text": "text",
        "spreadsheet": "spreadsheet",
        "presentation": "presentation",
        "drawing": "graphics",
    }
    bodies = {"spreadsheet": f"<table:table>{ROW.format(CELL.format('', p('x')))}</table:table>"}
    bodies |= dict.fromkeys(("presentation", "drawing"), f"<draw:page>{p('x')}</draw:page>")
    for name, kind in kinds.items():
        data = open_document(bodies.get(name, p("x")), name)
        found = office.read_office(data, max_characters=100)[0]
        assert found == f"application/vnd.oasis.opendocument.{kind}"
