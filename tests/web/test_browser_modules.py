"""The browser's modules: the import map lists them all, and each import of one resolves in it."""

import json
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage, staticfiles_storage
from django.template import Context, Template
from django.test import override_settings

from chat.templatetags import browser_modules
from chat.templatetags.browser_modules import (
    CLASSIC_FOLDERS,
    ENTRY,
    FOLDER,
    LAZY,
    READER,
    import_map,
    own_modules,
)

IMPORT = re.compile(
    r"""(?:^\s*(?:import|export)\s+(?:[\w*\s{},$]+\sfrom\s+)?|\bimport\()["']([^"']+)["']""", re.M
)


def imports_of(path: str) -> set[str]:
    return set(IMPORT.findall((FOLDER / path).read_text()))


def rendered() -> str:
    return Template("{% load browser_modules %}{% browser_modules %}").render(Context({"CSP_NONCE": "n0nce"}))


@pytest.fixture(autouse=True)
def _no_cached_map() -> None:
    browser_modules._cached_elements.cache_clear()


def test_the_map_has_all_scripts_but_the_classic_ones() -> None:
    scripts = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.js")}
    classic = scripts - set(own_modules())
    assert classic == {path for path in scripts if path.split("/")[0] in CLASSIC_FOLDERS}
    assert {f"parley/{path}" for path in own_modules()} <= set(import_map())


def test_a_new_file_is_found_without_a_list(tmp_path: Path) -> None:
    for path in ("main.js", "projects/list.js", "admin/form.js", "classic/early.js", "projects/list.css"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).touch()
    assert own_modules(tmp_path) == ["main.js", "projects/list.js"]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ('import { a } from "x";', ["x"]),
        ('import {\n  a,\n  b,\n} from "x";', ["x"]),
        ('import * as a from "./x";', ["./x"]),
        ('import "x";', ["x"]),
        ('export { a } from "x";', ["x"]),
        ('const { a } = await import("x");', ["x"]),
        ('export const a = "x";', []),
        ('export class A {\n  b = "x";\n}', []),
    ],
)
def test_every_form_of_import_is_read(source: str, names: list[str]) -> None:
    assert IMPORT.findall(source) == names


def test_each_import_is_a_bare_name_of_the_map() -> None:
    known = set(import_map())
    for path in own_modules():
        assert imports_of(path) <= known, path


def test_each_module_is_reached_from_the_entry() -> None:
    reached, ahead = set(), [ENTRY, READER]
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            ahead += imports_of(name.removeprefix("parley/")) if name.startswith("parley/") else []
    assert reached == set(import_map())


def test_lazy_modules_are_mapped_and_not_preloaded() -> None:
    html = rendered()
    addresses = import_map()
    for name, address in addresses.items():
        assert (f'rel="modulepreload" href="{address}"' in html) is (name not in LAZY | {READER: ""})
    assert f'blocking="render" src="{addresses[ENTRY]}"' in html
    assert 'type="importmap" nonce="n0nce"' in html


def test_a_page_for_readers_loads_its_own_entry() -> None:
    template = Template('{% load browser_modules %}{% browser_modules "parley/reader.js" %}')
    html = template.render(Context({"CSP_NONCE": "n0nce"}))
    assert f'blocking="render" src="{import_map()[READER]}"' in html
    assert "modulepreload" not in html


def test_the_map_has_hashed_names_that_the_storage_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [address.removeprefix("/static/") for address in import_map().values()]
    hashed = {path: path.replace(".", ".0123456789ab.", 1) for path in paths}
    storage = ManifestStaticFilesStorage(location=tmp_path, base_url="/static/")
    storage.hashed_files = hashed
    monkeypatch.setattr(staticfiles_storage, "_wrapped", storage)
    found = re.search(r"<script type=\"importmap\"[^>]*>(.*?)</script>", rendered(), re.S)
    assert found
    imports = json.loads(found[1])["imports"]
    assert sorted(imports.values()) == sorted(f"/static/{name}" for name in hashed.values())


def test_the_map_is_made_once_unless_debugging(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def counted() -> list[str]:
        made.append("map")
        return ["main.js", "reader.js"]

    monkeypatch.setattr(browser_modules, "own_modules", counted)
    rendered()
    rendered()
    assert len(made) == 1
    with override_settings(DEBUG=True):
        rendered()
        rendered()
    assert len(made) == 3
