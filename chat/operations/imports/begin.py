"""Begin an import: keep the uploaded file and queue the job that reads it."""

import structlog
from celery import current_app
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from chat.models import Import, User
from chat.operations import rates
from chat.operations.errors import OperationError
from chat.operations.files.uploads import file_name
from chat.readers.errors import Refused
from chat.readers.exports.archive import ExportFile

log = structlog.get_logger(__name__)

IMPORT_TASK = "chat.tasks.import_task"
FOLDER = "imports"
KEPT_REPORTS = 20


def begin_import(*, owner: User, name: object, file: "File[bytes]") -> Import:
    """Keep an export in the storage and return its queued import. The file's form is checked at once.

    Raises:
        OperationError: not_an_export, manifest, damaged, encrypted, compression, bomb, too_many_files, nested; busy
            (another import of this person is under way); too_many_requests.
    """
    rates.count(rates.UPLOADS, owner.pk)
    if Import.objects.of(owner).unfinished().exists():
        raise _busy()
    try:
        ExportFile(file)
    except Refused as refused:
        raise OperationError(refused.code, refusal_text(refused.code), status=422) from None
    file.seek(0)
    made = Import(owner=owner, file_name=file_name(name), size_bytes=file.size)
    made.path = default_storage.save(f"{FOLDER}/{made.id}", file)
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:  # another one began at the same moment
        default_storage.delete(made.path)
        raise _busy() from None
    _forget_old(owner)
    transaction.on_commit(lambda: wake_for_import(str(made.id)))
    return made


def wake_for_import(import_id: str) -> None:
    """Queue the job of an import. Without a broker the regular sweep finds it."""
    try:
        current_app.send_task(IMPORT_TASK, args=[import_id])
    except (OperationalError, OSError) as error:
        log.warning("import_not_asked", error=type(error).__name__)


def refusal_text(code: str) -> str:
    """Return why a file can't be imported, and what to do."""
    texts = {
        "not_an_export": _(
            "This file is no export. Upload the ZIP or JSON file as you got it from the service."
        ),
        "manifest": _(
            "This file only says where the parts of the export are. Open it, download the ZIP files that it names, and "
            "upload those, one after another."
        ),
        "damaged": _("This file is damaged. Download the export again, then upload it."),
        "encrypted": _("This ZIP has a password. Upload one without a password."),
        "compression": _("This ZIP is compressed in a way that can’t be read. Unpack it, and zip it again."),
        "bomb": _("This ZIP is far larger unpacked than any export is. It was not read."),
        "too_many_files": _("This ZIP has too many files for an export."),
        "nested": _("This ZIP holds other ZIP files. Upload those, one after another."),
        "gone": _("The uploaded file is no longer there. Upload it again."),
        "unexpected": _(
            "Something went wrong while the file was read. The error was logged. Try again later."
        ),
    }
    return texts.get(code, texts["unexpected"])


def _busy() -> OperationError:
    return OperationError(
        "busy", _("Another import of yours is still running. Wait until it is finished."), status=409
    )


def _forget_old(owner: User) -> None:
    """Keep the reports of a person's newest imports only."""
    rows = Import.objects.of(owner).exclude(status__in=Import.UNFINISHED).order_by("-created_at", "-id")
    Import.objects.filter(id__in=list(rows.values_list("id", flat=True)[KEPT_REPORTS:])).delete()
