"""The export of an account: everything that is the person's, nothing that is another's, for a day."""

import csv
import datetime as dt
import io
import json
import zipfile
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat.models import AccountExport, Feedback, McpGrant, McpServer, Message, User
from chat.operations.account_data import export as journeys
from chat.operations.accounts.api_keys import create_api_key
from chat.operations.accounts.memory import add_memory_entry, save_instructions
from chat.operations.files.storage import open_stored
from chat.operations.files.uploads import store_upload
from tests import factories

pytestmark = pytest.mark.django_db
NUMBER = '{"type": "text", "text": "1", "score": 12345678901234567890.10}'


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the jobs that were sent."""
    found: list[str] = []
    monkeypatch.setattr(journeys.current_app, "send_task", lambda _name, args: found.extend(args))
    return found


def furnished(user: User, name: str) -> None:
    chat = factories.conversation(user, f"Question of {name}", "An answer")
    answer = chat.active_leaf
    assert answer is not None
    Message.objects.filter(pk=answer.pk).update(text="An answer")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE chat_message SET content = %s WHERE text = 'An answer'", [f"[{NUMBER}]"])
    factories.call(factories.turn(chat, answer="Yes.", parent=answer))
    Feedback.objects.create(message=answer, person=user, rating=1, words=f"Words of {name}")
    store_upload(owner=user, name=f"{name}.txt", data=f"File of {name}".encode())
    add_memory_entry(user=user, text=f"Memory of {name}")
    save_instructions(user=user, text=f"Wishes of {name}")
    create_api_key(user=user, name=f"Key of {name}", scopes=["read"])
    server = McpServer.objects.get_or_create(name="shop", url="https://shop.example.test/mcp")[0]
    McpGrant.objects.create(user=user, server=server, tokens="secret-token")


def written(user: User, *, shows_costs: bool = True) -> zipfile.ZipFile:
    export = journeys.begin_account_export(user=user)
    journeys.write_account_export(str(export.pk), shows_costs=shows_costs)
    export.refresh_from_db()
    assert (export.status, export.done, export.total) == ("done", 1, 1)
    with journeys.open_export(export) as file:
        data = file.read()
    assert len(data) == export.size_bytes
    return zipfile.ZipFile(io.BytesIO(data))


def test_it_holds_everything_of_the_person_and_nothing_else(insider: User, outsider: User) -> None:
    furnished(insider, "insider")
    furnished(outsider, "outsider")
    archive = written(insider)
    texts = {name: archive.read(name).decode() for name in archive.namelist()}
    whole = "\n".join([*texts, *texts.values()])
    for kind in ("Question", "Words", "File", "Memory", "Wishes", "Key"):
        assert f"{kind} of insider" in whole
        assert f"{kind} of outsider" not in whole
    assert "insider.txt" in whole
    assert "secret-token" not in whole
    assert "digest" not in whole
    account = json.loads(texts["account.json"])
    assert account["profile"]["email"] == "insider@example.test"
    assert account["connected_servers"][0]["server__name"] == "shop"
    rows = list(csv.DictReader(io.StringIO(texts["usage.csv"])))
    assert [(row["model_name"], row["input_tokens"]) for row in rows] == [("claude-test", "1000000")]
    assert rows[0]["cost_usd"].startswith("18")


def test_messages_are_written_with_every_digit(insider: User) -> None:
    furnished(insider, "insider")
    archive = written(insider)
    (name,) = [name for name in archive.namelist() if name.startswith("conversations/")]
    assert NUMBER in archive.read(name).decode()
    assert len(json.loads(archive.read(name))["messages"]) == 4


def test_costs_are_left_out_where_staff_hide_them(insider: User) -> None:
    furnished(insider, "insider")
    assert "cost_usd" not in written(insider, shows_costs=False).read("usage.csv").decode()


def test_a_lost_file_is_left_out(insider: User) -> None:
    furnished(insider, "insider")
    stored = insider.attachments.get().original
    open_stored(stored).close()
    default_storage.delete(stored.path)
    assert not [name for name in written(insider).namelist() if name.startswith("files/")]


def test_one_at_a_time_is_written_and_once(
    insider: User, sent: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        first = journeys.begin_account_export(user=insider)
        assert journeys.begin_account_export(user=insider) == first
    assert sent == [str(first.pk)]
    journeys.write_account_export(str(first.pk), shows_costs=True)
    first.refresh_from_db()
    expires_at = first.expires_at
    journeys.write_account_export(str(first.pk), shows_costs=True)  # the job was delivered twice
    first.refresh_from_db()
    assert first.expires_at == expires_at
    assert journeys.begin_account_export(user=insider) == first


def test_a_failure_is_kept_and_can_be_tried_again(insider: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: Any) -> None:
        raise OSError("no space left")

    export = journeys.begin_account_export(user=insider)
    monkeypatch.setattr(default_storage, "save", full)
    with pytest.raises(OSError, match="no space"):
        journeys.write_account_export(str(export.pk), shows_costs=True)
    export.refresh_from_db()
    assert export.status == "failed"
    assert journeys.begin_account_export(user=insider) != export


def test_without_a_broker_the_export_has_failed(
    insider: User, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    def away(*_arguments: Any, **_fields: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(journeys.current_app, "send_task", away)
    with django_capture_on_commit_callbacks(execute=True):
        export = journeys.begin_account_export(user=insider)
    export.refresh_from_db()
    assert export.status == "failed"


def test_exports_are_deleted_after_their_day(insider: User) -> None:
    furnished(insider, "insider")
    written(insider)
    export = AccountExport.objects.get()
    assert journeys.clear_account_exports() == 0
    AccountExport.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    assert journeys.clear_account_exports() == 1
    assert not default_storage.exists(export.path)
    dead = journeys.begin_account_export(user=insider)
    AccountExport.objects.update(updated_at=timezone.now() - dt.timedelta(hours=1))
    assert journeys.begin_account_export(user=insider) != dead
    assert journeys.clear_account_exports() == 1


def test_queries_do_not_grow_with_the_messages(insider: User) -> None:
    def queries() -> int:
        AccountExport.objects.all().delete()
        export = journeys.begin_account_export(user=insider)
        with CaptureQueriesContext(connection) as seen:
            journeys.write_account_export(str(export.pk), shows_costs=True)
        return len(seen)

    chat = factories.conversation(insider, "a", "b")
    few = queries()
    leaf = chat.active_leaf
    for _number in range(40):
        leaf = factories.message(chat, leaf, "more")
    assert queries() == few
