"""How many bytes of uploads a person may store, and upload in a day, as the workspace's settings say.

One row of the person holds both sums. It is locked while they change, so that uploads at the same moment never pass a
limit together.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from chat.models import Attachment, FileUsage, StoredFile, User, Workspace
from chat.models.catalogue.platforms import MB
from chat.operations.errors import OperationError


def check_quota(owner: User, size_bytes: int) -> None:
    """Refuse an upload that a limit has no room for, before its bytes are read.

    Raises:
        OperationError: upload_limit, storage_full.
    """
    found = FileUsage.objects.filter(user=owner).first()
    _check(found or FileUsage(user=owner), size_bytes, Workspace.current())


def charge(owner: User, stored: StoredFile) -> bool:
    """Count an upload that is new for its owner, in the caller's transaction, before its attachment is written.

    Return whether it was counted; not when the owner's stored files hold these bytes already.

    Raises:
        OperationError: upload_limit, storage_full.
    """
    usage = _locked(owner.pk)
    if Attachment.objects.of(owner).counted().filter(original=stored).exists():
        return False
    workspace = Workspace.current()
    _check(usage, stored.size_bytes, workspace)
    today = _today(workspace)
    usage.day_bytes = usage.uploaded_on(today) + stored.size_bytes
    usage.day = today
    usage.total_bytes += stored.size_bytes
    usage.save()
    return True


def recount(owner_ids: Iterable[Any]) -> None:
    """Count what these people have stored; a job does this after it has deleted attachments of theirs."""
    for owner_id in owner_ids:
        with transaction.atomic():
            usage = _locked(owner_id)
            usage.total_bytes = _stored_bytes(owner_id)
            usage.save()


def _locked(owner_id: Any) -> FileUsage:
    usage, made = FileUsage.objects.select_for_update().get_or_create(user_id=owner_id)
    if made:
        usage.total_bytes = _stored_bytes(owner_id)
    return usage


def _stored_bytes(owner_id: Any) -> int:
    digests = Attachment.objects.counted().filter(owner_id=owner_id).values("original")
    total = StoredFile.objects.filter(digest__in=digests).aggregate(total=Sum("size_bytes"))["total"]
    return int(total or 0)


def _check(usage: FileUsage, size_bytes: int, workspace: Workspace) -> None:
    daily, total = workspace.daily_upload_mb, workspace.stored_files_mb
    if daily and usage.uploaded_on(_today(workspace)) + size_bytes > daily * MB:
        raise OperationError(
            "upload_limit",
            _(
                "A person can upload %(most)s MB a day here. Upload this file tomorrow, or ask an administrator."
            )
            % {"most": daily},
            status=429,
            retry_after_seconds=_seconds_to_midnight(workspace),
        )
    if total and usage.total_bytes + size_bytes > total * MB:
        raise OperationError(
            "storage_full",
            _(
                "A person can store %(most)s MB of files here. Delete conversations with files that you no longer "
                "need, or ask an administrator."
            )
            % {"most": total},
            status=409,
        )


def _today(workspace: Workspace) -> dt.date:
    return timezone.now().astimezone(workspace.zone).date()


def _seconds_to_midnight(workspace: Workspace) -> int:
    now = timezone.now().astimezone(workspace.zone)
    midnight = dt.datetime.combine(now.date() + dt.timedelta(days=1), dt.time(), tzinfo=workspace.zone)
    return int((midnight - now).total_seconds()) + 1
