"""Processes load packages without what they would load on top; others can still import that."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.environment import ROOT, child

SETTINGS = """
import sys
import config.settings
print([name for name in ("twisted", "rich", "greenlet", "yaml") if name in sys.modules])
import rich.console, yaml, greenlet, structlog
print(structlog.twisted is None, structlog.dev.rich is None)
"""
WEB = """
import sys
import chat.embedded.web
import django
django.setup()
from config import asgi
print([name for name in ("watchfiles", "psycopg") if name in sys.modules])
from django.contrib.postgres.fields import ArrayField
import watchfiles, unfold.overrides, uvicorn
print(ArrayField in unfold.overrides.FORMFIELD_OVERRIDES, "watchfiles" in uvicorn.supervisors.ChangeReload.__module__)
"""


@pytest.mark.parametrize(
    ("code", "found"), [(SETTINGS, "True True"), (WEB, "False False")], ids=["settings", "web process"]
)
def test_nothing_is_loaded_that_is_not_used(code: str, found: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=child(tmp_path, DJANGO_SETTINGS_MODULE="config.settings"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split("\n")[:2] == ["[]", found], done.stdout
