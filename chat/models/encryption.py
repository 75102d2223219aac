"""Encryption of what the database keeps secret, by FIELD_ENCRYPTION_KEYS alone: the first encrypts, all decrypt.

Any string serves as a key. Each purpose has keys of its own, so that a text of one can't be put in place of another's.
"""

import base64
import functools
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


def encrypt(purpose: str, text: str) -> str:
    """Encrypt a text by the first key."""
    return _by_first(purpose).encrypt(text.encode()).decode()


def decrypt(purpose: str, stored: str) -> str:
    """Return the text again.

    Raises:
        InvalidToken: none of the keys is the one it was encrypted by, or it is no such text.
    """
    return (
        MultiFernet(_ciphers(purpose, tuple(settings.FIELD_ENCRYPTION_KEYS))).decrypt(_token(stored)).decode()
    )


def is_current(purpose: str, stored: str) -> bool:
    """Return whether a stored text was encrypted by the first key."""
    try:
        _by_first(purpose).decrypt(_token(stored))
    except InvalidToken:
        return False
    return True


def _by_first(purpose: str) -> Fernet:
    return _ciphers(purpose, tuple(settings.FIELD_ENCRYPTION_KEYS))[0]


@functools.lru_cache
def _ciphers(purpose: str, keys: tuple[str, ...]) -> list[Fernet]:
    digests = (hashlib.sha256(f"parley.{purpose}:{key}".encode()).digest() for key in keys)
    return [Fernet(base64.urlsafe_b64encode(digest)) for digest in digests]


def _token(stored: str) -> bytes:
    return stored.encode(errors="replace")
