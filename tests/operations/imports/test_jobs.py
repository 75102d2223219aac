"""The jobs of imports: one reads, and a regular one finds what was not begun or was left by a dead worker."""

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from chat import tasks
from chat.models import Import, User
from chat.operations.imports.begin import begin_import
from chat.operations.imports.run import LEASE
from tests.support.exports import claude_chat, claude_zip


def test_the_regular_job_queues_what_no_worker_reads(insider: User, monkeypatch: pytest.MonkeyPatch) -> None:
    made = begin_import(
        owner=insider, name="a.zip", file=ContentFile(claude_zip([claude_chat("a", "Hello")]))
    )
    # What is queued runs here and now.
    monkeypatch.setattr(tasks.import_task, "delay", tasks.import_task)
    tasks.resume_imports_task()
    assert Import.objects.get().status == "queued"
    Import.objects.update(created_at=timezone.now() - 2 * LEASE)
    tasks.resume_imports_task()
    made.refresh_from_db()
    assert (made.status, made.taken) == ("done", {"conversations": 1, "messages": 1})
