"""Reads environment variables with defaults. A wrong value fails at start with an error that names the variable."""

import os
import secrets
from pathlib import Path

import environ
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")


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
    raw = env.str(name, default="on" if default else "off").strip().lower()
    if raw in {"on", "true", "yes", "1"}:
        return True
    if raw in {"off", "false", "no", "0", ""}:
        return False
    raise ImproperlyConfigured(f"{name} must be on or off, not {raw!r}.")


def number(name: str, *, default: int, minimum: int = 0, maximum: int | None = None) -> int:
    """Return a whole number within limits.

    Raises:
        ImproperlyConfigured: it is not a whole number, or not within `minimum`..`maximum`.
    """
    raw = env.str(name, default=str(default)).strip()
    if not raw.lstrip("-").isdigit():
        raise ImproperlyConfigured(f"{name} must be a whole number, not {raw!r}.")
    value = int(raw)
    if value < minimum or (maximum is not None and value > maximum):
        raise ImproperlyConfigured(f"{name} must be between {minimum} and {maximum or 'any'}, not {value}.")
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
