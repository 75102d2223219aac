"""Word documents: every word that Word shows with changes accepted, in order."""

import pytest

from chat.readers.errors import Refused
from chat.readers.office import document as office
from tests.readers.parts import Parts, paragraph, word


def text_of(body: str, parts: Parts | None = None) -> str:
    return office.read_office(word(body, parts), max_characters=100_000)[1][0].decode()


def run(text: str, properties: str = "") -> str:
    return f"<w:r>{properties}<w:t>{text}</w:t></w:r>"


def field(*parts: str) -> str:
    marks = {name: f'<w:r><w:fldChar w:fldCharType="{name}"/></w:r>' for name in ("begin", "separate", "end")}
    return "".join(marks.get(part, part) for part in parts)


RAISED = '<w:rPr><w:vertAlign w:val="superscript"/></w:rPr>'
LOWERED = '<w:rPr><w:vertAlign w:val="subscript"/></w:rPr>'
SHOWN = '<w:rPr><w:vanish w:val="0"/></w:rPr>'
WIDE = '<w:tcPr><w:gridSpan w:val="2"/></w:tcPr>'
SUM = '<m:naryPr><m:chr m:val="∑"/></m:naryPr>'
SIDES = "<mc:AlternateContent><mc:Choice>{}</mc:Choice><mc:Fallback>{}</mc:Fallback></mc:AlternateContent>"
BOX = f"<w:txbxContent>{paragraph('BOX')}</w:txbxContent>"
DELETED_END = "<w:pPr><w:rPr><w:del/></w:rPr></w:pPr>"
ROW = "<w:tr><w:tc>{}</w:tc></w:tr>"
CHECKED = '<w:ffData><w:checkBox><w:default w:val="0"/><w:checked/></w:checkBox></w:ffData>'
UNCHECKED = '<w:ffData><w:checkBox><w:default w:val="0"/></w:checkBox></w:ffData>'
LISTED = "<w:ffData><w:ddList>{}<w:listEntry w:val='no'/><w:listEntry w:val='yes'/></w:ddList></w:ffData>"
SECOND, FIRST = LISTED.format('<w:result w:val="1"/>'), LISTED.format("")


def form(data: str) -> str:
    return (
        f'<w:p><w:r><w:fldChar w:fldCharType="begin">{data}</w:fldChar></w:r>{field("end")}{run("!")}</w:p>'
    )


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (f"<w:customXml><w:smartTag>{paragraph('IN TAGS')}</w:smartTag></w:customXml>", "IN TAGS"),
        (f"<w:ins>{paragraph('new')}</w:ins><w:del>{paragraph('old')}</w:del>", "new"),
        (paragraph("One ", DELETED_END) + paragraph("line."), "One line."),
        (paragraph("kept") + paragraph("last", DELETED_END), "kept\nlast"),
        (paragraph("The end", "<w:pPr><w:rPr/></w:pPr>"), "The end"),
        (f"<w:p><w:r><w:t>A</w:t><w:tab/><w:t>B</w:t><w:br/><w:t>C</w:t></w:r>{BOX}</w:p>", "A\tB\nC\nBOX"),
        (
            f"<w:p>{run('A')}{SIDES.format(f'<w:r>{BOX}</w:r>', f'<w:r>{BOX}</w:r>')}</w:p>",
            "A\nBOX",
        ),
        (
            SIDES.format("", paragraph("old form")),
            "old form",
        ),
        (f'<w:p>{run("A")}<w:r><v:textpath string="DRAFT"/></w:r></w:p>', "A\nDRAFT"),
        (f"<w:p>{run('A')}<a:txBody><a:p><a:r><a:t>CANVAS</a:t></a:r></a:p></a:txBody></w:p>", "A\nCANVAS"),
        (
            "<w:p><w:ruby><w:rt>"
            + run("かん")
            + "</w:rt><w:rubyBase>"
            + run("漢")
            + "</w:rubyBase></w:ruby></w:p>",
            "漢(かん)",
        ),
        (f"<w:p><w:ruby><w:rubyBase>{run('漢')}</w:rubyBase></w:ruby></w:p>", "漢()"),
        ('<w:p><w:r><w:sym w:char="00B1"/><w:sym w:char="F0FC"/></w:r></w:p>', "±\ufffd"),
        (f"<w:p>{run('10')}{run('-6', RAISED)}</w:p>", "10⁻⁶"),
        (f"<w:p>{run('H')}{run('2', LOWERED)}{run('O')}</w:p>", "H₂O"),
        (f"<w:p>{run('1')}{run('st', RAISED)}</w:p>", "1st"),
        (f"<w:p>{run('seen')}{run('hidden', '<w:rPr><w:vanish/></w:rPr>')}</w:p>", "seen"),
        (f"<w:p>{run('seen', SHOWN)}</w:p>", "seen"),
    ],
)
def test_words_in_every_wrapper_are_read(body: str, text: str) -> None:
    assert text_of(body) == text


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        (("begin", run("PAGE"), "separate", run("7"), "end"), "7"),
        (
            ("begin", "begin", run("x"), "separate", run("inner"), "end", "separate", run("outer"), "end"),
            "outer",
        ),
        (("begin", run("left open")), "left open"),
        (("end", run("stray"), "separate", "begin"), "stray"),
        (("<w:del>", "begin", "</w:del>", run("after a deletion")), "after a deletion"),
        (
            (
                '<w:r><w:rPr><w:vanish/></w:rPr><w:fldChar w:fldCharType="begin"/></w:r>',
                "separate",
                run("3"),
                "end",
            ),
            "3",
        ),
        (("begin", form(CHECKED)[5:-6], "separate", run("y"), "end"), "y"),
    ],
)
def test_fields_show_their_result_alone(inside: tuple[str, ...], text: str) -> None:
    assert text_of(f"<w:p>{field(*inside)}</w:p>") == text


