"""A closed account: closed at once, deleted after its week, and the ledger goes on without the name."""

import datetime as dt

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from chat.models import (
    AccountExport,
    ApiCall,
    ApiKey,
    Attachment,
    Conversation,
    Feedback,
    MemoryEntry,
    Message,
    Turn,
    User,
)
from chat.operations.account_data import deletion, export
from chat.operations.accounts.api_keys import authenticate, create_api_key
from chat.operations.accounts.memory import add_memory_entry
from chat.operations.files.uploads import store_upload
from tests import factories
from tests.support.refusals import refusal_code

pytestmark = pytest.mark.django_db


def week_is_over() -> None:
    User.objects.filter(deletion_at__isnull=False).update(
        deletion_at=timezone.now() - dt.timedelta(minutes=1)
    )


def test_closing_ends_everything_at_once(insider: User) -> None:
    browser = Client()
    browser.force_login(insider)
    browser.get("/settings/profile")
    _key, secret = create_api_key(user=insider, name="Script", scopes=["chat"])
    waiting = factories.turn(factories.conversation(insider), status="queued")
    deleted_at = deletion.close_account(user=insider)
    assert dt.timedelta(days=6) < deleted_at - timezone.now() <= deletion.GRACE
    assert browser.get("/settings/profile").status_code == 302
    assert not UserSession.objects.filter(user=insider).exists()
    assert authenticate(secret) is None
    waiting.refresh_from_db()
    assert waiting.status == "stopped"


def test_nothing_is_deleted_before_the_week_is_over(insider: User) -> None:
    deletion.close_account(user=insider)
    assert deletion.delete_closed_accounts() == 0
    assert User.objects.filter(pk=insider.pk).exists()


def test_an_answer_that_is_still_stopped_is_waited_for(insider: User) -> None:
    deletion.close_account(user=insider)
    week_is_over()
    running = factories.turn(factories.conversation(insider), status="running", answer="")
    assert deletion.delete_closed_accounts() == 0
    assert User.objects.filter(pk=insider.pk).exists()
    Turn.objects.filter(pk=running.pk).update(status="stopped", finished_at=timezone.now())
    assert deletion.delete_closed_accounts() == 1


def test_whom_an_administrator_brought_back_stays(insider: User) -> None:
    deletion.close_account(user=insider)
    week_is_over()
    User.objects.update(is_active=True)
    assert deletion.delete_closed_accounts() == 0
    User.objects.update(is_active=False)  # for another reason, later
    assert deletion.delete_closed_accounts() == 0
    assert User.objects.get().deletion_at is None


@pytest.mark.django_db(transaction=True)
def test_all_goes_but_the_ledger(any_database: str) -> None:
    insider, outsider = factories.person("insider"), factories.person("outsider")
    kept = factories.conversation(outsider, "Of the outsider")
    chat = factories.conversation(insider, "Hello?", "Yes.")
    answered = factories.turn(chat, answer="Yes.", parent=chat.active_leaf)
    call = factories.call(answered, user=insider)
    call.api_key = create_api_key(user=insider, name="Script", scopes=["chat"])[0]
    call.save()
    Feedback.objects.create(message=answered.last_message(), person=insider, rating=1)
    MemoryEntry.objects.create(user=insider, text="Likes tea", conversation=chat)
    store_upload(owner=insider, name="a.txt", data=b"Hello")
    made = AccountExport.objects.create(user=insider)
    export.write_account_export(str(made.pk), shows_costs=True)
    deletion.close_account(user=insider)
    week_is_over()
    assert deletion.delete_closed_accounts() == 1
    assert list(User.objects.all()) == [outsider]
    assert list(Conversation.objects.all()) == [kept]
    for table in (Turn, Feedback, MemoryEntry, Attachment, AccountExport, ApiKey):
        assert not table.objects.exists(), table  # type: ignore[attr-defined]
    assert Message.objects.count() == 1
    assert not default_storage.exists(made.path)
    call.refresh_from_db()
    assert (call.user, call.api_key, call.conversation, call.cost_usd) == (None, None, None, 18)
    assert ApiCall.objects.count() == 1


def test_what_a_person_did_as_staff_stays_without_the_name(insider: User) -> None:
    chat = factories.conversation(insider, "Hello?")
    add_memory_entry(user=insider, text="Likes tea")
    User.objects.update(is_staff=True, is_superuser=True, first_name="Mina", instructions="Be brief.")
    insider.refresh_from_db()
    insider.groups.add(Group.objects.create(name="Design"))
    factories.person("other", is_superuser=True)
    kind = ContentType.objects.get_for_model(User)
    entry = LogEntry.objects.create(
        user=insider, content_type=kind, object_id=str(insider.pk), object_repr="x", action_flag=CHANGE
    )
    deletion.close_account(user=insider)
    week_is_over()
    assert deletion.delete_closed_accounts() == 1
    entry.refresh_from_db()
    kept = entry.user
    assert (kept.pk, kept.email) == (insider.pk, f"{insider.pk}@deleted.invalid")
    assert (kept.get_full_name(), kept.instructions, kept.is_superuser, kept.is_active) == (
        "",
        "",
        False,
        False,
    )
    assert not kept.has_usable_password()
    assert not kept.groups.exists()
    assert not Conversation.objects.filter(pk=chat.pk).exists()
    assert not MemoryEntry.objects.exists()
    assert deletion.delete_closed_accounts() == 0


def test_the_last_administrator_stays(insider: User) -> None:
    User.objects.update(is_superuser=True, is_staff=True)
    insider.refresh_from_db()
    other = factories.person("other", is_superuser=True, is_active=False)
    assert refusal_code(deletion.close_account, user=insider) == "forbidden"
    insider.refresh_from_db()
    assert insider.is_active
    other.is_active = True
    other.save()
    deletion.close_account(user=insider)
    assert refusal_code(deletion.close_account, user=other) == "forbidden"
