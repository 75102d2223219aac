"""Account pages: sign-in, sign-out, password reset, addresses and second factors."""

import re
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core import mail
from django.core.cache import cache, caches
from django.test import Client, RequestFactory

from chat.models import User
from chat.operations.accounts.users import confirm_email
from chat.web.accounts.adapters import AccountAdapter

PASSWORD = "a-long-password-1"
TOTP_PERIOD = 30  # seconds
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    """All tests come from one address; each begins with its own rate limits."""
    cache.clear()


@pytest.fixture
def mina() -> User:
    user = User.objects.create_user("mina@example.test", PASSWORD)
    confirm_email(user=user)
    return user


def sign_in(client: Client, email: str = "mina@example.test", password: str = PASSWORD, **data: str) -> Any:
    headers = {name: data.pop(name) for name in list(data) if name.startswith("HTTP_")}
    return client.post("/accounts/login/", {"login": email, "password": password, **data}, **headers)


def confirm(client: Client) -> None:
    """Type the password once more, as the pages that change a lock ask for."""
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


PAGES = ["email/", "password/change/", "2fa/", "2fa/totp/activate/", "2fa/recovery-codes/", "reauthenticate/"]


@pytest.mark.parametrize("page", PAGES)
def test_account_pages_require_a_sign_in(client: Client, page: str) -> None:
    for answer in (client.get(f"/accounts/{page}"), client.post(f"/accounts/{page}")):
        assert answer.status_code == 302
        assert urlsplit(answer.headers["Location"]).path == "/accounts/login/"


@pytest.mark.parametrize(
    "page", ["login/", "signup/", "password/reset/", "password/reset/done/", "inactive/"]
)
def test_signed_out_pages_have_parleys_style(client: Client, page: str) -> None:
    text = client.get(f"/accounts/{page}").content.decode()
    assert "chat/css/pages/account.css" in text
    assert 'class="plain__brand"' in text


def test_sign_in_and_sign_out(client: Client, mina: User) -> None:
    assert sign_in(client, next="/accounts/email/").headers["Location"] == "/accounts/email/"
    assert is_in(client)
    assert client.get("/accounts/logout/").status_code == 200
    assert is_in(client), "a link alone does not sign out"
    assert client.post("/accounts/logout/").headers["Location"] == "/accounts/login/"
    assert not is_in(client)


def test_letter_case_of_the_address_does_not_matter(client: Client, mina: User) -> None:
    sign_in(client, "MINA@Example.TEST")
    assert is_in(client)


@pytest.mark.parametrize(
    ("email", "password"), [("mina@example.test", "wrong-password-1"), ("unknown@example.test", PASSWORD)]
)
def test_a_wrong_password_and_an_unknown_address_read_the_same(
    client: Client, mina: User, email: str, password: str
) -> None:
    page = sign_in(client, email, password).content.decode()
    assert "The email address or the password is wrong." in page
    assert password not in page
    assert not is_in(client)


def test_tries_of_a_stranger_lock_out_only_the_stranger(client: Client, mina: User) -> None:
    stranger = Client(REMOTE_ADDR="203.0.113.9")
    for number in range(6):
        page = sign_in(stranger, password=f"wrong-{number}", HTTP_HOST=f"localhost:{4000 + number}")
    assert "Too many failed" in page.content.decode()
    sign_in(stranger)
    assert not is_in(stranger)
    sign_in(client)
    assert is_in(client)


def test_addresses_of_one_network_count_as_one(client: Client, mina: User) -> None:
    for number in range(5):
        sign_in(Client(REMOTE_ADDR=f"2001:db8:1:1::{number}"), password="wrong")
    for address, allowed in (("2001:db8:1:1::99", False), ("2001:db8:1:2::1", True)):
        visitor = Client(REMOTE_ADDR=address)
        sign_in(visitor)
        assert is_in(visitor) is allowed