@pytest.mark.parametrize(
    ("data", "shown"),
    [(CHECKED, "☒!"), (UNCHECKED, "☐!"), (SECOND, "yes!"), (FIRST, "no!"), ("<w:ffData/>", "!")],
)
def test_form_fields_show_their_choice(data: str, shown: str) -> None:
    assert text_of(form(data)) == shown


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (
            ROW.format(paragraph("kept"))
            + f"<w:tr><w:trPr><w:del/></w:trPr><w:tc>{paragraph('gone')}</w:tc></w:tr>",
            "kept",
        ),
        (
            f"<w:tr><w:tc><w:tcPr><w:cellDel/></w:tcPr>{paragraph('gone')}</w:tc><w:tc>{paragraph('kept')}</w:tc></w:tr>",
            "kept",
        ),
        (
            f"<w:sdt><w:sdtContent>{ROW.format(paragraph('in a control'))}</w:sdtContent></w:sdt>",
            "in a control",
        ),
        (
            SIDES.format(ROW.format(paragraph("choice")), "")
            + f"<w:del>{ROW.format(paragraph('gone'))}</w:del>",
            "choice",
        ),
        (
            f"<w:tr><w:tc>{WIDE}{paragraph('wide')}</w:tc><w:tc>{paragraph('b')}</w:tc></w:tr>",
            "wide,,b",
        ),
        (ROW.format(paragraph("One ", DELETED_END)), "One "),
    ],
)
def test_rows_and_cells_follow_the_changes(rows: str, text: str) -> None:
    assert text_of(f"<w:tbl>{rows}</w:tbl>") == text


STYLES = (
    '<w:style w:styleId="1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:styleId="mine"><w:name w:val="Mine"/><w:basedOn w:val="1"/></w:style>'
    '<w:style w:styleId="outline"><w:pPr><w:outlineLvl w:val="2"/></w:pPr></w:style>'
    '<w:style w:styleId="body"><w:pPr><w:outlineLvl w:val="9"/></w:pPr><w:basedOn w:val="1"/></w:style>'
    '<w:style w:styleId="loop"><w:pPr/><w:basedOn w:val="loop"/></w:style><w:docDefaults/>'
)


