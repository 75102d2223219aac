"""No field cuts what is pasted: a text that is too long stays whole in the field, and the page says so."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from chat.models import Conversation, User

# Words that find nothing else when they are cut: no title is longer.
SEARCH = re.compile(r'<input id="search"[^>]*>')
PAGES = [
    *("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/accounts/email/"),
    *("/accounts/password/change/", "/accounts/reauthenticate/", "/accounts/2fa/totp/activate/"),
    *("/settings/", "/settings/profile", "/settings/sessions", "/settings/keys", "/"),
]


def fields_that_cut(page: str) -> list[str]:
    return re.findall(r"<(?:input|textarea)[^>]*maxlength=[^>]*>", SEARCH.sub("", page))


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("who", ["insider", "a visitor"])
def test_no_field_of_a_page_cuts(
    client: Client, insider: User, settings: object, path: str, who: str
) -> None:
    settings.SIGNUP_OPEN = True  # type: ignore[attr-defined]
    if who == "insider":
        client.force_login(insider)
    assert fields_that_cut(client.get(path, follow=True).content.decode()) == []


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.label_lower)
def test_no_field_of_the_admin_cuts(admin_client: Client, model: type) -> None:
    meta = model._meta  # type: ignore[attr-defined]
    page = admin_client.get(reverse(f"admin:{meta.app_label}_{meta.model_name}_add"), follow=True)
    assert fields_that_cut(page.content.decode()) == []


def test_no_template_has_a_field_that_cuts() -> None:
    templates = [*Path(settings.BASE_DIR, "templates").rglob("*.html")]
    assert len(templates) > 20
    assert [path.name for path in templates if fields_that_cut(path.read_text())] == []


def test_a_long_title_stays_whole(browser: Client, chat: Conversation) -> None:
    title = "가" * 201
    answer = browser.post(f"/c/{chat.id}/rename", {"title": title})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert f'value="{title}"' in page
    assert "The title must have 1 to 200 characters." in page


def test_a_long_name_stays_whole(browser: Client) -> None:
    page = browser.post("/settings/profile", {"first_name": "x" * 151, "language": ""}).content.decode()
    assert f'value="{"x" * 151}"' in page
    assert "at most 150 characters (it has 151)" in page


def test_a_long_address_of_a_server_is_refused(admin_client: Client) -> None:
    url = "https://shop.example.test/" + "x" * 500
    sent = {"name": "shop", "url": url, "new_credential": "x" * 5_000, "route": "parley", "auth": "bearer"}
    page = admin_client.post(reverse("admin:chat_mcpserver_add"), sent).content.decode()
    assert url in page
    assert "at most 500 characters (it has 526)" in page
    assert "at most 4000 characters (it has 5000)" in page
