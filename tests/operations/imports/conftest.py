"""Imports run when a test runs them: no job is started."""

import pytest

from chat.operations.imports import run


@pytest.fixture(autouse=True)
def _jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "wake_for_import", lambda _import_id: None)
