"""Checks that each language is complete: every text of the source is collected and translated with its placeholders."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("chat", "config", "templates", "static", "locale", "scripts", "manage.py", "pyproject.toml")
SHOWN = 20
# Besides English, the language of the source; its catalogue only replaces texts of packages.
LANGUAGES = ("ko",)
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")


def key(entry: polib.POEntry) -> tuple[str | None, str, str]:
    """Return the identity of an entry: context, text, plural text."""
    return entry.msgctxt, entry.msgid, entry.msgid_plural


def incomplete_entries(path: Path) -> list[str]:
    """Return one line for each entry that is untranslated, fuzzy, or has other placeholders."""
    found = []
    for entry in polib.pofile(str(path)):
        if entry.obsolete:
            continue
        if not entry.translated():
            found.append(f"{path.relative_to(ROOT)}: not translated: {entry.msgid!r}")
        texts = list(entry.msgstr_plural.values()) or [entry.msgstr]
        wanted = set(PLACEHOLDER.findall(entry.msgid_plural or entry.msgid))
        if entry.translated() and any(set(PLACEHOLDER.findall(text)) - wanted for text in texts):
            found.append(f"{path.relative_to(ROOT)}: other placeholders: {entry.msgid!r}")
    return found


def translated_texts() -> list[tuple[str, str]]:
    """Return (place, text) of each text in Python code that is passed to one of Django's translation functions.

    xgettext finds neither texts in an f-string nor those of functions under a name that is not in its list.
    """
    texts = []
    for path in sorted((ROOT / "chat").rglob("*.py")) + sorted((ROOT / "config").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
            for alias in node.names
            if "gettext" in alias.name
        }
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(text)), *_]) if (
                    name in names
                ):
                    texts.append((f"{path.relative_to(ROOT)}:{node.lineno}", text))
    return texts


def missing_texts(catalogue: Path) -> list[str]:
    """Return one line for each text of the code that a catalogue lacks."""
    here = {entry.msgid for entry in polib.pofile(str(catalogue)) if not entry.obsolete}
    return [f"{place}: not collected: {text!r}" for place, text in translated_texts() if text not in here]


def outdated_entries(catalogues: list[Path]) -> list[str]:
    """Return one line for each text of the source that is in no catalogue, and for each entry without a source."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in SOURCES:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.mo"))
            elif source.exists():
                shutil.copy(source, copy / name)
        (copy / ".venv").symlink_to(ROOT / ".venv")
        subprocess.run(
            ["sh", "scripts/messages.sh"],
            cwd=copy,
            check=True,
            env={**os.environ, "DATA_DIR": str(copy / "var")},
        )
        found = []
        for catalogue in catalogues:
            here = {key(entry) for entry in polib.pofile(str(catalogue)) if not entry.obsolete}
            fresh = {key(entry) for entry in polib.pofile(str(copy / catalogue.relative_to(ROOT)))}
            path = catalogue.relative_to(ROOT)
            found += [f"{path} lacks {text!r}: make messages" for _, text, _ in sorted(fresh - here, key=str)]
            found += [
                f"{path} has {text!r}, which nothing says" for _, text, _ in sorted(here - fresh, key=str)
            ]
    return found


def main() -> int | str:
    """Check all languages. Collecting texts needs GNU gettext, which only CI is sure to have."""
    catalogues = [path for name in LANGUAGES for path in sorted(ROOT.glob(f"locale/{name}/LC_MESSAGES/*.po"))]
    missing = set(LANGUAGES) - {path.parent.parent.name for path in catalogues}
    if missing:
        return f"No catalogue for {', '.join(sorted(missing))}: make messages"
    found = [line for path in catalogues for line in [*incomplete_entries(path), *missing_texts(path)]]
    if shutil.which("xgettext"):
        found += outdated_entries(catalogues)
    elif os.environ.get("REQUIRE_SERVICES") == "1":
        found.append("GNU gettext is missing here.")
    more = [f"... and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    return "\n".join([*found[:SHOWN], *more]) or 0


if __name__ == "__main__":
    sys.exit(main())
