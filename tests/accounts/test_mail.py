"""Mail that can't be sent changes no answer: a reset, a changed password, a second factor, a sign-up."""

import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as deployed
from django.core import mail as django_mail
from django.core.cache import cache
from django.test import Client

from chat import tasks
from chat.models import User
from chat.operations.accounts.users import confirm_email
from chat.web.accounts.adapters import SMTP
from tests.accounts.test_accounts import PASSWORD, code_for, confirm, sign_in
from tests.support.smtp import MailServer

pytestmark = pytest.mark.django_db
NEW = "brand-new-secret-1"


@pytest.fixture
def mina() -> User:
    cache.clear()
    user = User.objects.create_user("mina@example.test", PASSWORD)
    confirm_email(user=user)
    return user


@pytest.fixture
def folder(settings: Any) -> Path:
    """The folder of queued jobs, emptied, with a mail server at a port where nothing listens."""
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = SMTP, "127.0.0.1", 9
    found = Path(deployed.BROKER_DIR) / "messages"
    for waiting in found.iterdir():
        waiting.unlink()
    return found


def queued(folder: Path, count: int = 1) -> list[str]:
    """Wait for this many letters in the queue, which a thread fills, and return them."""
    deadline = time.monotonic() + 20
    while len(found := list(folder.glob("*.msg"))) < count and time.monotonic() < deadline:
        time.sleep(0.01)  # another thread writes: there is no event to wait for
    letters = []
    for path in sorted(found):
        message = json.loads(path.read_text())
        assert message["headers"]["task"] == tasks.mail.MAIL_TASK
        letters.append(json.loads(base64.b64decode(message["body"]))[0][0])
        path.unlink()
    assert len(letters) == count
    return letters


def reset(client: Client, email: str, **more: Any) -> tuple[Any, float]:
    began = time.monotonic()
    return client.post("/accounts/password/reset/", {"email": email}, **more), time.monotonic() - began


@pytest.mark.parametrize("port", ["refusing", "silent"])
def test_known_and_unknown_addresses_get_the_same(
    client: Client, mina: User, folder: Path, settings: Any, port: str
) -> None:
    with MailServer(silent=True) as server:
        settings.EMAIL_PORT = server.port if port == "silent" else 9
        reset(client, "warms@example.test")
        unknown, unknown_seconds = reset(client, "unknown@example.test")
        known, known_seconds = reset(client, mina.email)
    assert (known.status_code, known.headers["Location"]) == (302, "/accounts/password/reset/done/")
    assert unknown.headers["Location"] == known.headers["Location"]
    assert known_seconds < unknown_seconds + 1
    queued(folder)


def test_a_queued_letter_is_sealed_and_arrives(
    client: Client, mina: User, folder: Path, settings: Any
) -> None:
    reset(client, mina.email)
    (sealed,) = queued(folder)
    assert sealed.startswith("gAAAA")
    with MailServer() as server:
        settings.EMAIL_PORT = server.port
        tasks.send_mail_task(sealed)
    (arrived,) = server.letters
    assert "To: mina@example.test" in arrived
    assert "http://testserver/accounts/password/reset/key/" in arrived


def test_a_changed_password_holds_without_mail(client: Client, mina: User, folder: Path) -> None:
    sign_in(client)
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert client.post("/accounts/password/change/", form).status_code == 302
    mina.refresh_from_db()
    assert mina.check_password(NEW)
    queued(folder)


def test_a_second_factor_holds_without_mail(
    client: Client, mina: User, folder: Path, django_capture_on_commit_callbacks: Any
) -> None:
    sign_in(client)
    confirm(client)
    secret = client.get("/accounts/2fa/totp/activate/").context["form"].secret
    with django_capture_on_commit_callbacks(execute=True):
        done = client.post("/accounts/2fa/totp/activate/", {"code": code_for(secret)})
    assert done.status_code == 302
    assert mina.authenticator_set.filter(type="totp").exists()  # type: ignore[attr-defined]
    queued(folder)


def test_sign_up_works_without_mail(client: Client, folder: Path, settings: Any) -> None:
    cache.clear()
    settings.SIGNUP_OPEN, settings.ACCOUNT_EMAIL_VERIFICATION = True, "mandatory"
    form = {"email": "new@example.test", "password1": PASSWORD, "password2": PASSWORD}
    answer = client.post("/accounts/signup/", form)
    assert answer.headers["Location"] == "/accounts/confirm-email/"
    assert User.objects.filter(email="new@example.test").exists()
    queued(folder)


def test_a_letter_that_no_file_takes_is_logged(
    client: Client, mina: User, settings: Any, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    assert reset(client, mina.email)[0].status_code == 302
    assert "mail_failed" not in caplog.text
    settings.EMAIL_FILE_PATH = "/dev/full"
    answer, _seconds = reset(client, mina.email)
    assert answer.status_code == 302
    assert "mail_failed" in caplog.text


@pytest.mark.parametrize("host", ["localhost:4444", "127.0.0.1:99999"])
def test_a_link_never_leads_to_a_chosen_port(client: Client, mina: User, settings: Any, host: str) -> None:
    settings.PORT = 8000
    reset(client, mina.email, HTTP_HOST=host)
    (letter,) = django_mail.outbox
    assert f"http://{host.partition(':')[0]}:8000/accounts/password/reset/key/" in letter.body
    assert host not in letter.body


def test_links_lead_to_the_configured_address(client: Client, mina: User, settings: Any) -> None:
    settings.PUBLIC_URL = "https://chat.example.org"
    reset(client, mina.email)
    (letter,) = django_mail.outbox
    assert "https://chat.example.org/accounts/password/reset/key/" in letter.body
    assert "testserver" not in letter.body


def test_every_kind_of_letter_with_a_link_has_the_address(client: Client, mina: User, settings: Any) -> None:
    settings.PUBLIC_URL = "https://chat.example.org"
    settings.SIGNUP_OPEN = settings.ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = True
    settings.ACCOUNT_EMAIL_VERIFICATION, settings.ACCOUNT_MAX_EMAIL_ADDRESSES = "mandatory", None
    reset(client, "unknown@example.test")
    for email in (mina.email, "new@example.test"):
        client.post("/accounts/signup/", {"email": email, "password1": PASSWORD, "password2": PASSWORD})
    sign_in(client)
    confirm(client)
    client.post("/accounts/email/", {"email": "second@example.test", "action_add": ""})
    assert len(django_mail.outbox) == 4
    for letter in django_mail.outbox:
        assert "https://chat.example.org/accounts/" in letter.body, letter.subject
        assert "testserver" not in letter.body, letter.subject
