"""The child process that reads files: its answers, its limits, and that its end affects nothing else."""

import dataclasses
import errno
import io
import json
import os
import subprocess
import sys
import time
from typing import Any

import pytest

from chat.readers.errors import Exceeded, Refused
from chat.readers.process import sandbox, sandbox_worker
from tests.support import media

SCHEMA = {"type": "string", "pattern": "^(a+)+$"}


def told(job: str, data: bytes, **options: Any) -> tuple[dict[str, Any], bytes]:
    """Run a job in this process, without the limits."""
    task = {"job": job, "options": options, "seconds": 5, "memory_bytes": 0, "answer_bytes": 0}
    target = io.BytesIO()
    sandbox_worker.run_job([json.dumps(task)], io.BytesIO(data), target)
    head, _newline, rest = target.getvalue().partition(b"\n")
    return json.loads(head), rest


@pytest.fixture
def _unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_worker, "set_limits", lambda *_: None)


@pytest.mark.usefixtures("_unlimited")
def test_worker_answers_with_head_and_parts() -> None:
    head, rest = told("pdf_page", media.pdf("Words"), number=1, max_characters=9)
    assert (head, rest) == ({"value": False, "sizes": [len(rest)]}, b"Words")
    assert told("pdf", media.pdf(encrypt=True), max_pages=5)[0] == {"refused": "encrypted", "numbers": {}}
    assert told("pdf", b"nothing", max_pages=5)[0] == {"refused": "unreadable", "numbers": {}}
    assert told("pdf", media.endless_pdf(), max_pages=5)[0] == {"refused": "unreadable", "numbers": {}}
    damaged = told("office", b"PK\3\4 and nothing", max_characters=5)[0]
    assert damaged == {"refused": "unreadable", "numbers": {}}
    assert told("answer", json.dumps([SCHEMA, "b"]).encode())[0]["value"].startswith("at the root")
    assert told("tool_input", json.dumps([{"type": "object"}, {}]).encode())[0]["value"] == []


def test_child_process_gives_the_same_answer() -> None:
    answer = sandbox.run("pdf_page", media.pdf("Words"), bounds=sandbox.FILES, number=1, max_characters=9)
    assert answer == sandbox.JobResult(False, [b"Words"])
    with pytest.raises(Refused, match="too_large") as refused:
        sandbox.run("picture", media.png_bomb(), bounds=sandbox.FILES, side=100, max_bytes=100)
    assert refused.value.numbers == {"pixels": 2500, "most": 25}


@pytest.mark.parametrize(("seconds", "memory_bytes"), [(1, 512_000_000), (10, 1_000_000)])
def test_limits_end_the_child(seconds: int, memory_bytes: int) -> None:
    bounds = dataclasses.replace(sandbox.CHECKS, seconds=seconds, memory_bytes=memory_bytes)
    began = time.monotonic()
    with pytest.raises(Exceeded):
        sandbox.run("answer", json.dumps([SCHEMA, "a" * 60 + "!"]).encode(), bounds=bounds)
    assert time.monotonic() - began < 30


def test_a_child_limits_time_memory_and_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    limits: dict[int, tuple[int, int]] = {}
    monkeypatch.setattr(resource, "setrlimit", limits.__setitem__)
    sandbox_worker.set_limits(1, 2_000, 30)
    names = ("RLIMIT_CPU", "RLIMIT_AS", "RLIMIT_FSIZE", "RLIMIT_CORE")
    assert [limits[getattr(resource, name)] for name in names] == [(1, 1), (2_000, 2_000), (30, 30), (0, 0)]


@pytest.mark.usefixtures("_unlimited")
@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.ENOMEM, "no memory")])
def test_out_of_memory_is_not_reported_as_damage(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_data: bytes) -> Any:
        raise error

    monkeypatch.setitem(sandbox_worker.JOBS, "answer", full)
    with pytest.raises(type(error)):
        told("answer", b"")


def test_child_environment_has_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}
    real = subprocess.run

    def run(*args: Any, **options: Any) -> Any:
        seen.update(options)
        return real(*args, **options)

    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    monkeypatch.setattr(subprocess, "run", run)
    sandbox.run("pdf", media.pdf(), bounds=sandbox.FILES, max_pages=5)
    assert "PATH" in seen["env"]
    assert "sk-secret" not in str(seen["env"])


def test_a_child_starts_without_a_framework() -> None:
    look = (
        "import sys, chat.readers.process.sandbox_worker; "
        "late = ('django', 'anthropic', 'structlog', 'PIL', 'lxml', 'pikepdf', 'chardet'); "
        "print([name for name in late if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True, cwd=os.getcwd()
    )
    assert found.stdout.strip() == "[]"
