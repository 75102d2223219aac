"""Read an import's file, one conversation, project or memory after another, and write what is new.

Each is one transaction with the import's progress, so a worker that dies loses nothing and repeats nothing. A later
worker takes over when the heartbeat is old; the earlier one can't write any more then.
"""

import dataclasses
import datetime as dt
import hashlib
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import structlog
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from chat.models import Import
from chat.operations.imports import projects, store
from chat.operations.imports.begin import wake_for_import
from chat.operations.time_limit import JOB_SECONDS
from chat.readers.errors import Refused
from chat.readers.exports.archive import ExportFile
from chat.readers.exports.claude_projects import ExportedMemory, ExportedProject
from chat.readers.exports.detect import LeftOut, read_element
from chat.readers.exports.elements import TooLarge, Truncated, split_elements

log = structlog.get_logger(__name__)

# A worker whose heartbeat is older is dead: one element takes seconds.
LEASE = dt.timedelta(seconds=120)
MOST_ATTEMPTS = 5
# Elements that need no write are counted together.
COUNTED_TOGETHER = 200
Element = bytes | LeftOut
Written = tuple[Counter[str], Counter[tuple[str, str]]]


class TakenOver(Exception):
    """Another worker reads this import now."""


def unfinished_imports() -> list[str]:
    """Return ids of imports that no worker reads."""
    late = timezone.now() - LEASE
    idle = Q(status=Import.Status.QUEUED, created_at__lt=late) | Q(
        status=Import.Status.RUNNING, heartbeat_at__lt=late
    )
    return [str(found) for found in Import.objects.filter(idle).values_list("id", flat=True)]


def run_import(import_id: str, *, clock: Callable[[], float] = time.monotonic) -> None:
    """Go on with an import until it is finished or the job's time is over; then it is queued again."""
    claimed = _claim(import_id)
    if claimed is None:
        return
    progress = _Progress(claimed)
    try:
        if claimed.attempts > MOST_ATTEMPTS:
            raise Refused("unexpected")
        finished = _read(progress, until=clock() + JOB_SECONDS, clock=clock)
    except TakenOver:
        return
    except Refused as refused:
        progress.finish(Import.Status.FAILED, refused.code)
    except FileNotFoundError:
        progress.finish(Import.Status.FAILED, "gone")
    else:
        if finished:
            progress.finish(Import.Status.DONE)
        else:
            progress.release()
            wake_for_import(import_id)


def _claim(import_id: str) -> Import | None:
    """Take an import that is queued, or whose worker is dead; None if there is none."""
    late = timezone.now() - LEASE
    free = Q(status=Import.Status.QUEUED) | Q(status=Import.Status.RUNNING, heartbeat_at__lt=late)
    worker = secrets.token_hex(16)
    taken = Import.objects.filter(free, id=import_id).update(
        status=Import.Status.RUNNING,
        worker=worker,
        heartbeat_at=timezone.now(),
        attempts=F("attempts") + 1,
    )
    return Import.objects.select_related("owner").get(id=import_id, worker=worker) if taken else None


def _read(progress: "_Progress", *, until: float, clock: Callable[[], float]) -> bool:
    """Read from where the last worker stopped; return whether the end was reached."""
    with default_storage.open(progress.row.path) as file:
        export = ExportFile(file)
        if not progress.row.total:
            progress.found(sum(1 for _element in _elements(export)))
        for place, element in enumerate(_elements(export)):
            if place < progress.row.done:
                continue
            if clock() >= until:
                return False
            _take(progress, export, element)
    return True


def _elements(export: ExportFile) -> Iterator[Element]:
    """Yield the elements of all files; a file that ends too early or is nested too deep gives one more."""
    for name in export.json_names():
        try:
            for element in split_elements(export.chunks(name)):
                yield LeftOut(export.kind_in(name), "too_large") if isinstance(element, TooLarge) else element
        except Truncated:
            yield LeftOut("export_file", "cut")
        except ValueError:
            yield LeftOut("export_file", "unreadable")


def _take(progress: "_Progress", export: ExportFile, element: Element) -> None:
    owner = progress.row.owner
    if isinstance(element, LeftOut):
        progress.leave_out(element)
        return
    digest = hashlib.sha256(element).hexdigest()
    if store.is_imported(owner, digest):
        progress.count(Counter(unchanged=1))
        return
    match found := read_element(element):
        case LeftOut():
            progress.leave_out(found)
        case ExportedProject():
            project = projects.prepare_project(owner, found)
            progress.write(lambda: projects.write_project(project))
        case ExportedMemory():
            progress.write(lambda: projects.write_memory(owner, found))
        case _:
            prepared = store.prepare_conversation(owner, found, digest, export.file)
            progress.write(lambda: store.write_conversation(owner, prepared))


@dataclasses.dataclass(slots=True)
class _Progress:
    """The counts of an import, written with what they count."""

    row: Import
    waiting: int = 0
    taken: Counter[str] = dataclasses.field(default_factory=Counter)
    left_out: Counter[tuple[str, str]] = dataclasses.field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.taken.update(self.row.taken)
        self.left_out.update({(one["kind"], one["code"]): one["count"] for one in self.row.left_out})

    def found(self, total: int) -> None:
        self.row.total = total
        self._save(total=total)

    def leave_out(self, what: LeftOut) -> None:
        self.left_out[what.kind, what.reason] += 1
        self.count(Counter())

    def count(self, taken: Counter[str]) -> None:
        """Count an element that changes nothing else; it is written with the next ones."""
        self.taken += taken
        self.waiting += 1
        if self.waiting >= COUNTED_TOGETHER:
            self.flush()

    def write(self, write: Callable[[], Written]) -> None:
        """Write an element, by a function that returns what it took and left out, and the progress together."""
        with transaction.atomic():
            taken, left_out = write()
            self.taken += taken
            self.left_out += left_out
            self.waiting += 1
            self.flush()

    def flush(self) -> None:
        done, self.waiting = self.row.done + self.waiting, 0
        # Only attempts without any progress count as failed.
        again = {"attempts": 0} if done > self.row.done else {}
        self._save(done=done, taken=dict(self.taken), left_out=_listed(self.left_out), **again)
        self.row.done = done

    def finish(self, status: Import.Status, code: str = "") -> None:
        with_code = {"status": status, "error_code": code, "finished_at": timezone.now(), "path": ""}
        try:
            self.flush()
            self._save(**with_code)
        except TakenOver:
            return
        default_storage.delete(self.row.path)
        log.info("import_finished", id=str(self.row.id), status=str(status), error=code, done=self.row.done)

    def release(self) -> None:
        self.flush()
        self._save(status=Import.Status.QUEUED, attempts=0)

    def _save(self, **fields: Any) -> None:
        """Write fields while this worker is the one that reads.

        Raises:
            TakenOver: it is not.
        """
        own = Import.objects.filter(id=self.row.id, worker=self.row.worker, status=Import.Status.RUNNING)
        if not own.update(heartbeat_at=timezone.now(), **fields):
            raise TakenOver


def _listed(left_out: Counter[tuple[str, str]]) -> list[dict[str, Any]]:
    return [
        {"kind": kind, "code": code, "count": count}
        for (kind, code), count in sorted(left_out.items())
        if count
    ]
