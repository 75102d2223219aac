"""People, groups and keys in the admin: staff cannot raise rights, and a key is shown once."""

import datetime as dt
import uuid
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Permission
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chat.models import ApiKey, FileUsage, User
from chat.operations.accounts.api_keys import authenticate
from chat.operations.accounts.users import confirm_email
from chat.presentation.figures import file_size
from tests.admin.world import PASSWORD, World

PERSON = {
    "email": "person@example.test",
    "is_active": "on",
    "first_name": "",
    "last_name": "",
    "language": "ko",
    "emailaddress_set-TOTAL_FORMS": "0",
    "emailaddress_set-INITIAL_FORMS": "0",
}


@pytest.fixture
def clerk(world: World, staff: Client) -> Client:
    """Staff with every right on people, groups and keys, and no superuser."""
    models = ("user", "group", "apikey")
    world.staff.user_permissions.set(Permission.objects.filter(content_type__model__in=models))
    return staff


def new_person(client: Client, **fields: str) -> Any:
    form = {"email": "New@example.test", "first_name": "", "last_name": "", "language": "ko", **fields}
    return client.post(reverse("admin:chat_user_add"), form)


def test_a_new_person_is_invited_by_mail(world: World, root: Client) -> None:
    group = world.rows["auth_group"]
    assert new_person(root, access="invite", first_name="New", groups=str(group.pk)).status_code == 302
    address = EmailAddress.objects.get(email="new@example.test")
    assert (address.verified, address.primary) == (True, True)
    person = address.user
    assert (person.first_name, person.language, list(person.groups.all())) == ("New", "ko", [group])
    assert not person.has_usable_password()
    assert [message.to for message in mail.outbox] == [["New@example.test"]]


def test_superusers_may_set_the_first_password(world: World, root: Client) -> None:
    secret = "quite-a-secret-1"
    assert new_person(root, access="password", password1=secret, password2=secret).status_code == 302
    client = Client()
    client.post("/accounts/login/", {"login": "new@example.test", "password": secret})
    assert client.session.get("_auth_user_id")
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("first", "second", "field"),
    [
        ("", "", "password1"),
        ("quite-a-secret-1", "quite-a-secret-2", "password2"),
        ("12345678901", "12345678901", "password2"),
    ],
)
def test_a_first_password_must_be_good(
    world: World, root: Client, first: str, second: str, field: str
) -> None:
    page = new_person(root, access="password", password1=first, password2=second)
    assert field in page.context["adminform"].form.errors
    assert not User.objects.filter(email__iexact="new@example.test").exists()


def test_staff_only_invite_and_choose_no_groups(world: World, clerk: Client) -> None:
    secret, group = "quite-a-secret-1", str(world.rows["auth_group"].pk)
    sent = {"access": "password", "password1": secret, "password2": secret, "groups": group}
    assert new_person(clerk, **sent).status_code == 302
    person = User.objects.get(email__iexact="new@example.test")
    assert (person.has_usable_password(), person.groups.count()) == (False, 0)
    assert len(mail.outbox) == 1


def test_an_unreachable_mail_server_keeps_the_person(world: World, root: Client, settings: Any) -> None:
    settings.EMAIL_BACKEND = "tests.operations.accounts.test_account_mail.BrokenMail"
    page = root.post(
        reverse("admin:chat_user_add"), {"email": "new@example.test", "access": "invite"}, follow=True
    )
    assert "An invitation goes to new@example.test" in page.content.decode()
    assert User.objects.filter(email="new@example.test").exists()


def test_changed_address_is_confirmed_and_announced(world: World, root: Client) -> None:
    changed = {**PERSON, "email": "moved@example.test"}
    assert root.post(world.url("chat_user", "change"), changed).status_code == 302
    assert EmailAddress.objects.get(user=world.person, primary=True).email == "moved@example.test"
    assert [message.to for message in mail.outbox] == [["person@example.test"]], "the old address"


