"""A public function or class has a name of its own, so that a search for it finds one place."""

import ast
from collections import defaultdict
from pathlib import Path

import chat

ROOT = Path(chat.__file__).parent
# The simulator imports nothing of the rest: it has its own words for the same API. Commands all have a Command.
OUTSIDE = {"management", "migrations", "simulator"}
# Their functions are named after the operations that they offer.
INTERFACES = {"admin", "api", "live", "templatetags", "web"}


def test_public_names_are_unique() -> None:
    places: defaultdict[str, set[str]] = defaultdict(set)
    for path in ROOT.rglob("*.py"):
        place = path.relative_to(ROOT)
        if place.parts[0] in OUTSIDE:
            continue
        kinds = (
            (ast.ClassDef,)
            if place.parts[0] in INTERFACES
            else (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        )
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, kinds) and not node.name.startswith("_"):
                places[node.name].add(str(place))
    assert {name: sorted(found) for name, found in places.items() if len(found) > 1} == {}
