"""Keys for programs: created once, shown once, found by their digest."""

import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Collection

from django.utils import timezone
from django.utils.translation import gettext as _

from chat.models import ApiKey, User
from chat.operations.errors import invalid

PREFIX = "pk-parley-"
MOST_OWN_KEYS = 50  # that a person creates without staff
# `last_used_at` is for people to read; it does not need a write per request.
USE_RECORDED_EVERY = dt.timedelta(minutes=1)


def check_key_room(*, user: User) -> None:
    """Check that a person may create one more key for themself.

    Raises:
        OperationError: they have as many keys in use as one person may have.
    """
    if ApiKey.objects.live().filter(user=user).count() >= MOST_OWN_KEYS:
        raise invalid(
            _("You have %(count)s keys. Revoke one before you create another.") % {"count": MOST_OWN_KEYS}
        )


def create_api_key(
    *, user: User, name: str, scopes: Collection[str], expires_at: dt.datetime | None = None
) -> tuple[ApiKey, str]:
    """Create a key for a person and return it with its secret, which can't be read again.

    Raises:
        OperationError: no name, or a scope that does not exist.
    """
    if not name.strip():
        raise invalid(_("Enter a name for the key."))
    if not scopes or not set(scopes) <= set(ApiKey.Scope.values):
        raise invalid(_("Allowed scopes: %(names)s.") % {"names": ", ".join(ApiKey.Scope.values)})
    secret = PREFIX + secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        user=user,
        name=name.strip()[:80],
        digest=_digest(secret),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
    )
    return key, secret


def authenticate(secret: str) -> ApiKey | None:
    """Return the valid key with this secret, its person loaded; None for any other string."""
    if not secret.startswith(PREFIX):
        return None
    digest = _digest(secret)
    key = ApiKey.objects.live().select_related("user").filter(digest=digest).first()
    if key is None or not hmac.compare_digest(key.digest, digest):
        return None
    now = timezone.now()
    if key.last_used_at is None or now - key.last_used_at > USE_RECORDED_EVERY:
        ApiKey.objects.filter(id=key.id).update(last_used_at=now)
    return key


def revoke_api_key(*, key: ApiKey) -> None:
    """Revoke a key; open sockets that use it close within seconds."""
    ApiKey.objects.filter(id=key.id, revoked_at=None).update(revoked_at=timezone.now())


def _digest(secret: str) -> str:
    """Keys are 256 random bits, so a plain SHA-256 is as safe as a slow hash and makes lookups cheap."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