def test_a_page_of_a_person_shows_the_stored_files(world: World, clerk: Client) -> None:
    page = clerk.get(world.url("chat_user", "change"))
    before = FileUsage.objects.filter(user=world.person).first()
    assert file_size(before.total_bytes if before else 0) in page.content.decode()
    FileUsage.objects.update_or_create(user=world.person, defaults={"total_bytes": 3_000_000})
    page = clerk.get(world.url("chat_user", "change"))
    assert "3.0\xa0MB" in page.content.decode()


def test_staff_cannot_change_an_address(world: World, clerk: Client) -> None:
    changed = {**PERSON, "email": "mine@example.test"}
    assert clerk.post(world.url("chat_user", "change"), changed).status_code == 302
    world.person.refresh_from_db()
    assert (world.person.email, world.person.language) == ("person@example.test", "ko")
    assert mail.outbox == []


def test_staff_cannot_raise_rights(world: World, clerk: Client) -> None:
    raised = {**PERSON, "is_staff": "on", "is_superuser": "on", "groups": [str(world.rows["auth_group"].pk)]}
    assert clerk.post(world.url("chat_user", "change"), raised).status_code == 302
    world.person.refresh_from_db()
    assert (world.person.language, world.person.is_staff, world.person.is_superuser) == ("ko", False, False)
    assert not world.person.groups.exists()
    own = reverse("admin:chat_user_change", args=[world.staff.pk])
    assert clerk.post(own, {**raised, "email": world.staff.email}).status_code == 302
    world.staff.refresh_from_db()
    assert not world.staff.is_superuser


def test_staff_cannot_change_superusers(world: World, clerk: Client) -> None:
    other = User.objects.create_user("clerk2@example.test", PASSWORD, is_staff=True)
    for above in (world.root, other):
        form = {**PERSON, "email": "mine@example.test"}
        assert clerk.post(reverse("admin:chat_user_change", args=[above.pk]), form).status_code == 403
        change = reverse("admin:auth_user_password_change", args=[above.pk])
        passwords = {"password1": "stolen-account-1", "password2": "stolen-account-1"}
        assert clerk.post(change, passwords).status_code == 403
        above.refresh_from_db()
        assert above.check_password(PASSWORD)


def test_only_superusers_set_passwords(world: World, clerk: Client, root: Client, caplog: Any) -> None:
    caplog.set_level("INFO")
    change = reverse("admin:auth_user_password_change", args=[world.person.pk])
    passwords = {"password1": "quite-another-1", "password2": "quite-another-1"}
    assert clerk.get(change).status_code == 403
    assert clerk.post(change, passwords).status_code == 403
    world.person.refresh_from_db()
    assert world.person.check_password(PASSWORD)
    assert root.post(change, passwords).status_code == 302
    world.person.refresh_from_db()
    assert world.person.check_password("quite-another-1")
    assert [message.to for message in mail.outbox] == [["person@example.test"]]
    assert "password_set" in caplog.text
    assert str(world.root.pk) in caplog.text


def test_staff_send_a_link_to_set_a_password(world: World, clerk: Client) -> None:
    confirm_email(user=world.person)
    address = reverse("admin:chat_user_reset_password", args=[world.person.pk])
    assert "Send a link" in clerk.get(address).content.decode()
    assert mail.outbox == [], "a link alone sends nothing"
    clerk.post(address, {"_form_submitted": "True"})
    assert [message.to for message in mail.outbox] == [["person@example.test"]]
    assert "/accounts/password/reset/key/" in mail.outbox[0].body
    User.objects.filter(pk=world.person.pk).update(is_active=False)
    clerk.post(address, {"_form_submitted": "True"})
    assert len(mail.outbox) == 1, "deactivated people get no link"


@pytest.mark.parametrize("whom", ["root", "missing"])
def test_links_are_only_for_ordinary_people(world: World, clerk: Client, whom: str) -> None:
    key = world.root.pk if whom == "root" else uuid.uuid4()
    address = reverse("admin:chat_user_reset_password", args=[key])
    assert clerk.post(address, {"_form_submitted": "True"}).status_code == 403
    assert mail.outbox == []


def test_people_are_not_deleted(world: World, root: Client) -> None:
    assert root.post(world.url("chat_user", "delete"), {"post": "yes"}).status_code == 403


