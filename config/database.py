"""Django's database settings from DATABASE_URL, with the options of its query, and how a refused connection is told."""

import time
from collections.abc import Collection
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from django.core.exceptions import ImproperlyConfigured

from config.environment import database_parts

SQLITE = "django.db.backends.sqlite3"

# DEFERRED transactions under ASGI fail with "database is locked"; IMMEDIATE ones wait for the lock.
_SQLITE_OPTIONS: dict[str, Any] = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA busy_timeout=20000;",
}
_SQLITE_NAMES = frozenset({"transaction_mode", "timeout", "init_command", "cached_statements"})
_WAIT_SECONDS, _PAUSE_SECONDS = 20.0, 0.5

# What libpq's message of a refused connection contains, and the sentence for it. The message itself is not shown: it
# repeats parts of the address, and a password that is not percent-encoded may have ended up among them.
_REFUSALS = (
    ("does not support SSL", "asks for TLS (sslmode), but the database server offers none."),
    ("root certificate file", "names a file of certificates (sslrootcert) that can't be read."),
    (
        "certificate verify failed",
        "asks for a verified certificate (sslmode), but the server's is not trusted.",
    ),
    (
        "does not match host name",
        "asks for a verified certificate (sslmode), but the server's has another name.",
    ),
    ("invalid sslmode", "has a value of sslmode that PostgreSQL doesn't know."),
    (
        "no pg_hba.conf entry",
        "is refused by the database server (pg_hba.conf); perhaps it asks for TLS (sslmode).",
    ),
    ("authentication failed", "has a user or a password that the database server refuses."),
    ("no password supplied", "has no password, but the database server asks for one."),
    (
        "session is read-only",
        "asks for a server that can be written to (target_session_attrs), and there is none.",
    ),
    ("session is not read-only", "asks for a read-only server (target_session_attrs), and there is none."),
    ("does not exist", "names a database or a user that does not exist."),
)


def database_settings(url: str, *, default: Path, prepare: bool) -> dict[str, Any]:
    """Return DATABASES["default"]: SQLite at `default` without a URL; `prepare` keeps PostgreSQL's statements.

    Raises:
        ImproperlyConfigured: the URL or one of its options can't be used.
    """
    found: dict[str, Any] = (
        database_parts("DATABASE_URL", url) if url else {"ENGINE": SQLITE, "NAME": default}
    )
    asked = found.get("OPTIONS", {})
    if "#" in url:
        raise ImproperlyConfigured("DATABASE_URL contains a number sign. It has to be written %23.")
    if found["ENGINE"] == SQLITE:
        if found.get("HOST"):
            raise ImproperlyConfigured(
                "DATABASE_URL: sqlite:/// begins a path in the present folder, sqlite://// one from the root."
            )
        return {**found, "OPTIONS": _sqlite_options(asked)}
    if not found["NAME"] and "service" not in asked:
        raise ImproperlyConfigured("DATABASE_URL names no database behind its host.")
    if found.get("HOST", "").lower().startswith("%2f"):  # the folder of a socket
        found["HOST"] = unquote(found["HOST"])
    # Under ASGI connections are kept by the pool, not per thread.
    return {**found, "CONN_MAX_AGE": 0, "OPTIONS": _postgresql_options(asked, prepare=prepare)}


def _sqlite_options(asked: dict[str, Any]) -> dict[str, Any]:
    _refuse_unknown(asked, _SQLITE_NAMES)
    if not all(isinstance(asked.get(name, 1), int) for name in ("timeout", "cached_statements")):
        raise ImproperlyConfigured("DATABASE_URL: timeout and cached_statements must be whole numbers.")
    if asked.get("transaction_mode", "IMMEDIATE") not in {"DEFERRED", "IMMEDIATE", "EXCLUSIVE"}:
        raise ImproperlyConfigured("DATABASE_URL: transaction_mode must be DEFERRED, IMMEDIATE or EXCLUSIVE.")
    commands = _SQLITE_OPTIONS["init_command"] + str(asked.get("init_command", ""))
    return {**_SQLITE_OPTIONS, **asked, "init_command": commands}


def _postgresql_options(asked: dict[str, Any], *, prepare: bool) -> dict[str, Any]:
    if asked:
        from psycopg import pq  # noqa: PLC0415 - loads libpq, which most addresses do not need here

        known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
        _refuse_unknown(asked, known | {"assume_role"})
    return {
        **asked,
        "pool": {"min_size": 1, "max_size": 16, "timeout": 20},
        # Statements that come again are planned once: a third less work for PostgreSQL.
        "server_side_binding": True,
        "prepare_threshold": 3 if prepare else None,
    }


def _refuse_unknown(asked: dict[str, Any], known: Collection[str]) -> None:
    if unknown := sorted(asked.keys() - set(known)):
        # A password with a question mark that is not percent-encoded would look like options.
        raise ImproperlyConfigured(
            f"DATABASE_URL has {len(unknown)} options that the database doesn't know, behind its question mark. "
            "A question mark that belongs to the password is written %3F."
        )


def require_connection(parameters: dict[str, Any], *, wait_seconds: float = _WAIT_SECONDS) -> None:
    """Connect once to PostgreSQL; a server that can't be reached yet is tried again for a while.

    The pool of Django would wait and then only say that it got no connection. `parameters` are those of psycopg.

    Raises:
        ImproperlyConfigured: the connection is refused; the message is one sentence without values.
    """
    import psycopg  # noqa: PLC0415 - see above

    until = time.monotonic() + wait_seconds
    while True:
        try:
            psycopg.connect(**{"connect_timeout": 10, **parameters}).close()
            return
        except psycopg.Error as error:
            sentence = refusal(str(error))
            if sentence is None and time.monotonic() < until:
                time.sleep(_PAUSE_SECONDS)
                continue
            raise ImproperlyConfigured(
                f"DATABASE_URL {sentence or 'leads to no server that answers.'}"
            ) from None


def refusal(message: str) -> str | None:
    """Return what is wrong with an address that a server refused for good; None if it may work in a moment."""
    return next((sentence for part, sentence in _REFUSALS if part in message), None)
