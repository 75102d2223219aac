"""Mail about accounts: in the person's language, and no failure of the mail server stops what staff did."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.core import context
from django.contrib.messages.storage.fallback import FallbackStorage
from django.core import mail
from django.http import HttpRequest
from django.test import Client, RequestFactory

from chat.models import Project, User
from chat.operations.accounts import account_mail
from chat.operations.accounts.users import confirm_email
from tests import factories


@pytest.fixture
def request_of_staff(db: None) -> Iterator[HttpRequest]:
    request = RequestFactory().get("/admin/")
    request.session = {}  # type: ignore[assignment]
    request.user = factories.person("staff", is_staff=True)
    request._messages = FallbackStorage(request)  # type: ignore[attr-defined]
    with context.request_context(request):
        yield request


@pytest.fixture
def invited(db: None) -> User:
    user = User.objects.create_user("new@example.test")
    confirm_email(user=user)
    return user


class BrokenMail:
    """A mail backend whose server can't be reached."""

    def __init__(self, **options: Any) -> None:
        pass

    def send_messages(self, messages: list[Any]) -> int:
        raise ConnectionRefusedError


def link_in(body: str) -> str:
    (address,) = re.findall(r"https?://[^/]+(/accounts/password/reset/key/\S+)", body)
    return str(address)


def test_invitation_leads_to_a_password(invited: User, request_of_staff: HttpRequest, client: Client) -> None:
    account_mail.send_invitation(user=invited, inviter=request_of_staff.user)  # type: ignore[arg-type]
    (message,) = mail.outbox
    assert message.to == ["new@example.test"]
    assert "staff@example.test has invited you" in message.body
    page = client.get(link_in(message.body), follow=True)
    form = page.redirect_chain[-1][0]
    secret = "quite-a-long-secret-1"
    assert client.post(form, {"password1": secret, "password2": secret}).status_code == 302
    invited.refresh_from_db()
    assert invited.check_password(secret)
    assert client.get(link_in(message.body), follow=True).context["token_fail"], "it works once"


def test_mail_speaks_the_persons_language(invited: User, request_of_staff: HttpRequest) -> None:
    invited.language = "ko"
    account_mail.send_invitation(user=invited, inviter=request_of_staff.user)  # type: ignore[arg-type]
    assert "초대" in mail.outbox[0].subject + mail.outbox[0].body


def test_reset_link_is_that_of_the_sign_in_page(invited: User, request_of_staff: HttpRequest) -> None:
    account_mail.send_reset_link(user=invited, request=request_of_staff)
    assert link_in(mail.outbox[0].body)
    assert mail.outbox[0].to == ["new@example.test"]


def test_reset_link_needs_a_valid_address(invited: User, request_of_staff: HttpRequest) -> None:
    invited.email = "broken"
    account_mail.send_reset_link(user=invited, request=request_of_staff)
    assert mail.outbox == []


def test_new_owner_of_a_project_is_told(invited: User, request_of_staff: HttpRequest) -> None:
    earlier = factories.person("earlier")
    project = Project.objects.create(owner=invited, name="Bridges")
    account_mail.notify_project_handed_over(project=project, earlier=earlier)
    (letter,) = mail.outbox
    assert letter.to == ["new@example.test"]
    assert "“Bridges”, which belonged to earlier@example.test" in letter.body
    assert f"/projects/{project.pk}" in letter.body


def test_notices_go_to_the_address_that_was_used(invited: User, request_of_staff: HttpRequest) -> None:
    account_mail.notify_password_set(user=invited)
    invited.email = "moved@example.test"
    account_mail.notify_address_changed(user=invited, old_email="new@example.test")
    assert [message.to for message in mail.outbox] == [["new@example.test"], ["new@example.test"]]
    assert "from new@example.test to moved@example.test" in mail.outbox[1].body
