"""People created by the operator or by staff: their email address counts as confirmed."""

import secrets

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from chat.models import User


@transaction.atomic
def ensure_admin(*, email: str, password: str = "") -> str | None:
    """Create the first administrator; do nothing if there is one.

    Returns the password to sign in with (a random one if none was given), or None if nothing was done.

    Raises:
        ValidationError: the given password is refused, as it would be on the pages.
    """
    if User.objects.filter(is_superuser=True).exists() or User.objects.filter(email__iexact=email).exists():
        return None
    if password:
        validate_password(password, User(email=email))
    password = password or secrets.token_urlsafe(12)
    confirm_email(user=User.objects.create_superuser(email, password))
    return password


@transaction.atomic
def confirm_email(*, user: User, replaced: str = "") -> None:
    """Make the person's address their one primary and confirmed address, as sign-in and password reset need it.

    The `replaced` address is removed, because the owner of its mailbox could still reset the password.
    """
    addresses = EmailAddress.objects.filter(user=user)
    addresses.filter(email__iexact=replaced).exclude(email__iexact=user.email).delete()
    addresses.exclude(email__iexact=user.email).update(primary=False)
    address = addresses.filter(email__iexact=user.email).first()
    if address is None:
        address = EmailAddress(user=user, email=user.email)
    address.email, address.verified, address.primary = user.email.lower(), True, True
    address.save()