@pytest.mark.parametrize(
    ("properties", "level"),
    [
        ('<w:pStyle w:val="1"/>', "# "),
        ('<w:pStyle w:val="mine"/>', "# "),
        ('<w:pStyle w:val="outline"/>', "### "),
        ('<w:pStyle w:val="1"/><w:outlineLvl w:val="1"/>', "## "),
        ('<w:pStyle w:val="body"/>', ""),
        ('<w:pStyle w:val="loop"/>', ""),
        ('<w:pStyle w:val="unknown"/>', ""),
        ("", ""),
    ],
)
def test_headings_are_found_in_any_language(properties: str, level: str) -> None:
    body = paragraph("Title", f"<w:pPr>{properties}</w:pPr>") * 2
    assert text_of(body, {"styles.xml": ("styles", STYLES)}) == f"{level}Title\n{level}Title"


def test_an_empty_heading_stays_an_empty_line() -> None:
    heading = '<w:p><w:pPr><w:pStyle w:val="1"/></w:pPr></w:p>'
    assert text_of(heading + paragraph("x"), {"styles.xml": ("styles", STYLES)}) == "\nx"


def test_notes_follow_in_the_order_of_their_marks() -> None:
    marks = '<w:r><w:endnoteReference w:id="1"/></w:r><w:r><w:footnoteReference w:id="2"/></w:r>'
    missing = '<w:r><w:footnoteReference w:id="77"/></w:r>'
    parts = {
        "notes.xml": ("footnotes", f'<w:footnote w:id="2">{paragraph("foot")}</w:footnote>'),
        "ends.xml": ("endnotes", f'<w:endnote w:id="1">{paragraph(" end")}</w:endnote>'),
    }
    assert (
        text_of(f"<w:p>{run('See')}{marks}{missing}</w:p>", parts) == "See[^1][^2][^3]\n[^1]: end\n[^2]: foot"
    )


def test_headers_and_footers_come_once_at_the_end() -> None:
    names = ("a.xml", "a.xml", "same.xml", "foot.xml", "none")
    listed = "".join(f'<w:{"footer" if "f" in name else "header"}Reference r:id="{name}"/>' for name in names)
    parts = {
        "a.xml": ("header", paragraph("LETTERHEAD")),
        "same.xml": ("header", paragraph("LETTERHEAD")),
        "foot.xml": ("footer", paragraph("Page foot") + paragraph("")),
    }
    text = text_of(f"{paragraph('Body')}<w:sectPr>{listed}</w:sectPr>", parts)
    assert text == "Body\n(headers and footers)\nLETTERHEAD\nPage foot"


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("<m:f><m:num>{a}{b}</m:num><m:den>{a}</m:den></m:f>", "(ab)/a"),
        ("<m:sSup><m:e>{a}</m:e><m:sup>{b}</m:sup></m:sSup>", "a^b"),
        ("<m:sSub><m:e>{a}</m:e><m:sub>{b}</m:sub></m:sSub>", "a_b"),
        ("<m:sSubSup><m:e>{a}</m:e><m:sub>{b}</m:sub><m:sup>{a}{b}</m:sup></m:sSubSup>", "a_b^(ab)"),
        ("<m:rad><m:deg/><m:e>{a}</m:e></m:rad>", "√(a)"),
        ("<m:rad><m:e>{a}</m:e></m:rad>", "√(a)"),
        ("<m:d><m:e>{a}</m:e><m:e>{b}</m:e></m:d>", "(a|b)"),
        ('<m:d><m:dPr><m:begChr m:val="["/><m:endChr m:val="]"/></m:dPr><m:e>{a}</m:e></m:d>', "[a]"),
        (
            f"<m:nary>{SUM}<m:sub>{{a}}</m:sub><m:sup>{{b}}</m:sup><m:e>{{a}}</m:e></m:nary>",
            "∑_a^b a",
        ),
        ("{a}<w:del>{b}</w:del><m:r><m:t/></m:r>", "a"),
    ],
)
def test_formulas_keep_what_stands_above_and_below(formula: str, text: str) -> None:
    a, b = (f"<m:r><m:t>{letter}</m:t></m:r>" for letter in "ab")
    assert text_of(f"<w:p><m:oMath>{formula.format(a=a, b=b)}</m:oMath></w:p>") == text


def test_a_document_of_pictures_alone_has_no_text() -> None:
    with pytest.raises(Refused, match="empty"):
        text_of('<w:p><w:r><w:drawing><a:blip r:embed="x"/></w:drawing></w:r></w:p>')