def test_a_lost_second_factor_is_removed_by_superusers_only(
    world: World, clerk: Client, root: Client
) -> None:
    world.staff.user_permissions.add(*Permission.objects.filter(codename__contains="authenticator"))
    assert clerk.post(world.url("mfa_authenticator", "delete"), {"post": "yes"}).status_code == 403
    assert root.post(world.url("mfa_authenticator", "delete"), {"post": "yes"}).status_code == 302


def new_key(client: Client, user: User, **changes: Any) -> Any:
    form = {
        "user": str(user.pk),
        "name": "Nightly",
        "scopes": ["chat", "read"],
        "expires_at_0": "",
        "expires_at_1": "",
    }
    return client.post(reverse("admin:chat_apikey_add"), {**form, **changes})


def test_a_key_is_shown_once(world: World, root: Client) -> None:
    response = new_key(root, world.person)
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]
    secret = response.context["secret"]
    assert secret in response.content.decode()
    key = authenticate(secret)
    assert key is not None
    assert (key.user, key.name, key.scopes) == (world.person, "Nightly", ["chat", "read"])
    for address in (world.url("chat_apikey"), reverse("admin:chat_apikey_change", args=[key.pk]), "/admin/"):
        page = root.get(address).content.decode()
        assert secret not in page
        assert key.digest not in page
    assert secret not in str(dict(root.session)) + str(root.cookies)


def test_key_requires_a_scope_and_a_future_expiry(world: World, root: Client) -> None:
    assert "scopes" in new_key(root, world.person, scopes=[]).context["adminform"].form.errors
    past = {"expires_at_0": "2020-01-01", "expires_at_1": "00:00:00"}
    assert "expires_at" in new_key(root, world.person, **past).context["adminform"].form.errors


def test_staff_make_keys_for_themselves_only(world: World, clerk: Client) -> None:
    assert "user" in new_key(clerk, world.root).context["adminform"].form.errors
    assert new_key(clerk, world.staff).context["secret"]
    assert set(ApiKey.objects.values_list("user__email", flat=True)) == {
        "person@example.test",
        "staff@example.test",
    }


def test_a_key_is_revoked_and_never_deleted(world: World, root: Client) -> None:
    key = world.rows["chat_apikey"]
    address = reverse("admin:chat_apikey_revoke", args=[key.pk])
    assert "Revoke this key?" in root.get(address).content.decode()
    key.refresh_from_db()
    assert key.revoked_at is None, "a link alone revokes nothing"
    root.post(address, {"_form_submitted": "True"}, headers={"HX-Request": "true"})
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert root.post(world.url("chat_apikey", "delete"), {"post": "yes"}).status_code == 403


def test_selected_keys_are_revoked(world: World, root: Client) -> None:
    expired = ApiKey.objects.create(
        user=world.person, name="Old", digest="d" * 64, expires_at=timezone.now() - dt.timedelta(days=1)
    )
    chosen = [str(world.rows["chat_apikey"].pk), str(expired.pk)]
    assert "expired" in root.get(world.url("chat_apikey")).content.decode()
    root.post(world.url("chat_apikey"), {"action": "revoke_selected", "_selected_action": chosen})
    assert not ApiKey.objects.filter(revoked_at=None).exists()


def test_revoking_requires_the_change_permission(world: World, staff: Client) -> None:
    world.staff.user_permissions.set(Permission.objects.filter(codename="view_apikey"))
    address = reverse("admin:chat_apikey_revoke", args=[world.rows["chat_apikey"].pk])
    assert staff.post(address, {"_form_submitted": "True"}).status_code == 403


@pytest.mark.parametrize("address", ["person@example.test", "PERSON@example.test"])
def test_a_taken_address_is_refused_in_one_sentence(world: World, root: Client, address: str) -> None:
    page = new_person(root, access="invite", email=address).content.decode()
    assert page.count("Another person has this email address.") == 1
    assert "onstraint" not in page
    assert "already exists" not in page
    other = reverse("admin:chat_user_change", args=[world.staff.pk])
    assert (
        "Another person has this email address."
        in root.post(other, {**PERSON, "email": address}).content.decode()
    )
    own = reverse("admin:chat_user_change", args=[world.person.pk])
    assert root.post(own, {**PERSON, "email": address}).status_code == 302
