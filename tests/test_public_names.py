"""A public function or class has a name of its own, so that a search for it finds one place."""

import ast
from collections import defaultdict
from pathlib import Path

import chat

ROOT = Path(chat.__file__).parent
# Interfaces are named after what they offer, commands all have a Command, and the simulator imports nothing of the
# rest: it has its own words for the same API.
OUTSIDE = {"admin", "api", "gateway", "live", "management", "migrations", "simulator", "templatetags", "web"}


def test_public_names_are_unique() -> None:
    places: defaultdict[str, set[str]] = defaultdict(set)
    for path in ROOT.rglob("*.py"):
        place = path.relative_to(ROOT)
        if place.parts[0] in OUTSIDE:
            continue
        for node in ast.parse(path.read_text()).body:
            defines = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            if defines and not node.name.startswith("_"):
                places[node.name].add(str(place))
    assert {name: sorted(found) for name, found in places.items() if len(found) > 1} == {}
