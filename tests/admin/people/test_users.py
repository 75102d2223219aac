"""People, groups and keys in the admin: staff cannot raise rights, and a key is shown once."""

import datetime as dt
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chat.models import ApiKey, User
from chat.operations.accounts.api_keys import authenticate
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


def test_a_new_person_can_sign_in_with_a_confirmed_address(world: World, root: Client) -> None:
    form = {"email": "New@example.test", "password1": "quite-a-secret-1", "password2": "quite-a-secret-1"}
    assert root.post(reverse("admin:chat_user_add"), form).status_code == 302
    address = EmailAddress.objects.get(email="new@example.test")
    assert (address.verified, address.primary) == (True, True)
    client = Client()
    client.post("/accounts/login/", {"login": "new@example.test", "password": "quite-a-secret-1"})
    assert client.session.get("_auth_user_id")


def test_changed_address_becomes_the_confirmed_one(world: World, root: Client) -> None:
    assert (
        root.post(world.url("chat_user", "change"), {**PERSON, "email": "moved@example.test"}).status_code
        == 302
    )
    assert EmailAddress.objects.get(user=world.person, primary=True).email == "moved@example.test"


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


def test_staff_may_set_an_ordinary_persons_password(world: World, clerk: Client) -> None:
    change = reverse("admin:auth_user_password_change", args=[world.person.pk])
    assert clerk.get(change).status_code == 200
    passwords = {"password1": "quite-another-1", "password2": "quite-another-1"}
    assert clerk.post(change, passwords).status_code == 302
    world.person.refresh_from_db()
    assert world.person.check_password("quite-another-1")


def test_people_are_not_deleted(world: World, root: Client) -> None:
    assert root.post(world.url("chat_user", "delete"), {"post": "yes"}).status_code == 403


def test_group_rights_are_for_superusers(world: World, clerk: Client, root: Client) -> None:
    right = Permission.objects.get(codename="delete_languagemodel")
    form = {"name": "Design", "permissions": [str(right.pk)]}
    clerk.post(world.url("auth_group", "change"), form)
    assert not Group.objects.get().permissions.exists()
    assert root.post(world.url("auth_group", "change"), form).status_code == 302
    assert Group.objects.get().permissions.get() == right


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
