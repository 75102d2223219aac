"""Imports whose worker died, was replaced or ran out of time go on where they were, and are given up in the end."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from chat.models import Conversation, Import, Project, User
from chat.operations.imports import run
from chat.operations.imports.run import run_import, unfinished_imports
from tests.operations.imports.uploads import upload
from tests.support.exports import claude_chat, claude_zip, zipped

pytestmark = pytest.mark.django_db


def dying(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Let the worker die after so many conversations, in the middle of the next one's transaction."""
    write: Callable[..., Any] = run.store.write_conversation
    written: list[int] = []

    def write_or_die(*given: Any) -> Any:
        found = write(*given)
        written.append(1)
        if len(written) > after:
            raise SystemExit
        return found

    monkeypatch.setattr(run.store, "write_conversation", write_or_die)


def test_the_work_of_a_dead_worker_goes_on(insider: User, monkeypatch: pytest.MonkeyPatch) -> None:
    data = claude_zip(claude_chat(str(number), "Hello", "Hi") for number in range(5))
    made = upload(insider, data)
    with monkeypatch.context() as patch:
        dying(patch, after=3)
        with pytest.raises(SystemExit):
            run_import(str(made.id))
    made.refresh_from_db()
    assert (made.status, made.done, Conversation.objects.count()) == ("running", 3, 3)
    run_import(str(made.id))  # while its worker may live, nothing happens
    assert unfinished_imports() == []
    Import.objects.update(heartbeat_at=timezone.now() - 2 * run.LEASE)
    assert unfinished_imports() == [str(made.id)]
    run_import(str(made.id))
    made.refresh_from_db()
    assert (made.status, made.done, made.taken) == ("done", 5, {"conversations": 5, "messages": 10})


def test_a_project_is_written_whole_by_the_next_worker(
    insider: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = {"uuid": "p", "name": "P", "docs": [{"filename": "a.txt", "content": "A"}]}
    made = upload(insider, zipped({"projects.json": json.dumps([project])}))

    def die(*_given: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(run.projects, "add_stored_files", die)
        with pytest.raises(SystemExit):
            run_import(str(made.id))
    assert not Project.objects.exists()
    Import.objects.update(heartbeat_at=timezone.now() - 2 * run.LEASE)
    run_import(str(made.id))
    made.refresh_from_db()
    assert (made.status, made.taken) == ("done", {"projects": 1, "files": 1})
    assert Project.objects.get().documents.get().attachment.text == "A"


def test_an_import_that_kills_its_workers_is_given_up(insider: User, monkeypatch: pytest.MonkeyPatch) -> None:
    made = upload(insider, claude_zip([claude_chat("a", "Hello")]))
    dying(monkeypatch, after=0)
    for _each in range(run.MOST_ATTEMPTS):
        with pytest.raises(SystemExit):
            run_import(str(made.id))
        Import.objects.update(heartbeat_at=timezone.now() - 2 * run.LEASE)
    run_import(str(made.id))
    made.refresh_from_db()
    assert (made.status, made.error_code) == ("failed", "unexpected")


def test_a_worker_that_was_replaced_writes_nothing_more(
    insider: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = upload(insider, claude_zip([claude_chat("a", "Hello"), claude_chat("b", "Hello")]))
    write = run.store.write_conversation

    def write_and_lose(*given: Any) -> Any:
        written = write(*given)
        Import.objects.update(worker="another")
        return written

    monkeypatch.setattr(run.store, "write_conversation", write_and_lose)
    run_import(str(made.id))
    assert Import.objects.get().done == 0
    assert not Conversation.objects.exists()


def test_a_worker_that_is_replaced_at_the_end_leaves_the_file(
    insider: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = upload(insider, claude_zip([]))
    claim = run._claim

    def claim_and_lose(import_id: str) -> Import | None:
        claimed = claim(import_id)
        if claimed is not None:
            claimed.attempts = run.MOST_ATTEMPTS + 1
            Import.objects.update(worker="another")
        return claimed

    monkeypatch.setattr(run, "_claim", claim_and_lose)
    run_import(str(made.id))
    assert default_storage.exists(made.path)


def test_a_long_import_goes_on_in_the_next_job(insider: User, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[str] = []
    monkeypatch.setattr(run, "wake_for_import", woken.append)
    made = upload(insider, claude_zip(claude_chat(str(number), "Hello") for number in range(3)))
    times = iter([0, 0, 0, 1000])
    run_import(str(made.id), clock=lambda: next(times))
    made.refresh_from_db()
    assert (made.status, made.done, woken) == ("queued", 2, [str(made.id)])
    run_import(str(made.id))
    made.refresh_from_db()
    assert (made.status, made.done, made.attempts) == ("done", 3, 0)
