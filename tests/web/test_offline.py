"""The offline page and its service worker: nothing of any person, each language, a new name for each change."""

import json
import re

import pytest
from django.test import Client

from chat.web import offline

LANGUAGES = ["en", "ko"]


def told(client: Client, language: str = "en") -> dict[str, str | list[str]]:
    text = client.get(f"/worker.js?language={language}").content.decode()
    return json.loads(re.match(r"self\.OFFLINE = (\{.*\});\n", text)[1])  # type: ignore[index]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_needs_no_session_and_sets_none(client: Client, language: str) -> None:
    answer = client.get(f"/offline?language={language}")
    page = answer.content.decode()
    assert f'<html lang="{language}">' in page
    assert ("Parley can’t be reached" in page) is (language == "en")
    assert not answer.cookies
    assert "csrf" not in page
    assert "nonce" not in page, "it is kept longer than any nonce"


def test_the_worker_names_all_that_the_page_loads(client: Client) -> None:
    page = client.get("/offline?language=ko").content.decode()
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert set(told(client, "ko")["files"]) == set(loaded)
    assert told(client, "ko")["page"] == "/offline?language=ko"


@pytest.mark.django_db
def test_the_worker_is_asked_for_each_time_and_may_run(client: Client) -> None:
    answer = client.get("/worker.js")
    assert answer["Content-Type"] == "text/javascript; charset=utf-8"
    assert "no-cache" in answer["Cache-Control"]
    assert "worker-src 'self'" in answer["Content-Security-Policy"]


def test_a_changed_page_has_another_name(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {told(client, language)["name"] for language in LANGUAGES}
    assert len(names) == 2
    assert told(client, "xx") == told(client, "en")
    monkeypatch.setattr(offline, "STYLES", offline.STYLES[:-1])
    assert told(client)["name"] not in names


def test_only_reading_is_allowed(client: Client) -> None:
    assert [client.post(address).status_code for address in ("/offline", "/worker.js")] == [405, 405]


@pytest.mark.django_db
def test_the_sign_in_page_removes_the_worker(client: Client) -> None:
    assert "remove_worker" in client.get("/accounts/login/").content.decode()
