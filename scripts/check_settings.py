"""Checks that .env.example and docs/operations.md have exactly the environment variables that the settings read."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("config/settings.py", "config/environment.py")
READ = re.compile(
    r"""\b(?:text|texts|hosts|origins|one_of|address|switch|number)\(\s*["']([A-Z][A-Z0-9_]*)["']"""
)
EXAMPLE = re.compile(r"^#?\s*([A-Z][A-Z0-9_]*)=", re.MULTILINE)
DOCUMENTED = re.compile(r"^\| `([A-Z][A-Z0-9_]*)`", re.MULTILINE)


def names(pattern: re.Pattern[str], *paths: str) -> set[str]:
    """Return the variables that a pattern finds in files of the project."""
    return {name for path in paths for name in pattern.findall((ROOT / path).read_text(encoding="utf-8"))}


def variables() -> set[str]:
    """Return every environment variable that the settings read."""
    return names(READ, *SOURCES)


def problems() -> list[str]:
    """Return one sentence for each variable that is read but not documented, or documented but not read."""
    read = variables()
    found = []
    for place, there in {
        ".env.example": names(EXAMPLE, ".env.example"),
        "docs/operations.md": names(DOCUMENTED, "docs/operations.md"),
    }.items():
        found += [f"{place} lacks {name}, which the settings read." for name in sorted(read - there)]
        found += [f"{place} names {name}, which no setting reads." for name in sorted(there - read)]
    return found


if __name__ == "__main__":
    sys.exit("\n".join(problems()) or 0)
