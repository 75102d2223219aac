"""What a connection's secret is, read from the one text that is stored encrypted or held by a variable.

An API key is the text itself. AWS keys are JSON: {"access_key_id": …, "secret_access_key": …, "session_token": …};
the names may begin with aws_. A Google service account is the JSON of its key file. No text or error repeats a part.
"""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from chat.models.platforms import Entrance, Platform

# The value of `credential_env` that stands for "the identity of this machine"; no variable's name is in small letters.
AMBIENT = "ambient"


class CredentialProblem(ValueError):
    """The text is not what this kind of connection needs; the sentence is for people."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AwsKeys:
    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(repr=False, default=None)

    def as_json(self) -> str:
        """Write the keys as they are stored."""
        keys = {"access_key_id": self.access_key_id, "secret_access_key": self.secret_access_key}
        return json.dumps(keys | ({"session_token": self.session_token} if self.session_token else {}))


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    info: dict[str, Any] = field(repr=False)


Credential = ApiKey | AwsKeys | ServiceAccount


def read_credential(platform: Platform, text: str) -> Credential:
    """Return what a stored text or a variable's value is on this platform.

    Raises:
        CredentialProblem: it is something else, or incomplete.
    """
    if Entrance.SERVICE_ACCOUNT in platform.entrances:
        return _service_account(text)
    if Entrance.AWS_KEYS in platform.entrances and text.startswith("{"):
        return _aws_keys(text)
    if not text.isascii() or not text.isprintable() or any(char.isspace() for char in text):
        raise CredentialProblem(_("The key holds characters that no key has. Copy it again."))
    return ApiKey(text)


def _aws_keys(text: str) -> AwsKeys:
    said = {name.removeprefix("aws_"): value for name, value in _object(text).items()}
    keys = [said.get(name) for name in ("access_key_id", "secret_access_key")]
    if not all(isinstance(key, str) and key.strip() for key in keys):
        raise CredentialProblem(_("AWS keys need both access_key_id and secret_access_key."))
    token = said.get("session_token")
    return AwsKeys(str(keys[0]).strip(), str(keys[1]).strip(), str(token).strip() if token else None)


def _service_account(text: str) -> ServiceAccount:
    info = _object(text)
    if info.get("type") != "service_account":
        raise CredentialProblem(
            _(
                "This is no key of a service account. Make one in the Google Cloud console and paste its JSON file."
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
        raise CredentialProblem(_("The token_uri of the service account’s key must begin with https."))
    return ServiceAccount(info)


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        # Not "from error": its text repeats what was typed.
        raise CredentialProblem(
            _("The credential is no JSON object. Paste the whole text, from { to }.")
        ) from None
    return value
