"""Options of DATABASE_URL take effect, and a server that refuses is told of in a sentence without values."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured

from config.database import database_settings, refusal, require_connection
from tests.support.environment import ROOT, child
from tests.support.services import create_database, drop_database, service_url

PASSWORD = "s3cret@/#%?:&"


def settings_of(url: str) -> dict[str, object]:
    return database_settings(url, default=Path("unused"), prepare=False)


def test_sqlite_keeps_its_safe_options_and_takes_others() -> None:
    made = settings_of("sqlite:////data/x.sqlite3?timeout=5&init_command=PRAGMA%20cache_size=-8000")
    assert made["NAME"] == "/data/x.sqlite3"
    assert made["OPTIONS"] == {
        "transaction_mode": "IMMEDIATE",
        "timeout": 5,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA busy_timeout=20000;"
        "PRAGMA cache_size=-8000",
    }
    assert settings_of("")["OPTIONS"] == settings_of("sqlite:///x")["OPTIONS"]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:///x?mode=ro", "1 options that the database doesn't know"),
        ("sqlite:///x?timeout=soon", "must be whole numbers"),
        ("sqlite:///x?transaction_mode=LATER", "must be DEFERRED, IMMEDIATE or EXCLUSIVE"),
        ("sqlite://folder/x.sqlite3", "sqlite:/// begins a path"),
        ("postgres://u:p@h/db?sslmod=require", "1 options that the database doesn't know"),
        (f"postgres://u:{PASSWORD}@h/db", "contains a number sign"),
        ("postgres://u:s3cret/x@h/db", "is not a valid address"),
        ("postgres://u:s3cret?x@h/db", "is not a valid address"),
        ("postgres://s3cret", "names no database"),
        ("sqlite:///x#y.sqlite3", "contains a number sign"),
        ("postgres://u:p@h:port/db", "is not a valid address"),
        ("postgres://u:p@[::1/db", "is not a valid address"),
    ],
)
def test_a_wrong_address_is_refused_without_its_parts(url: str, words: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        settings_of(url)
    assert words in str(refused.value)
    for part in ("s3cret", "sslmod=", "x.sqlite3", "port/"):
        assert part not in str(refused.value)


def test_a_percent_encoded_password_is_decoded() -> None:
    made = settings_of(f"postgres://user:{quote(PASSWORD, safe='')}@h:5433/db?connect_timeout=3")
    assert (made["USER"], made["PASSWORD"], made["PORT"]) == ("user", PASSWORD, 5433)
    assert made["OPTIONS"]["connect_timeout"] == 3  # type: ignore[index]


def test_messages_of_libpq_become_sentences() -> None:
    """Messages as psycopg 3 words them; what may work in a moment is none of them."""
    server = 'connection failed: connection to server at "10.0.0.9", port 5432 failed: '
    for message, words in {
        "server does not support SSL, but SSL was required": "offers none",
        'root certificate file "/x.pem" does not exist': "can't be read",
        "SSL error: certificate verify failed": "not trusted",
        'server certificate for "a" does not match host name "b"': "another name",
        'FATAL:  password authentication failed for user "u"': "refuses",
        "fe_sendauth: no password supplied": "has no password",
        'FATAL:  database "x" does not exist': "does not exist",
        'FATAL:  no pg_hba.conf entry for host "1.2.3.4", user "u", no encryption': "pg_hba.conf",
        "session is not read-only": "read-only server",
        "session is read-only": "written to",
    }.items():
        assert words in (refusal(server + message) or ""), message
    for message in ("Connection refused", "FATAL:  the database system is starting up", "timeout expired"):
        assert refusal(server + message) is None


def prepared(tmp_path: Path, url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "prepare"],
        cwd=ROOT,
        env=child(tmp_path, DATABASE_URL=url),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.services
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("sslmode=require", "asks for TLS (sslmode), but the database server offers none."),
        ("sslmode=verify-full&sslrootcert=/nonexistent.pem", "asks for TLS (sslmode)"),
        ("sslmode=perhaps", "has a value of sslmode that PostgreSQL doesn't know."),
        ("target_session_attrs=read-only", "asks for a read-only server"),
    ],
)
def test_an_address_that_can_not_work_ends_the_start(tmp_path: Path, query: str, words: str) -> None:
    done = prepared(tmp_path, f"{service_url('TEST_DATABASE_URL')}?{query}")
    assert done.returncode == 1
    assert done.stderr.startswith("CommandError: DATABASE_URL ")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert (urlsplit(service_url("TEST_DATABASE_URL")).password or "?") * 2 not in done.stderr


@pytest.mark.services
def test_a_database_that_is_missing_is_told_without_its_name() -> None:
    url = urlsplit(service_url("TEST_DATABASE_URL"))._replace(path="/n0where").geturl()
    with pytest.raises(ImproperlyConfigured) as refused:
        require_connection({"conninfo": url}, wait_seconds=20)
    assert "names a database or a user that does not exist" in str(refused.value)
    assert "n0where" not in str(refused.value)


def test_a_server_that_is_away_is_awaited_and_then_named() -> None:
    with pytest.raises(ImproperlyConfigured, match="leads to no server that answers"):
        require_connection({"host": "127.0.0.1", "port": 9, "user": "u", "dbname": "d"}, wait_seconds=0.6)


SHOW = """
import os, django
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()
from django.db import connection
with connection.cursor() as cursor:
    for name in ("search_path", "application_name"):
        cursor.execute(f"SHOW {name}")
        print(cursor.fetchone()[0])
"""


@pytest.mark.services
def test_options_take_effect_through_the_pool(tmp_path: Path) -> None:
    url = create_database("template1")
    try:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE SCHEMA parley")
        done = subprocess.run(
            [sys.executable, "-c", SHOW],
            cwd=ROOT,
            env=child(tmp_path, DATABASE_URL=f"{url}?options=-c%20search_path%3Dparley&application_name=x"),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.stdout.split() == ["parley", "x"], done.stderr
    finally:
        drop_database(url)


@pytest.mark.services
def test_a_password_with_marks_signs_in(tmp_path: Path) -> None:
    parts = urlsplit(service_url("TEST_DATABASE_URL"))
    role = f"parley_{os.getpid()}"
    with psycopg.connect(parts.geturl(), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
        try:
            netloc = f"{role}:{quote(PASSWORD, safe='')}@{parts.hostname}:{parts.port}"
            made = settings_of(parts._replace(netloc=netloc).geturl())
            assert made["PASSWORD"] == PASSWORD
            require_connection(
                {
                    "host": made["HOST"],
                    "port": made["PORT"],
                    "user": role,
                    "password": PASSWORD,
                    "dbname": made["NAME"],
                },
                wait_seconds=0,
            )
        finally:
            connection.execute(f"DROP ROLE {role}")
