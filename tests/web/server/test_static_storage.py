"""Style sheets are joined with those that they import when static files are collected."""

import re
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage

from chat.web.server.static_storage import StaticFilesStorage, join_imports

STATIC = Path(__file__).parents[3] / "static"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source" / "chat" / "css"
    for name, text in {
        "pages/chat.css": '/* All. */\n@import "../base.css";\n@import "./own.css";\n\nmain {}\n',
        "pages/own.css": '@import "../base.css";\nown {}\n',
        "base.css": "body {}\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return tmp_path / "source"


def collect(source: Path, target: Path, storage: StaticFilesStorage | None = None) -> str:
    """Collect as `collectstatic` does with files that have not changed, and return the page's style sheet."""
    paths = {}
    for file in source.rglob("*.css"):
        name = file.relative_to(source).as_posix()
        paths[name] = (FileSystemStorage(source), name)
        if not (target / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_text(file.read_text())
    storage = storage or StaticFilesStorage(location=target, base_url="/static/")
    assert not [done for _name, _hashed, done in storage.post_process(paths) if isinstance(done, Exception)]
    return (target / storage.stored_name("chat/css/pages/chat.css")).read_text()


def test_imports_are_joined_in_their_order(source: Path, tmp_path: Path) -> None:
    assert collect(source, tmp_path / "target") == "/* All. */\nbody {}\nbody {}\nown {}\n\nmain {}\n"


def test_a_change_of_what_is_imported_arrives(source: Path, tmp_path: Path) -> None:
    collect(source, tmp_path / "target")
    (source / "chat/css/base.css").write_text("body { color: red }\n")
    assert "color: red" in collect(source, tmp_path / "target")


def test_an_address_that_was_asked_for_follows_what_is_collected(source: Path, tmp_path: Path) -> None:
    storage = StaticFilesStorage(location=tmp_path / "target", base_url="/static/")
    addresses = []
    for colour in ("red", "blue"):
        (source / "chat/css/base.css").write_text(f"body {{ color: {colour} }}\n")
        collect(source, tmp_path / "target", storage)
        addresses += [storage.url("chat/css/pages/chat.css"), storage.url("chat/css/pages/chat.css")]
    assert addresses[0] == addresses[1] != addresses[2] == addresses[3]


@pytest.mark.parametrize("path", sorted(file.name for file in (STATIC / "chat/css/pages").glob("*.css")))
def test_pages_import_only_what_is_joined(path: str) -> None:
    joined = join_imports(FileSystemStorage(STATIC), f"chat/css/pages/{path}")
    assert "@import" not in re.sub(r"/\*.*?\*/", "", joined, flags=re.DOTALL)
