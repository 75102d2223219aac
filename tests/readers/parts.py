"""Office files made of the parts that a test is about."""

from tests.support import media

_MAIN = "http://schemas.openxmlformats.org/{}/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
)
SPACES = (
    f'xmlns:w="{_MAIN.format("wordprocessingml")}" xmlns:a="{_MAIN.format("drawingml")}" '
    f'xmlns:p="{_MAIN.format("presentationml")}" xmlns:r="{_OFFICE}" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" xmlns:v="urn:schemas-microsoft-com:vml"'
)
Parts = dict[str, tuple[str, str]]


def relations(*listed: tuple[str, str, str]) -> str:
    """The list of relations (id, kind, target)."""
    return _RELATIONS.format(
        "".join(
            f'<Relationship Id="{one}" Type="{_OFFICE}/{kind}" Target="{to}"/>' for one, kind, to in listed
        )
    )


def word(body: str, parts: Parts | None = None) -> bytes:
    """A Word document; `parts` maps a name in word/ to (kind of relation, XML). The relation's id is the name."""
    parts = parts or {}
    members = {f"word/{name}": f"<x {SPACES}>{xml}</x>" for name, (_kind, xml) in parts.items()}
    listed = [(name, kind, name) for name, (kind, _xml) in parts.items()]
    return media.archive(
        {
            "_rels/.rels": relations(("rId1", "officeDocument", "word/document.xml")),
            "word/document.xml": f"<w:document {SPACES}><w:body>{body}</w:body></w:document>",
            "word/_rels/document.xml.rels": relations(*listed),
            **members,
        }
    )


def paragraph(text: str, properties: str = "") -> str:
    return f"<w:p>{properties}<w:r><w:t>{text}</w:t></w:r></w:p>"


def slide(shapes: str, parts: Parts | None = None, attributes: str = "") -> bytes:
    """A presentation of one slide; `parts` maps a name in ppt/slides/ to (kind of relation, XML)."""
    parts = parts or {}
    members = {f"ppt/slides/{name}": f"<x {SPACES}>{xml}</x>" for name, (_kind, xml) in parts.items()}
    listed = [(name, kind, name) for name, (kind, _xml) in parts.items()]
    tree = f"<p:spTree>{shapes}</p:spTree>"
    return media.archive(
        {
            "_rels/.rels": relations(("rId1", "officeDocument", "/ppt/presentation.xml")),
            "ppt/presentation.xml": f'<p:presentation {SPACES}><p:sldId id="1" r:id="rId1"/>'
            '<p:sldId id="2" r:id="missing"/></p:presentation>',
            "ppt/_rels/presentation.xml.rels": relations(("rId1", "slide", "slides/slide1.xml")),
            "ppt/slides/slide1.xml": f"<p:sld {SPACES} {attributes}><p:cSld>{tree}</p:cSld></p:sld>",
            "ppt/slides/_rels/slide1.xml.rels": relations(*listed),
            **members,
        }
    )


def shape(text: str, placeholder: str = "") -> str:
    kind = f'<p:nvSpPr><p:nvPr><p:ph type="{placeholder}"/></p:nvPr></p:nvSpPr>' if placeholder else ""
    return f"<p:sp>{kind}<p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"


def open_document(
    body: str, kind: str = "text", parts: dict[str, str] | None = None, styles: str = ""
) -> bytes:
    """An OpenDocument file; `parts` are further members."""
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "text", "table", "style", "chart", "presentation", "manifest")
    )
    spaces += ' xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" xmlns:xlink="http://www.w3.org/1999/xlink"'
    root = f"<office:document-content {spaces}><office:automatic-styles>{styles}</office:automatic-styles>"
    content = (
        f"{root}<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    members = {name: xml.replace("SPACES", spaces) for name, xml in (parts or {}).items()}
    return media.archive({"content.xml": content, **members})
