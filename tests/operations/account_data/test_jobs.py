"""The jobs of exports and closed accounts."""

import datetime as dt

import pytest
from django.utils import timezone

from chat.models import AccountExport, User
from chat.operations.account_data.deletion import close_account
from chat.tasks import clear_accounts_task, export_account_task

pytestmark = pytest.mark.django_db


def test_the_job_writes_an_export(insider: User) -> None:
    export = AccountExport.objects.create(user=insider)
    export_account_task(str(export.pk))
    export.refresh_from_db()
    assert export.status == "done"
    assert export.percent == 0, "there was no conversation"
    export.done, export.total = 1, 4
    assert export.percent == 25
    assert str(export) == str(export.pk)


def test_the_job_clears_what_is_over(insider: User, caplog: pytest.LogCaptureFixture) -> None:
    clear_accounts_task()
    assert "accounts_cleared" not in caplog.text
    close_account(user=insider)
    User.objects.update(deletion_at=timezone.now() - dt.timedelta(minutes=1))
    clear_accounts_task()
    assert not User.objects.exists()
    assert "accounts_cleared" in caplog.text