def test_other_names_push_no_counted_tries_out(client: Client, mina: User) -> None:
    stranger = Client(REMOTE_ADDR="203.0.113.9")
    for number in range(5):
        sign_in(stranger, password=f"wrong-{number}")
    for number in range(5_000):  # as many names that others typed meanwhile
        cache.set(f"name-{number}", [0])
    sign_in(stranger)
    assert not is_in(stranger)


@pytest.mark.parametrize("name", sorted(caches.settings))
def test_every_cache_keeps_what_is_counted(name: str) -> None:
    caches[name].set("counted", 1)
    for number in range(5_000):
        caches[name].set(f"name-{number}", 1)
    assert caches[name].get("counted") == 1
    caches[name].clear()


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "198.51.100.1", "203.0.113.9"),
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "192.0.2.66, 198.51.100.1", "198.51.100.1"),
        (2, "192.0.2.66, 198.51.100.1, 10.0.0.1", "198.51.100.1"),
        (2, "10.0.0.1", "203.0.113.9"),
        (1, "", "203.0.113.9"),
        (1, "nonsense", "203.0.113.9"),
        (1, "198.51.100.1:5555", "198.51.100.1"),
        (1, "[2001:db8::1]:5555", "2001:db8::1"),
        (1, "2001:db8::1", "2001:db8::1"),
    ],
)
def test_forwarded_addresses_count_as_far_as_configured(
    settings: Any, proxies: int, forwarded: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory(REMOTE_ADDR="203.0.113.9").get("/", HTTP_X_FORWARDED_FOR=forwarded)
    assert AccountAdapter().get_client_ip(request) == address


def test_a_connection_without_an_address_can_sign_in(mina: User) -> None:
    visitor = Client(REMOTE_ADDR="")
    sign_in(visitor)
    assert is_in(visitor)


def test_deactivated_person_cannot_sign_in(client: Client, mina: User) -> None:
    User.objects.update(is_active=False)
    sign_in(client)
    assert not is_in(client)


def test_sign_in_never_redirects_to_another_origin(client: Client, mina: User) -> None:
    assert sign_in(client, next="https://evil.example.test/").headers["Location"] == "/"


def test_sign_up_is_closed(client: Client) -> None:
    form = {"email": "new@example.test", "password1": PASSWORD, "password2": PASSWORD}
    assert "Sign-up is closed" in client.get("/accounts/signup/").content.decode()
    client.post("/accounts/signup/", form)
    assert not User.objects.exists()
    assert "/accounts/signup/" not in client.get("/accounts/login/").content.decode()


def test_open_sign_up_ignores_fields_that_raise_rights(client: Client, settings: Any) -> None:
    settings.SIGNUP_OPEN = True
    assert "/accounts/signup/" in client.get("/accounts/login/").content.decode()
    form = {"email": "new@example.test", "password1": PASSWORD, "password2": PASSWORD}
    raised = {"is_staff": "on", "is_superuser": "on", "groups": "1", "user_permissions": "1", "id": "1"}
    assert client.post("/accounts/signup/", {**form, **raised}).status_code == 302
    user = User.objects.get()
    assert (user.email, user.is_staff, user.is_superuser) == ("new@example.test", False, False)
    assert not user.groups.exists()


def test_open_sign_up_does_not_reveal_accounts(client: Client, mina: User, settings: Any) -> None:
    settings.SIGNUP_OPEN, settings.ACCOUNT_EMAIL_VERIFICATION = (
        True,
        "mandatory",
    )  # as the settings couple them
    form = {"email": mina.email, "password1": PASSWORD, "password2": PASSWORD}
    answer = client.post("/accounts/signup/", form)
    assert answer.headers["Location"] == "/accounts/confirm-email/"
    assert User.objects.count() == 1
    assert not is_in(client)


def test_a_password_is_reset_by_mail(client: Client, mina: User) -> None:
    answer = client.post("/accounts/password/reset/", {"email": mina.email})
    assert answer.headers["Location"] == "/accounts/password/reset/done/"
    (letter,) = mail.outbox
    assert letter.subject.startswith("Parley: ")
    link = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", letter.body)
    assert link
    form = client.get(link[1], follow=True)
    assert "New password" in form.content.decode()
    new = {"password1": "brand-new-secret-1", "password2": "brand-new-secret-1"}
    done = client.post(form.request["PATH_INFO"], new)
    assert done.headers["Location"] == "/accounts/password/reset/key/done/"
    assert client.get("/accounts/password/reset/key/done/").status_code == 200
    sign_in(Client(), password="brand-new-secret-1")
    mina.refresh_from_db()
    assert mina.check_password("brand-new-secret-1")
    again = Client().get(link[1], follow=True).content.decode()
    assert "This link no longer works" in again


def test_password_reset_does_not_reveal_accounts(client: Client) -> None:
    answer = client.post("/accounts/password/reset/", {"email": "unknown@example.test"})
    assert answer.headers["Location"] == "/accounts/password/reset/done/"
    assert not mail.outbox


def test_weak_password_is_refused_at_its_field(client: Client, mina: User) -> None:
    sign_in(client)
    form = {"oldpassword": PASSWORD, "password1": "1234567890", "password2": "1234567890"}
    page = client.post("/accounts/password/change/", form).content.decode()
    assert "entirely numeric" in page
    assert "1234567890" not in page
    assert 'aria-invalid="true"' in page


def test_password_change_is_confirmed_by_mail(client: Client, mina: User) -> None:
    sign_in(client)
    form = {"oldpassword": PASSWORD, "password1": "brand-new-secret-1", "password2": "brand-new-secret-1"}
    assert client.post("/accounts/password/change/", form).status_code == 302
    mina.refresh_from_db()
    assert mina.check_password("brand-new-secret-1")
    assert "password" in mail.outbox[0].subject.lower()


def test_with_closed_sign_up_a_person_has_one_address(client: Client, mina: User) -> None:
    sign_in(client)
    confirm(client)
    page = client.get("/accounts/email/").content.decode()
    assert 'type="radio"' not in page
    for action in ("action_add", "action_primary", "action_send", "action_remove"):
        assert f'name="{action}"' not in page
    client.post("/accounts/email/", {"email": "second@example.test", "action_add": ""})
    assert [one.email for one in mina.emailaddress_set.all()] == [mina.email]  # type: ignore[attr-defined]


def test_an_unconfirmed_address_can_be_confirmed(client: Client, mina: User) -> None:
    sign_in(client)
    confirm(client)
    mina.emailaddress_set.update(verified=False, primary=False)  # type: ignore[attr-defined]
    page = client.get("/accounts/email/").content.decode()
    assert 'name="action_send"' in page
    assert 'name="action_remove"' not in page
    client.post("/accounts/email/", {"email": mina.email, "action_send": ""})
    assert [letter.to for letter in mail.outbox] == [[mina.email]]


def test_second_address_waits_for_confirmation(client: Client, mina: User, settings: Any) -> None:
    settings.ACCOUNT_MAX_EMAIL_ADDRESSES = None  # as with open sign-up
    sign_in(client)
    confirm(client)
    client.post("/accounts/email/", {"email": "second@example.test", "action_add": ""})
    page = client.get("/accounts/email/").content.decode()
    assert "second@example.test" in page
    assert "Unverified" in page
    (letter,) = [letter for letter in mail.outbox if letter.to == ["second@example.test"]]
    link = re.search(r"http://testserver(/accounts/confirm-email/\S+)", letter.body)
    assert link
    assert client.get(link[1]).status_code == 200
    client.post(link[1])
    assert mina.emailaddress_set.get(email="second@example.test").verified  # type: ignore[attr-defined]


def test_address_of_another_person_cannot_be_changed(client: Client, mina: User) -> None:
    other = User.objects.create_user("other@example.test", PASSWORD)
    confirm_email(user=other)
    sign_in(client)
    confirm(client)
    for action in ("action_remove", "action_primary", "action_send"):
        client.post("/accounts/email/", {"email": other.email, action: ""})
    assert other.emailaddress_set.get().primary  # type: ignore[attr-defined]
    assert not [letter for letter in mail.outbox if letter.to == [other.email]]


def code_for(secret: str) -> str:
    """Return a code that is right for some seconds more: each holds for the half minute in which it is asked for."""
    left = TOTP_PERIOD - time.time() % TOTP_PERIOD
    if left < 5:
        time.sleep(left)
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


def test_every_sign_in_page_asks_for_the_second_factor(client: Client, mina: User) -> None:
    mina.is_staff = mina.is_superuser = True
    mina.save()
    secret = generate_totp_secret()
    TOTP.activate(mina, secret)
    assert sign_in(client, next="/admin/").headers["Location"].startswith("/accounts/2fa/authenticate/")
    assert not is_in(client)
    assert client.get("/admin/").status_code == 302
    page = client.get("/accounts/2fa/authenticate/").content.decode()
    assert "chat/css/pages/account.css" in page
    assert client.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert not is_in(client)
    client.post("/accounts/2fa/authenticate/", {"code": code_for(secret)})
    assert is_in(client)
    assert client.get("/admin/").status_code == 200


def test_second_factor_secret_is_stored_encrypted(client: Client, mina: User) -> None:
    sign_in(client)
    confirm(client)
    page = client.get("/accounts/2fa/totp/activate/")
    text = page.content.decode()
    secret = page.context["form"].secret
    assert "data:image/svg+xml" in text
    assert secret in text
    done = client.post("/accounts/2fa/totp/activate/", {"code": code_for(secret)})
    assert done.status_code == 302
    codes = client.get("/accounts/2fa/recovery-codes/")
    assert codes.status_code == 200
    for kept in Authenticator.objects.all():
        assert secret not in str(kept.data)
    assert Authenticator.objects.get(type="totp").wrap().validate_code(code_for(secret)) is not None


def test_recovery_code_works_once(client: Client, mina: User) -> None:
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    TOTP.activate(mina, generate_totp_secret())
    code = RecoveryCodes.activate(mina).get_unused_codes()[0]
    for expected in (True, False):
        visitor = Client()
        sign_in(visitor)
        visitor.post("/accounts/2fa/authenticate/", {"code": code})
        assert is_in(visitor) is expected


def test_second_factor_with_a_lost_key_accepts_no_code(client: Client, mina: User, settings: Any) -> None:
    secret = generate_totp_secret()
    TOTP.activate(mina, secret)
    settings.FIELD_ENCRYPTION_KEYS = ["another"]
    sign_in(client)
    assert client.post("/accounts/2fa/authenticate/", {"code": code_for(secret)}).status_code == 200
    assert not is_in(client)


def test_second_factor_setup_requires_reauthentication(client: Client, mina: User) -> None:
    sign_in(client)
    answer = client.get("/accounts/2fa/totp/activate/")
    assert urlsplit(answer.headers["Location"]).path == "/accounts/reauthenticate/"
    page = client.get(answer.headers["Location"]).content.decode()
    assert "Confirm that it’s you" in page


def test_account_pages_have_a_strict_policy(client: Client, mina: User) -> None:
    policy = client.get("/accounts/login/").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    mina.is_staff = True
    mina.save()
    sign_in(client)
    admin = client.get("/admin/").headers["Content-Security-Policy"]
    assert "'unsafe-eval'" in admin
    assert "script-src 'self' 'unsafe-eval'" in admin
    assert "default-src 'none'" in admin
    assert "connect-src 'self'" in admin
    assert "unsafe" not in client.get("/accounts/email/").headers["Content-Security-Policy"]
