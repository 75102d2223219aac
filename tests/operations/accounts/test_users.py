"""The first administrator, and addresses that count as confirmed."""

import pytest
from allauth.account.models import EmailAddress

from chat.models import User
from chat.operations.accounts.users import confirm_email, ensure_admin

pytestmark = pytest.mark.django_db


def test_the_first_administrator_gets_a_random_password() -> None:
    password = ensure_admin(email="Boss@Example.test")
    user = User.objects.get()
    assert password is not None
    assert len(password) >= 16
    assert user.check_password(password)
    assert (user.is_staff, user.is_superuser) == (True, True)
    address = EmailAddress.objects.get(user=user)
    assert (address.email, address.verified, address.primary) == ("boss@example.test", True, True)


def test_a_given_password_is_used() -> None:
    assert (
        ensure_admin(email="boss@example.test", password="given-by-the-operator") == "given-by-the-operator"
    )
    assert User.objects.get().check_password("given-by-the-operator")


def test_a_replaced_address_opens_nothing_any_more() -> None:
    user = User.objects.create_user("old@example.test", "a-long-password")
    confirm_email(user=user)
    EmailAddress.objects.create(user=user, email="second@example.test", verified=True)
    user.email = "new@example.test"
    user.save()
    confirm_email(user=user, replaced="Old@example.test")
    assert sorted(user.emailaddress_set.values_list("email", "primary")) == [  # type: ignore[attr-defined]
        ("new@example.test", True),
        ("second@example.test", False),
    ]
    confirm_email(user=user, replaced="NEW@example.test")
    assert user.emailaddress_set.filter(email="new@example.test", primary=True).exists()  # type: ignore[attr-defined]


def test_existing_administrator_is_unchanged() -> None:
    User.objects.create_superuser("other@example.test", "a-long-password")
    assert ensure_admin(email="boss@example.test") is None
    assert User.objects.count() == 1


def test_existing_person_never_becomes_administrator() -> None:
    User.objects.create_user("boss@example.test", "a-long-password")
    assert ensure_admin(email="BOSS@example.test") is None
    assert not User.objects.get().is_superuser


def test_a_confirmed_address_becomes_the_only_primary_one() -> None:
    user = User.objects.create_user("old@example.test", "a-long-password")
    confirm_email(user=user)
    user.email = "New@example.test"
    user.save()
    confirm_email(user=user)
    confirm_email(user=user)
    rows = (
        EmailAddress.objects.filter(user=user).order_by("email").values_list("email", "verified", "primary")
    )
    assert list(rows) == [("new@example.test", True, True), ("old@example.test", True, False)]
