"""Checks that no tracked file contains a package index's host or a path of one person's machine."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOSTS = "pypi" + r"\.org|pythonhosted\.org|registry\.npmjs" + r"\.org|registry\.yarnpkg"
# Home directories, and the location of this checkout.
MACHINE = rf"(?<![\w.])/(?:home|Users)/\w+/|{re.escape(str(ROOT))}/"
FORBIDDEN = re.compile(f'{HOSTS}|{MACHINE}|"resolved":|^--(?:extra-)?index-url', re.MULTILINE)


def problems() -> list[str]:
    """Return `path:line: what` for each forbidden address in a tracked text file."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    found = []
    for path in listed.decode().split("\0"):
        file = ROOT / path
        if not path or not file.is_file() or file == Path(__file__).resolve():
            continue
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [
            f"{path}:{text.count(chr(10), 0, m.start()) + 1}: {m.group()}" for m in FORBIDDEN.finditer(text)
        ]
    return found


if __name__ == "__main__":
    sys.exit("\n".join(problems()) or 0)
