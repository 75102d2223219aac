"""How people come in: sign-up is closed unless the operator opens it, and second factors are kept encrypted."""

import base64
import hashlib

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGNUP_OPEN)


class MfaAdapter(DefaultMFAAdapter):
    """Who reads the database learns no authenticator secret."""

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()


def _cipher() -> MultiFernet:
    """The first of the configured keys encrypts, all of them decrypt; any string serves as a key."""
    digests = (
        hashlib.sha256(f"parley.mfa:{key}".encode()).digest() for key in settings.FIELD_ENCRYPTION_KEYS
    )
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
