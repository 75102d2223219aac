"""What a connection's secret is, read from the one text that is stored encrypted or held by a variable.

An API key is the text itself. AWS keys are JSON: {"access_key_id": …, "secret_access_key": …, "session_token": …};
the names may begin with aws_. A Google service account is the JSON of its key file. A Microsoft Entra service principal
is JSON: {"tenant_id": …, "client_id": …, "client_secret": …}. No text or error repeats a part.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from chat.models.catalogue.platforms import Entrance, Platform

# What a person types one by one, where a credential has several parts.
PARTS = {
    Entrance.AWS_KEYS: ("access_key_id", "secret_access_key", "session_token"),
    Entrance.SERVICE_PRINCIPAL: ("tenant_id", "client_id", "client_secret"),
}
# A tenant is part of the address where the token is asked for: an id, or a domain.
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
_CLIENT = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
# The value of `credential_env` that stands for "the identity of this machine"; no variable's name is in small letters.
AMBIENT = "ambient"


class CredentialProblem(ValueError):
    """The text is not what this kind of connection needs; the sentence is for people."""


@dataclass(frozen=True, slots=True)
class ApiKeyCredential:
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AwsKeys:
    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    info: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ServicePrincipal:
    tenant_id: str = field(repr=False)
    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)


Credential = ApiKeyCredential | AwsKeys | ServiceAccount | ServicePrincipal


def secrets_of(credential: Credential | None) -> tuple[str, ...]:
    """Return the parts of a credential that must never be shown."""
    match credential:
        case ApiKeyCredential(key):
            return (key,)
        case AwsKeys(access_key_id, secret_access_key, session_token):
            return (access_key_id, secret_access_key, session_token or "")
        case ServiceAccount(info):
            return (str(info["private_key"]),)
        case ServicePrincipal(_tenant, _client, client_secret):
            return (client_secret,)
    return ()


def from_parts(parts: Mapping[str, str]) -> str:
    """Write a credential of several parts as the one text that is stored; empty parts are left out."""
    return json.dumps({name: part for name, part in parts.items() if part})


def read_credential(platform: Platform, text: str) -> Credential:
    """Return what a stored text or a variable's value is on this platform.

    Raises:
        CredentialProblem: it is something else, or incomplete.
    """
    if Entrance.SERVICE_ACCOUNT in platform.entrances:
        return _service_account(text)
    if Entrance.AWS_KEYS in platform.entrances and text.startswith("{"):
        return _aws_keys(text)
    if Entrance.SERVICE_PRINCIPAL in platform.entrances and text.startswith("{"):
        return _service_principal(text)
    return ApiKeyCredential(_key(text))


def _key(text: str) -> str:
    if not text.isascii() or not text.isprintable() or any(char.isspace() for char in text):
        raise CredentialProblem(
            _("The key contains characters that are not allowed in a key. Copy it again.")
        )
    return text


def _aws_keys(text: str) -> AwsKeys:
    fields = {name.removeprefix("aws_"): value for name, value in _object(text).items()}
    keys = [fields.get(name) for name in ("access_key_id", "secret_access_key")]
    if not all(isinstance(key, str) and key.strip() for key in keys):
        raise CredentialProblem(_("AWS keys need both access_key_id and secret_access_key."))
    token = fields.get("session_token")
    return AwsKeys(str(keys[0]).strip(), str(keys[1]).strip(), str(token).strip() if token else None)


def _service_account(text: str) -> ServiceAccount:
    info = _object(text)
    if info.get("type") != "service_account":
        raise CredentialProblem(
            _(
                "This is not a service account key. Create one in the Google Cloud console and paste "
                "its JSON file."
            )
        )
    missing = [
        name for name in ("client_email", "private_key", "token_uri") if not isinstance(info.get(name), str)
    ]
    if missing:
        raise CredentialProblem(
            _("The service account’s key lacks %(names)s.") % {"names": ", ".join(missing)}
        )
    address = urlsplit(info["token_uri"])
    if address.scheme != "https" and address.hostname not in ("127.0.0.1", "localhost"):
        raise CredentialProblem(_("The token_uri of the service account’s key must start with https."))
    return ServiceAccount(info)


def _service_principal(text: str) -> ServicePrincipal:
    fields = _object(text)
    parts = [fields.get(name) for name in PARTS[Entrance.SERVICE_PRINCIPAL]]
    if not all(isinstance(part, str) and part.strip() for part in parts):
        raise CredentialProblem(_("A service principal needs tenant_id, client_id and client_secret."))
    tenant, client, secret = (str(part).strip() for part in parts)
    if not _TENANT.fullmatch(tenant):
        raise CredentialProblem(_("The tenant must be an ID or a domain, such as example.onmicrosoft.com."))
    if not _CLIENT.fullmatch(client):
        raise CredentialProblem(
            _("The client ID must be the application’s ID: 32 hexadecimal digits in five groups.")
        )
    return ServicePrincipal(tenant, client, _key(secret))


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        # Not "from error": its text repeats what was typed.
        raise CredentialProblem(
            _("The credential is not a JSON object. Paste the whole text, from { to }.")
        ) from None
    return value
