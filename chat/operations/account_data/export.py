"""Write everything that is a person's into one ZIP file. A job does it; the person sees how far it is."""

import csv
import io
import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from typing import IO, Any

import structlog
from celery import current_app
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from chat.models import (
    AccountExport,
    ApiCall,
    ApiKey,
    Attachment,
    Conversation,
    Feedback,
    McpGrant,
    MemoryEntry,
    User,
)
from chat.models.accounts.account_exports import KEPT_FOR
from chat.operations.billing.usage_report import TOKENS
from chat.operations.exports.exact_json import write_exact_json
from chat.operations.files.storage import open_stored

log = structlog.get_logger(__name__)

EXPORT_TASK = "chat.tasks.export_account_task"
USAGE_COLUMNS = ("started_at", "model_name", "purpose", "status", *TOKENS, "web_search_requests")


@transaction.atomic
def begin_account_export(*, user: User) -> AccountExport:
    """Return the person's export that is being written or can be fetched; without one, queue a new one."""
    User.objects.select_for_update().get(pk=user.pk)
    known = AccountExport.objects.living().filter(user=user).order_by("-created_at", "-id").first()
    if known is not None:
        return known
    total = Conversation.objects.filter(owner=user).count()
    made = AccountExport.objects.create(user=user, total=total)
    transaction.on_commit(lambda: _queue(str(made.pk)))
    return made


def write_account_export(export_id: str, *, shows_costs: bool) -> None:
    """Write a queued export and make it ready for a day. A second delivery of the job does nothing.

    Raises:
        OSError: there is no room for it; the export has failed then.
    """
    if not AccountExport.objects.claim(export_id):
        return
    export = AccountExport.objects.select_related("user").get(pk=export_id)
    try:
        with tempfile.TemporaryFile() as target:
            with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
                _write_all(export, archive, shows_costs=shows_costs)
            export.size_bytes = target.tell()
            target.seek(0)
            default_storage.save(export.path, File(target))
    except Exception:
        AccountExport.objects.filter(pk=export.pk).update(status=AccountExport.Status.FAILED)
        raise
    export.status, export.expires_at = AccountExport.Status.DONE, timezone.now() + KEPT_FOR
    export.save()


def export_size(export: AccountExport) -> int:
    """Return how many bytes the written file has.

    Raises:
        OSError: the storage does not have it.
    """
    return default_storage.size(export.path)


def open_export(export: AccountExport) -> IO[bytes]:
    """Return the written file, open for reading.

    Raises:
        OSError: the storage does not have it.
    """
    return default_storage.open(export.path)


def clear_account_exports() -> int:
    """Delete exports that are past their time or dead, with their files; return how many."""
    living = AccountExport.objects.living().values("pk")
    return _remove(AccountExport.objects.exclude(pk__in=living))


def remove_exports_of(user: User) -> None:
    _remove(AccountExport.objects.filter(user=user))


def _remove(exports: Iterable[AccountExport]) -> int:
    due = list(exports)
    for export in due:
        default_storage.delete(export.path)
        export.delete()
    return len(due)


def _queue(export_id: str) -> None:
    try:
        current_app.send_task(EXPORT_TASK, args=[export_id])
    except Exception as error:  # whatever a broker raises; the person can ask again
        log.error("job_not_asked", task=EXPORT_TASK, error=type(error).__name__)
        AccountExport.objects.filter(pk=export_id).update(status=AccountExport.Status.FAILED)


def _write_all(export: AccountExport, archive: zipfile.ZipFile, *, shows_costs: bool) -> None:
    user = export.user
    archive.writestr("account.json", json.dumps(_account(user), ensure_ascii=False, indent=1, default=str))
    with archive.open("usage.csv", "w", force_zip64=True) as member:
        _write_usage(user, member, shows_costs=shows_costs)
    conversations = Conversation.objects.filter(owner=user).order_by("created_at", "id")
    for number, conversation in enumerate(conversations.iterator(chunk_size=50), start=1):
        with archive.open(f"conversations/{conversation.pk}.json", "w", force_zip64=True) as member:
            write_exact_json(conversation, member)
        AccountExport.objects.filter(pk=export.pk).update(done=number, updated_at=timezone.now())
    export.done = export.total = conversations.count()
    _write_files(user, archive)


def _account(user: User) -> dict[str, Any]:
    """Return the person's own rows. Keys and sign-ins are named; their secrets are not kept in a readable form."""
    named = ("email", "first_name", "last_name", "language", "theme", "text_size", "send_key", "time_zone")
    return {
        "profile": {name: getattr(user, name) for name in (*named, "date_joined", "last_login")},
        "instructions": user.instructions,
        "uses_memory": user.uses_memory,
        "memory": _rows(MemoryEntry.objects.filter(user=user), "text", "conversation_id", "created_at"),
        "feedback": _rows(
            Feedback.objects.filter(person=user), "message_id", "rating", "reason", "words", "created_at"
        ),
        "api_keys": _rows(
            ApiKey.objects.filter(user=user), "name", "scopes", "created_at", "expires_at", "revoked_at"
        ),
        "connected_servers": _rows(McpGrant.objects.filter(user=user), "server__name", "updated_at"),
    }


def _rows(rows: Any, *fields: str) -> list[dict[str, Any]]:
    return list(rows.order_by("pk").values(*fields))


def _write_usage(user: User, member: IO[bytes], *, shows_costs: bool) -> None:
    columns = [*USAGE_COLUMNS, *(["cost_usd", "certainty"] if shows_costs else [])]
    text = io.TextIOWrapper(member, "utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    calls = ApiCall.objects.filter(user=user).order_by("started_at", "id")
    for row in calls.values_list(*columns).iterator(chunk_size=1000):
        writer.writerow(row)
    text.detach()


def _write_files(user: User, archive: zipfile.ZipFile) -> None:
    """Write the uploads, each in a folder of its id. A file that the storage has lost is left out."""
    own = Attachment.objects.filter(owner=user).select_related("original").order_by("created_at", "id")
    for attachment in own.defer("text").iterator(chunk_size=50):
        try:
            source = open_stored(attachment.original)
        except OSError:
            continue
        with (
            source,
            archive.open(f"files/{attachment.pk}/{attachment.name}", "w", force_zip64=True) as member,
        ):
            shutil.copyfileobj(source, member)
