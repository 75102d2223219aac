"""The settings load structlog without what it would load on top; others can still import that."""

import subprocess
import sys
from pathlib import Path

from tests.support.environment import ROOT, child

CODE = """
import sys
import config.settings
print([name for name in ("twisted", "rich") if name in sys.modules])
import structlog, rich.console
print(structlog.twisted is None, structlog.dev.rich is None)
"""


def test_structlog_loads_neither_twisted_nor_rich(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        cwd=ROOT,
        env=child(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split("\n")[:2] == ["[]", "True True"], done.stdout
