"""Reads environment variables with defaults. A wrong value fails at start with an error that names the variable.

Texts and lists are taken as they stand: django-environ would replace a value that begins with a dollar sign by another
variable. No error repeats a value, because it may be a secret that was put in the wrong place.
"""

import os
import re
import secrets
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import environ
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from config.env_file import read_env_file

BASE_DIR = Path(__file__).resolve().parent.parent


def load_env_file(path: Path) -> None:
    """Add the variables of a file to the environment; those that the process inherits stay as they are."""
    for name, value in read_env_file(path).items():
        os.environ.setdefault(name, value)


load_env_file(BASE_DIR / ".env")

_HOST = re.compile(r"\*|\.?[A-Za-z0-9_-][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\]")
_ORIGIN = re.compile(r"https?://(\*\.)?([A-Za-z0-9_-][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")


def text(name: str, *, default: str = "") -> str:
    """Return a variable as it is written, without line breaks at its end: they come from files of secrets.

    Raises:
        ImproperlyConfigured: it is not UTF-8.
    """
    value = os.environ.get(name, default).rstrip("\r\n")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ImproperlyConfigured(f"{name} must be UTF-8.") from None
    return value


def texts(name: str, *, default: Sequence[str] = ()) -> list[str]:
    """Return the comma-separated parts of a variable, without blanks around them and without empty ones."""
    if name not in os.environ:
        return list(default)
    return [part.strip() for part in text(name).split(",") if part.strip()]


def hosts(name: str, *, default: Sequence[str]) -> list[str]:
    """Return the host names of a variable.

    Raises:
        ImproperlyConfigured: one of them could never match a request.
    """
    found = texts(name, default=default)
    if not all(_HOST.fullmatch(host) for host in found):
        raise ImproperlyConfigured(
            f"{name} must list host names, such as parley.example.org, without https://, ports and quotation marks."
        )
    return found


def origins(name: str) -> list[str]:
    """Return the origins of a variable, without slashes behind them.

    Raises:
        ImproperlyConfigured: one of them could never match a request.
    """
    found = [origin.rstrip("/") for origin in texts(name)]
    if not all(_ORIGIN.fullmatch(origin) for origin in found):
        raise ImproperlyConfigured(
            f"{name} must list origins that begin with https:// or http://, such as https://parley.example.org."
        )
    return found


def one_of(name: str, *, default: str, values: Sequence[str]) -> str:
    """Return a variable that has one of a few values, whatever its letter case.

    Raises:
        ImproperlyConfigured: it has another value.
    """
    wanted = text(name, default=default).strip()
    for value in values:
        if value.lower() == wanted.lower():
            return value
    raise ImproperlyConfigured(f"{name} must be {', '.join(values[:-1])} or {values[-1]}.")


def address(name: str, *, default: str = "", schemes: Sequence[str]) -> str:
    """Return a URL with one of these schemes, or an empty text.

    Raises:
        ImproperlyConfigured: it has another scheme or none.
    """
    url = text(name, default=default).strip()
    if url and url.partition("://")[0].lower() not in schemes:
        raise ImproperlyConfigured(f"{name} must begin with {' or '.join(f'{each}://' for each in schemes)}.")
    return url


def email_settings(name: str, url: str) -> dict[str, Any]:
    """Return Django's EMAIL_… settings of a URL.

    Raises:
        ImproperlyConfigured: the URL can't be read.
    """
    return _parsed(name, environ.Env.email_url_config, url)


def database_parts(name: str, url: str) -> dict[str, Any]:
    """Return the parts of a database's URL as Django's settings name them; OPTIONS are those of its query.

    Raises:
        ImproperlyConfigured: the URL can't be read.
    """
    return _parsed(name, environ.Env.db_url_config, url)


def _parsed(name: str, parse: Callable[[str], dict[str, Any]], url: str) -> dict[str, Any]:
    """Parse a URL. The parser's own error would repeat parts of it, perhaps of its password."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # these repeat parts of it, too
            return parse(url)
    except Exception:
        raise ImproperlyConfigured(
            f"{name} is not a valid address. Percent-encode the special characters of its user and password."
        ) from None


def own_host(host: str) -> str:
    """Return the host at which this machine reaches its own server; a wildcard address can't be connected to."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


def own_url(host: str, port: int) -> str:
    """Return the address at which this machine reaches its own server."""
    reached = own_host(host)
    return f"http://{f'[{reached}]' if ':' in reached else reached}:{port}"


def switch(name: str, *, default: bool) -> bool:
    """Return the value of an on/off variable.

    Raises:
        ImproperlyConfigured: the value is neither of on/true/yes/1 nor off/false/no/0.
    """
    raw = text(name, default="on" if default else "off").strip().lower()
    if raw in {"on", "true", "yes", "1"}:
        return True
    if raw in {"off", "false", "no", "0", ""}:
        return False
    raise ImproperlyConfigured(f"{name} must be on or off.")


def number(name: str, *, default: int, minimum: int = 0, maximum: int | None = None) -> int:
    """Return a whole number within limits.

    Raises:
        ImproperlyConfigured: it is not a whole number, or not within `minimum`..`maximum`.
    """
    raw = text(name, default=str(default)).strip()
    # Not every text of digits is a number: "²" is none, and a very long one is refused by int().
    if not re.fullmatch(r"-?[0-9]{1,18}", raw):
        raise ImproperlyConfigured(f"{name} must be a whole number.")
    value = int(raw)
    if value < minimum or (maximum is not None and value > maximum):
        limits = f"at least {minimum}" if maximum is None else f"between {minimum} and {maximum}"
        raise ImproperlyConfigured(f"{name} must be {limits}.")
    return value


def stored_secret(path: Path, make: str) -> str:
    """Return the secret stored in `path`; at the first start create it (mode 0600).

    `make` is "token" (a Django secret key) or "fernet" (a URL-safe base64 key of 32 bytes).
    """
    if path.exists():
        return path.read_text(encoding="utf-8").strip()
    value = Fernet.generate_key().decode() if make == "fernet" else secrets.token_urlsafe(50)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(path, "x", encoding="utf-8", opener=_private) as file:
            file.write(value + "\n")
    except FileExistsError:  # another process created it first
        return path.read_text(encoding="utf-8").strip()
    return value


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
