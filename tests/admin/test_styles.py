"""The admin's templates use only classes that the theme's stylesheet or our own has.

The theme ships a compiled stylesheet, which lacks every class that its own templates don't use.
"""

import re
from pathlib import Path

import pytest
import unfold
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted(
    path for folder in ("admin", "unfold") for path in (ROOT / "templates" / folder).rglob("*.html")
)
SHEETS = [
    Path(unfold.__file__).parent / "static" / "unfold" / "css" / "styles.css",
    ROOT / "static" / "chat" / "admin" / "admin.css",
]
# Names that scripts look for, and the theme's own marks.
MARKS = re.compile(r"prompt-block|prompt-counts|chart$|active$|group$|last:")


def classes(text: str) -> set[str]:
    found = " ".join(re.findall(r'(?<!:)class="([^"]*)"', re.sub(r"{%.*?%}", " ", text)))
    return {name for name in re.sub(r"{{.*?}}", " ", found).split() if not MARKS.search(name)}


def test_the_sheets_are_read() -> None:
    assert ".mb-4" in SHEETS[0].read_text()
    assert classes('<p class="a {% if b %}c{% endif %} {{ d }}">') == {"a", "c"}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_every_class_has_a_rule(template: Path) -> None:
    sheets = "".join(sheet.read_text() for sheet in SHEETS)
    rules = {name: "." + re.sub(r"([^\w-])", r"\\\1", name) for name in classes(template.read_text())}
    assert sorted(name for name, rule in rules.items() if rule not in sheets) == []
