"""The browser's own modules: tested by node, imported by bare names that the import map knows."""

import re
import shutil
import subprocess
from pathlib import Path

from chat.templatetags.browser_modules import ENTRY, LAZY, OWN, import_map

ROOT = Path(__file__).resolve().parents[2]
MODULES = ROOT / "static" / "chat"
CLASSIC = ("theme", "admin/assistant")
IMPORT = re.compile(r"""(?:^import[^"']*|\bimport\()["']([^"']+)["']""", re.M)


def imports_of(name: str) -> set[str]:
    return set(IMPORT.findall((MODULES / f"{name}.js").read_text()))


def test_node_tests_pass() -> None:
    node = shutil.which("node")
    assert node, "node is needed for the browser's modules"
    files = sorted(str(path) for path in (ROOT / "tests" / "js").glob("*.test.js"))
    done = subprocess.run(
        [node, "--test", *files], cwd=ROOT, capture_output=True, text=True, check=False, timeout=110
    )
    assert done.returncode == 0, done.stdout[-4000:]


def test_every_module_is_in_the_import_map() -> None:
    found = {str(path.relative_to(MODULES)).removesuffix(".js") for path in MODULES.rglob("*.js")}
    assert found - set(CLASSIC) == set(OWN)


def test_every_import_is_a_name_of_the_map() -> None:
    known = set(import_map())
    for name in OWN:
        assert imports_of(name) <= known, name


def test_no_module_is_forgotten_by_the_page() -> None:
    reached, ahead = set(), [ENTRY]
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            own = name.removeprefix("parley/").removesuffix(".js")
            ahead += imports_of(own) if name.startswith("parley/") else []
    assert reached == set(import_map())
    assert reached >= set(LAZY)
