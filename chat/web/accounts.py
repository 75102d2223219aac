"""Adapters for sign-up and second factors: sign-up is closed by default, and TOTP secrets are encrypted."""

import base64
import secrets

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.http import HttpRequest

from chat.models import encryption

log = structlog.get_logger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGNUP_OPEN)


class MfaAdapter(DefaultMFAAdapter):
    """Stores authenticator secrets encrypted."""

    def encrypt(self, text: str) -> str:
        return encryption.encrypt("mfa", text)

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return encryption.decrypt("mfa", encrypted_text)
        except InvalidToken:
            # A random secret: no code matches it, and the page works although the encryption key is lost.
            log.error("second_factor_unreadable")
            return base64.b32encode(secrets.token_bytes(20)).decode()
