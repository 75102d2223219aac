"""Reading in a process of its own, which can be killed.

A hostile file, schema or pattern holds neither this process nor its memory, and finds none of its secrets.

No look at a file foretells what a decoder or a regular expression will take, a thread can't be ended, and a long loop
in C keeps all others waiting. So a child reads, within limits that the system keeps for it. It is told the job in its
arguments and the bytes on its standard input; its answer goes to a file, which has a limit as well.
"""

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, Any

import structlog

from chat.readers.errors import Exceeded, Refused

MB = 1_000_000
MAX_ANSWER_BYTES = 32 * MB
_CHILD_CODE = (
    "from chat.readers.sandbox_worker import run_job; import sys; "
    "run_job(sys.argv[1:], sys.stdin.buffer, sys.stdout.buffer)"
)
_WALL_CLOCK_FACTOR = 3
_PROJECT_ROOT = Path(__file__).parents[2]
# What an interpreter needs to start; whatever else the environment holds is nobody's business in there.
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR")

log = structlog.get_logger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class Bounds:
    """What one job may take; `places` says how many of its kind run at a time in this process.

    `seconds` are those of a processor. On a busy machine they may last longer, but not for ever.
    """

    seconds: int
    memory_bytes: int
    slots: threading.Semaphore


@dataclasses.dataclass(frozen=True, slots=True)
class JobResult:
    """What a job found: a JSON value, and bytes."""

    value: Any
    parts: list[bytes]


FILES = Bounds(seconds=20, memory_bytes=512 * MB, slots=threading.Semaphore(2))
CHECKS = Bounds(seconds=10, memory_bytes=512 * MB, slots=threading.Semaphore(4))


def run(job: str, data: bytes, *, bounds: Bounds, **options: Any) -> JobResult:
    """Let a child do a job of `chat.readers.sandbox_worker` with some bytes, and wait for it.

    Raises:
        Refused: by the reader.
        Exceeded: it came to its limits, or died.
    """
    task = {
        "job": job,
        "options": options,
        "seconds": bounds.seconds,
        "memory_bytes": bounds.memory_bytes,
        "answer_bytes": MAX_ANSWER_BYTES,
    }
    with bounds.slots, tempfile.TemporaryFile() as written:
        try:
            subprocess.run(
                [sys.executable, "-c", _CHILD_CODE, json.dumps(task)],
                input=data,
                stdout=written,
                stderr=subprocess.DEVNULL,  # a traceback can quote what was read
                cwd=_PROJECT_ROOT,
                env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
                timeout=bounds.seconds * _WALL_CLOCK_FACTOR,
                check=True,
            )
        except subprocess.SubprocessError as error:
            log.warning("reading_ended", job=job, error=type(error).__name__, bytes=len(data))
            raise Exceeded(job) from None
        written.seek(0)
        return _answer(written)


def _answer(written: IO[bytes]) -> JobResult:
    head = json.loads(written.readline())
    if "refused" in head:
        raise Refused(head["refused"], **head["numbers"])
    return JobResult(head["value"], [written.read(size) for size in head["sizes"]])
