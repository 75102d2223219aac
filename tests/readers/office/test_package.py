"""Office packages: parts are found by relations, whatever they are called, and other archives are named."""

import pytest

from chat.readers.errors import Refused
from chat.readers.office import archive
from chat.readers.office import document as office
from tests.readers.parts import SPACES, paragraph, relations
from tests.support import media

BODY = f"<w:document {SPACES}><w:body>{paragraph('Words')}</w:body></w:document>"
MAIN = "application/vnd.openxmlformats-officedocument."


def read(members: dict[str, bytes | str]) -> tuple[str, str]:
    kind, parts = office.read_office(media.archive(members), max_characters=1_000)
    return kind, parts[0].decode()


def package(target: str, name: str, content_type: str = "") -> dict[str, bytes | str]:
    listed = f'<Types><Default/><Override PartName="/{name}" ContentType="{content_type}"/></Types>'
    types: dict[str, bytes | str] = {"[Content_Types].xml": listed} if content_type else {}
    return {"_rels/.rels": relations(("rId1", "officeDocument", target)), name: BODY, **types}


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("word/document22.xml", "word/document22.xml"),
        ("/WORD/Document.xml", "word/document.xml"),
        ("./word/../odd%20place.xml", "odd place.xml"),
        ("word\\document.xml", "word\\document.xml"),
        ("word/elsewhere.xml", "word/document.xml"),
    ],
)
def test_the_main_part_is_found_by_its_relation(target: str, name: str) -> None:
    assert read(package(target, name)) == (MAIN + "wordprocessingml.document", "Words")


def test_a_package_without_relations_is_read_by_its_names() -> None:
    external = (
        '<Relationships><Relationship TargetMode="External" Type="x/officeDocument"/><Odd/></Relationships>'
    )
    assert read({"word/document.xml": BODY})[1] == "Words"
    assert read({"word/document.xml": BODY, "_rels/.rels": external})[1] == "Words"


@pytest.mark.parametrize(
    ("declared", "kind"),
    [
        (MAIN + "wordprocessingml.template.main+xml", MAIN + "wordprocessingml.template"),
        (
            "application/vnd.ms-word.document.macroEnabled.main+xml",
            "application/vnd.ms-word.document.macroEnabled.12",
        ),
        (
            "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
            "application/vnd.ms-word.template.macroEnabled.12",
        ),
        ("text/html", MAIN + "wordprocessingml.document"),
    ],
)
def test_templates_and_macros_keep_their_media_type(declared: str, kind: str) -> None:
    assert read(package("word/document.xml", "word/document.xml", declared))[0] == kind


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"readme.txt": "Hello"}, "archive"),
        ({"_rels/.rels": relations(("r", "officeDocument", "a.xml")), "a.xml": "<other/>"}, "archive"),
        (
            {
                "_rels/.rels": relations(("r", "officeDocument", "xl/workbook.bin")),
                "xl/workbook.bin": b"\x83",
            },
            "binary_workbook",
        ),
        ({"mimetype": "application/hwp+zip", "Contents/section0.xml": "<x/>"}, "hangul"),
        ({"Index/Document.iwa": b"x"}, "iwork"),
        ({"content.xml": "<math/>"}, "archive"),
        ({"word/document.xml": b" " * (archive.MAX_MARKUP_BYTES + 1)}, "too_large"),
        (
            {
                "_rels/.rels": relations(("r", "officeDocument", "a")),
                "a": b" " * (archive.MAX_MARKUP_BYTES + 1),
            },
            "too_large",
        ),
    ],
)
def test_other_archives_are_named(members: dict[str, bytes | str], code: str) -> None:
    with pytest.raises(Refused, match=code):
        read(members)


def test_entities_are_never_expanded() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/hostname">]>'
    body = BODY.replace("Words", "Words&b;&c;")
    assert read({"word/document.xml": bomb + body})[1] == "Words"
