"""Runs readers in a separate process, which can be killed and has none of this process's secrets.

The cost of decoding a file or matching a regular expression can't be predicted, a thread can't be ended, and
a long loop in C blocks all other threads. So a child process reads, within limits that the operating system
enforces. It gets the job in its arguments and the bytes on standard input; its answer goes to a file, which
has a size limit too.
"""

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

import structlog

from chat.readers.errors import Exceeded, Refused
from chat.readers.process.places import Places

MB = 1_000_000
MAX_ANSWER_BYTES = 32 * MB
_CHILD_CODE = (
    "from chat.readers.process.sandbox_worker import run_job; import sys; "
    "run_job(sys.argv[1:], sys.stdin.buffer, sys.stdout.buffer)"
)
_WALL_CLOCK_FACTOR = 3
_PROJECT_ROOT = Path(__file__).parents[3]
# The variables that an interpreter needs to start. The child gets no others, because they may hold secrets.
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR")

log = structlog.get_logger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class Bounds:
    """The limits of one job; `places` limits how many jobs of its kind run at a time in this process.

    `seconds` are processor time. On a busy machine a job may last longer, but not forever.
    """

    seconds: int
    memory_bytes: int
    places: Places


@dataclasses.dataclass(frozen=True, slots=True)
class JobResult:
    """The result of a job: a JSON value, and bytes."""

    value: Any
    parts: list[bytes]


FILES = Bounds(seconds=20, memory_bytes=512 * MB, places=Places(2))
CHECKS = Bounds(seconds=10, memory_bytes=512 * MB, places=Places(4))


def run(
    job: str,
    data: bytes,
    *,
    bounds: Bounds,
    person: str = "",
    wait_seconds: float | None = None,
    **options: Any,
) -> JobResult:
    """Wait for a place and run a job of `chat.readers.process.sandbox_worker` on some bytes in a child process.

    `person` is the id of whose file it is; a person has one place at a time.

    Raises:
        Refused: by the reader.
        Exceeded: the child reached its limits or died.
        Busy: no place became free in time.
    """
    with bounds.places.taken(person, seconds=wait_seconds):
        return run_in_place(job, data, bounds=bounds, **options)


def run_in_place(job: str, data: bytes, *, bounds: Bounds, **options: Any) -> JobResult:
    """Run a job in a place that the caller holds.

    Raises:
        Refused: by the reader.
        Exceeded: the child reached its limits or died.
    """
    task = {
        "job": job,
        "options": options,
        "seconds": bounds.seconds,
        "memory_bytes": bounds.memory_bytes,
        "answer_bytes": MAX_ANSWER_BYTES,
    }
    with tempfile.TemporaryFile() as written:
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
