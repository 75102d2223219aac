"""Every page of the admin for signed-out people, ordinary people, staff without rights, and superusers."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from chat.models import User
from tests.admin.world import PRIVATE, TOTP_SECRET, UPSTREAM_SECRET, World, digests

TABLES = sorted(f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry)
HISTORY = [
    "chat_assistant",
    "chat_languagemodel",
    "chat_mcpserver",
    "chat_providerconnection",
    "chat_systemprompt",
    "chat_tooldefinition",
]
CONTENT = [
    "chat_conversation",
    "chat_memoryentry",
    "chat_message",
    "chat_turnevent",
    "chat_turn",
    "chat_toolcall",
    "chat_apicall",
    "chat_attachment",
    "chat_project",
]


def admin_routes(world: World) -> list[str]:
    """Every address below /admin/, with this world's rows in place of parameters."""
    (top,) = [entry for entry in get_resolver().url_patterns if str(entry.pattern) == "admin/"]
    assert isinstance(top, URLResolver)
    found: list[str] = []
    for entry in top.url_patterns:
        if isinstance(entry, URLPattern):
            found.append(str(entry.pattern))
        else:
            found += [str(entry.pattern) + str(below.pattern) for below in entry.url_patterns]
    some_id = str(world.rows["chat_conversation"].pk)
    addresses = [
        route.replace("<path:object_id>", some_id)
        .replace("<id>", some_id)
        .replace("<int:content_type_id>/<path:object_id>", f"1/{some_id}")
        .replace("^([^/]+)/history/([^/]+)/$", f"{some_id}/history/1/")
        for route in found
        if not route.endswith("(?P<url>.*)$")
    ]
    return [
        "/admin/" + address.replace("^(?P<app_label>", "").split("(?P<")[0].lstrip("^")
        for address in addresses
    ]


def test_every_model_is_registered(world: World) -> None:
    assert set(TABLES) == set(world.rows)


def test_signed_out_people_are_redirected_to_sign_in(world: World, client: Client) -> None:
    addresses = admin_routes(world)
    assert len(addresses) > 80
    for address in addresses:
        for method in (client.get, client.post):
            response = method(address)
            assert response.status_code in (302, 403, 404, 405), address
            assert PRIVATE.encode() not in response.content
    login = client.get("/admin/login/?next=/admin/chat/turn/")
    assert login.headers["Location"] == "/accounts/login/?next=%2Fadmin%2Fchat%2Fturn%2F"


def test_people_without_staff_status_see_no_admin_page(world: World, person: Client) -> None:
    for address in admin_routes(world):
        response = person.get(address, follow=True)
        assert response.status_code in (403, 404, 405) or "/admin/" not in response.request["PATH_INFO"], (
            address
        )
        assert PRIVATE.encode() not in response.content, address
        assert UPSTREAM_SECRET.encode() not in response.content


@pytest.mark.parametrize("name", TABLES)
def test_staff_without_rights_see_no_table(world: World, staff: Client, name: str) -> None:
    for view in ("changelist", "change", "history"):
        assert staff.get(world.url(name, view)).status_code == 403
    index = staff.get(reverse("admin:index"))
    assert index.status_code == 200
    assert world.url(name) not in index.content.decode()


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("view", ["changelist", "change", "history"])
def test_superusers_see_every_table_and_no_secret(world: World, root: Client, name: str, view: str) -> None:
    response = root.get(world.url(name, view), follow=True)
    assert response.status_code == 200
    page = response.content.decode()
    hashes = list(User.objects.values_list("password", flat=True))
    for secret in (UPSTREAM_SECRET, UPSTREAM_SECRET[:8], TOTP_SECRET, *digests(), *hashes):
        assert secret not in page
    assert all(value.split("$")[-1][:6] not in page for value in hashes)


@pytest.mark.parametrize("name", TABLES)
def test_search_and_filters_answer(world: World, root: Client, name: str) -> None:
    for query in ("?q=example", "?q=%00", f"?q={world.rows['chat_turn'].pk}", "?o=1", "?p=2"):
        assert root.get(world.url(name) + query).status_code in (200, 302), query
    refused = 302 if name == "chat_workspace" else 400  # the workspace has no list
    assert root.get(world.url(name) + "?nonsense=1").status_code == refused


@pytest.mark.parametrize("name", HISTORY)
def test_history_pages_of_configuration(world: World, root: Client, name: str) -> None:
    row = world.rows[name]
    row.save()
    version = row.history.latest().pk
    response = root.get(reverse(f"admin:{name}_simple_history", args=[row.pk, version]))
    assert response.status_code == 200
    assert UPSTREAM_SECRET not in response.content.decode()


@pytest.mark.parametrize("name", CONTENT)
def test_staff_see_metadata_and_no_content(world: World, staff: Client, name: str) -> None:
    world.staff.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    for view in ("changelist", "change", "history"):
        response = staff.get(world.url(name, view))
        assert response.status_code == 200
        assert PRIVATE not in response.content.decode(), view
    assert PRIVATE not in staff.get(world.url(name) + f"?q={PRIVATE[:5]}").content.decode().replace(
        PRIVATE[:5], ""
    )
    found = staff.get(world.url(name), {"q": PRIVATE}).context["cl"].result_list
    assert list(found) == []


@pytest.mark.parametrize("name", ["chat_message", "chat_attachment", "chat_project"])
def test_reading_by_superusers_is_logged_without_content(
    world: World, root: Client, caplog: Any, name: str
) -> None:
    caplog.set_level("INFO")
    page = root.get(world.url(name, "change")).content.decode()
    assert PRIVATE in page
    (record,) = [record for record in caplog.records if "content_read" in str(record.msg)]
    assert str(world.rows[name].pk) in str(record.msg)
    assert PRIVATE not in str(record.msg)


READ_ONLY = [
    "chat_attachment",
    "chat_apicall",
    "chat_turn",
    "chat_turnevent",
    "chat_frame",
    "chat_message",
    "chat_conversation",
    "chat_project",
]
WRITE_ONCE = ["chat_modelprice", "chat_promptrevision"]


@pytest.mark.parametrize("name", READ_ONLY)
def test_records_are_read_only(world: World, root: Client, name: str) -> None:
    row = world.rows[name]
    assert root.get(world.url(name, "add")).status_code == 403
    assert root.post(world.url(name, "change"), {}).status_code == 403
    assert root.post(world.url(name, "delete"), {"post": "yes"}).status_code == 403
    root.post(
        world.url(name), {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"}
    )
    assert type(row).objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("name", WRITE_ONCE)
def test_write_once_rows_cannot_be_changed(world: World, root: Client, name: str) -> None:
    row = world.rows[name]
    assert root.post(world.url(name, "change"), {"input": "1"}).status_code == 403
    assert root.post(world.url(name, "delete"), {"post": "yes"}).status_code == 403
    assert type(row).objects.filter(pk=row.pk).exists()


def test_sign_out_and_password_use_the_account_pages(world: World, root: Client) -> None:
    assert root.get("/admin/login/").headers["Location"] == "/admin/"
    assert root.get("/admin/password_change/").headers["Location"] == "/accounts/password/change/"
    assert root.get("/admin/logout/").status_code == 405
    assert "_auth_user_id" in root.session, "a link alone does not sign out"
    assert root.post("/admin/logout/").headers["Location"] == "/accounts/login/?next=/admin/"
    assert "_auth_user_id" not in root.session
