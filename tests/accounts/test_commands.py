"""The operator's commands for people, keys and the catalogue."""

import os
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from chat.models import User
from chat.operations.accounts.api_keys import authenticate

pytestmark = pytest.mark.django_db


def run(command: str, *arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command(command, *arguments, stdout=out, **options)
    return out.getvalue()


def test_only_the_first_start_prints_a_password(settings: Any, client: Client) -> None:
    settings.ADMIN_EMAIL, settings.ADMIN_PASSWORD = "admin@localhost", ""
    printed = run("ensure_admin")
    (line,) = [line for line in printed.splitlines() if "Password:" in line]
    password = line.split("Password:")[1].strip()
    client.post("/accounts/login/", {"login": "admin@localhost", "password": password})
    assert client.get("/admin/").status_code == 200
    assert run("ensure_admin") == ""


def test_a_password_of_the_environment_is_not_printed(settings: Any) -> None:
    settings.ADMIN_EMAIL, settings.ADMIN_PASSWORD = "admin@localhost", "given-by-the-operator"
    assert "given-by-the-operator" not in run("ensure_admin")
    assert User.objects.get().check_password("given-by-the-operator")


@pytest.mark.parametrize("password", ["1", "short", "1234567890123", "password12", "admin@localhost"])
def test_a_weak_password_of_the_environment_ends_the_start(settings: Any, password: str) -> None:
    settings.ADMIN_EMAIL, settings.ADMIN_PASSWORD = "admin@localhost", password
    with pytest.raises(CommandError, match=r"ADMIN_PASSWORD can't be used\. [A-Z].*\.") as refusal:
        run("ensure_admin")
    assert password not in str(refusal.value).split() or password == "1"
    assert not User.objects.exists()


def test_a_weak_password_does_not_matter_later(settings: Any) -> None:
    User.objects.create_superuser("chief@example.test", "a-long-password")
    settings.ADMIN_PASSWORD = "1"
    assert run("ensure_admin") == ""


def test_createsuperuser_creates_a_person_who_can_sign_in(
    monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    monkeypatch.setitem(os.environ, "DJANGO_SUPERUSER_PASSWORD", "by-the-framework-1")
    run("createsuperuser", interactive=False, email="chief@example.test")
    client.post("/accounts/login/", {"login": "chief@example.test", "password": "by-the-framework-1"})
    assert client.get("/admin/").status_code == 200


def test_create_api_key_prints_only_the_key() -> None:
    user = User.objects.create_user("mina@example.test", "a-long-password")
    secret = run("create_api_key", user="MINA@example.test", name="Nightly").strip()
    key = authenticate(secret)
    assert key is not None
    assert (key.user, key.name, key.scopes) == (user, "Nightly", ["chat"])
    both = authenticate(
        run("create_api_key", "--scope", "read", "--scope", "gateway", user=user.email, name="B").strip()
    )
    assert both is not None
    assert both.scopes == ["gateway", "read"]


def test_create_api_key_requires_a_person_and_a_name() -> None:
    user = User.objects.create_user("mina@example.test", "a-long-password", is_active=False)
    with pytest.raises(CommandError, match="no active person"):
        run("create_api_key", user=user.email, name="x")
    User.objects.update(is_active=True)
    with pytest.raises(CommandError, match="Enter a name for the key"):
        run("create_api_key", user=user.email, name=" ")
    with pytest.raises(CommandError):
        run("create_api_key", "--scope", "everything", user=user.email, name="x")


def test_load_catalogue_prints_what_it_added(settings: Any) -> None:
    settings.SIMULATOR, settings.LOCAL_MODEL, settings.ANTHROPIC_API_KEY_SET = True, False, False
    first = run("load_catalogue")
    assert "Connection added: Simulator" in first
    assert "18 models and 23 prices added" in first
    assert run("load_catalogue") == "", "a start with nothing new is silent"
