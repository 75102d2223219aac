"""Environments as people write them: files of editors on Windows, values with marks, addresses of databases.

Inputs are in tests/world/environment: a new case is a file there and a row here.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.database import database_settings
from config.env_file import read_env_file
from scripts.check_settings import variables
from tests.support.environment import ROOT, child

INPUTS = Path(__file__).parent / "environment"
KEY = "sk-ant-test-0000"
READ = {
    "blanks": {"ANTHROPIC_API_KEY": KEY},
    "bom": {"ANTHROPIC_API_KEY": KEY},
    "comment": {"ANTHROPIC_API_KEY": KEY, "ALLOWED_HOSTS": "chat.example.org"},
    "crlf": {"ANTHROPIC_API_KEY": KEY, "ALLOWED_HOSTS": "a.example.org, b.example.org"},
    "dollar": {"ADMIN_PASSWORD": "$tart-Here-2026", "METRICS_TOKEN": "$tok", "ANTHROPIC_API_KEY": KEY},
    "export": {"ANTHROPIC_API_KEY": KEY, "METRICS_TOKEN": "with blanks inside "},
    "marks": {
        "DEFAULT_FROM_EMAIL": "Büro <a@example.org>",
        "ADMIN_PASSWORD": "a#b$c\"d'e",
        "METRICS_TOKEN": "#first",
        "SECRET_KEY": "",
        "EMAIL_URL": "smtp://u:p%40ss@mail.example.org:587/?x=1#y",
    },
    "twice": {"ANTHROPIC_API_KEY": KEY},
    "utf16": {"ANTHROPIC_API_KEY": KEY},
}
REFUSED = {
    "colon": "line 1: write NAME=value",
    "dash": "line 2: write NAME=value",
    "inner-quote": "line 1: something follows the closing quotation mark",
    "json": "line 2: write NAME=value",
    "latin1": "line 1: the file is not UTF-8",
    "mark-inside": "line 2: write NAME=value",
    "nul": "line 1: there is a control character",
    "open-quote": "line 3: the closing quotation mark is missing",
    "utf32": "line 1: the file is UTF-32",
    "value-only": "line 1: write NAME=value",
    "windows-set": "line 1: write NAME=value",
}


def test_every_input_has_a_row() -> None:
    assert {path.stem for path in INPUTS.glob("*.env")} == READ.keys() | REFUSED.keys()


@pytest.mark.parametrize("name", READ)
def test_files_are_read_as_they_are_written(name: str) -> None:
    assert read_env_file(INPUTS / f"{name}.env") == READ[name]


@pytest.mark.parametrize("name", REFUSED)
def test_an_unreadable_line_is_named_and_not_repeated(name: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        read_env_file(INPUTS / f"{name}.env")
    assert REFUSED[name] in str(refusal.value)
    assert f"{name}.env" in str(refusal.value)
    assert KEY not in str(refusal.value)
    assert "sk-ant" not in str(refusal.value)


def test_a_missing_file_is_no_file(tmp_path: Path) -> None:
    assert read_env_file(tmp_path / ".env") == {}


def test_a_folder_in_its_place_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    with pytest.raises(ImproperlyConfigured, match=r"\.env can't be read: Is a directory"):
        read_env_file(tmp_path / ".env")


PRINT = "import config.settings as s; print(*(repr(getattr(s, name)) for name in {names!r}), sep='\\n')"


def settings_with(folder: Path, *names: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Load the settings of a copy of Parley, whose .env may be any file, and print some of them."""
    shutil.copytree(ROOT / "config", folder / "config", dirs_exist_ok=True)
    inherited = {name: value for name, value in os.environ.items() if name not in variables()}
    return subprocess.run(
        [sys.executable, "-c", PRINT.format(names=names)],
        cwd=folder,
        env={**inherited, "PYTHONPATH": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_dollar_sign_is_a_dollar_sign_in_the_environment(tmp_path: Path) -> None:
    lines = (INPUTS / "shell.txt").read_text().splitlines()
    given = dict(line.replace("'", "").split("=", 1) for line in lines)
    names = ("ADMIN_PASSWORD", "SECRET_KEY", "METRICS_TOKEN", "FIELD_ENCRYPTION_KEYS")
    done = settings_with(tmp_path, *names, **given)
    wanted = [repr(given[name]) for name in names[:3]] + [repr([given["FIELD_ENCRYPTION_KEYS"]])]
    assert done.stdout.splitlines() == wanted, done.stderr


def test_settings_come_from_the_file(tmp_path: Path) -> None:
    shutil.copy(INPUTS / "dollar.env", tmp_path / ".env")
    done = settings_with(tmp_path, "ADMIN_PASSWORD", "METRICS_TOKEN", ADMIN_PASSWORD="from-outside")
    assert done.stdout.splitlines() == ["'from-outside'", "'$tok'"], done.stderr


@pytest.mark.parametrize("name", REFUSED)
def test_a_start_with_an_unreadable_file_shows_no_value(tmp_path: Path, name: str) -> None:
    shutil.copy(INPUTS / f"{name}.env", tmp_path / ".env")
    done = settings_with(tmp_path, "HOST")
    assert done.returncode != 0
    assert REFUSED[name] in done.stderr
    assert "sk-ant" not in done.stdout + done.stderr


WRONG = {
    "DEBUG": "DEBUG must be on or off.",
    "PORT": "PORT must be a whole number.",
    "LOG_LEVEL": "LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR.",
    "ADMIN_EMAIL": "ADMIN_EMAIL must be an email address.",
    "PUBLIC_URL": "PUBLIC_URL must begin with https:// or http://.",
    "REDIS_URL": "REDIS_URL must begin with redis:// or rediss:// or unix://.",
    "DATABASE_URL": "DATABASE_URL must begin with postgres:// or postgresql:// or sqlite://.",
    "EMAIL_URL": "EMAIL_URL is not a valid address.",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_is_not_repeated(tmp_path: Path, name: str) -> None:
    done = settings_with(tmp_path, name, **{name: KEY})
    assert done.returncode != 0
    assert WRONG[name] in done.stderr
    assert KEY not in done.stderr


HOSTS, ORIGINS = "ALLOWED_HOSTS must list host names", "CSRF_TRUSTED_ORIGINS must list origins"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        *[
            ("ALLOWED_HOSTS", value, HOSTS)
            for value in (
                '"chat.example.org"',
                "https://chat.example.org",
                "chat.example.org:443",
                "chat.example.org/",
                "chat.example.org;localhost",
                "['chat.example.org']",
            )
        ],
        *[
            ("CSRF_TRUSTED_ORIGINS", value, ORIGINS)
            for value in ("chat.example.org", "'https://chat.example.org'", "https://chat.example.org/app")
        ],
        ("DEBUG", '"on"', "DEBUG must be on or off."),
        ("PORT", "tcp://10.43.0.1:8000", "PORT must be a whole number."),
        ("PUBLIC_URL", '"https://chat.example.org"', "PUBLIC_URL must begin with https://"),
        ("DATABASE_URL", "'postgres://u:p@h/db'", "DATABASE_URL must begin with postgres://"),
    ],
)
def test_a_value_that_would_never_work_ends_the_start(
    tmp_path: Path, name: str, value: str, words: str
) -> None:
    done = settings_with(tmp_path, name, **{name: value})
    assert (done.returncode, words in done.stderr) == (1, True), done.stderr[-500:]


def test_what_containers_and_proxies_write_is_taken(tmp_path: Path) -> None:
    given = {
        "ALLOWED_HOSTS": "chat.example.org, .example.org,[::1],10.0.0.5,*,my_host",
        "CSRF_TRUSTED_ORIGINS": "https://chat.example.org/,http://[::1]:8000,https://*.example.org",
        "METRICS_TOKEN": "tok\n",
        "SECRET_KEY": " with blanks \r\n",
    }
    done = settings_with(tmp_path, *given, **given)
    assert done.stdout.splitlines() == [
        "['chat.example.org', '.example.org', '[::1]', '10.0.0.5', '*', 'my_host']",
        "['https://chat.example.org', 'http://[::1]:8000', 'https://*.example.org']",
        "'tok'",
        "' with blanks '",
    ], done.stderr


@pytest.mark.parametrize("others", ["off", "on"])
def test_other_hosts_of_a_domain_are_left_alone(tmp_path: Path, others: str) -> None:
    names = ("SECURE_HSTS_INCLUDE_SUBDOMAINS", "SECURE_HSTS_PRELOAD")
    given = {"HTTPS": "on", "HSTS_SUBDOMAINS": others, "HSTS_PRELOAD": others}
    done = settings_with(tmp_path, *names, **given)
    assert done.stdout.split() == [str(others == "on")] * 2, done.stderr


@pytest.mark.parametrize(
    ("address", "host", "option"),
    [
        ("postgres://u:p@%2Fcloudsql%2Fa%3Ab%3Ac/db", "/cloudsql/a:b:c", None),
        ("postgresql://%2Fvar%2Frun%2Fpostgresql/db", "/var/run/postgresql", None),
        ("postgres://u:p@/db?host=/cloudsql/a:b:c", "", "/cloudsql/a:b:c"),
        ("postgresql:///db?host=/var/run/postgresql", "", "/var/run/postgresql"),
        ("postgres://u:p@[::1]:5432/db", "::1", None),
    ],
)
def test_sockets_of_a_database_are_found(address: str, host: str, option: str | None) -> None:
    made = database_settings(address, default=Path("unused"), prepare=True)
    assert (made["HOST"], made["NAME"], made["OPTIONS"].get("host")) == (host, "db", option)


def test_a_wrong_value_ends_a_command_with_one_sentence(tmp_path: Path) -> None:
    for command in (
        ["manage.py", "prepare"],
        ["manage.py", "up"],
        ["-m", "chat.embedded.web", "127.0.0.1", "1"],
    ):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env=child(tmp_path, DEBUG="perhaps"),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert (done.returncode, done.stderr) == (1, "DEBUG must be on or off.\n"), command


ADDRESSES = [line for line in (INPUTS / "database-urls.txt").read_text().splitlines() if line]
OPTIONS = [
    {"sslmode": "require"},
    {"sslmode": "verify-full", "sslrootcert": "/nonexistent.pem"},
    {"options": "-c search_path=parley"},
    {"application_name": "x"},
    {"target_session_attrs": "read-only"},
]


@pytest.mark.parametrize(("address", "options"), list(zip(ADDRESSES, OPTIONS, strict=True)))
def test_options_of_a_database_address_are_kept(address: str, options: dict[str, str]) -> None:
    made = database_settings(address, default=Path("unused"), prepare=True)["OPTIONS"]
    assert made.items() >= options.items()
    assert made["pool"]
    assert made["prepare_threshold"] == 3
