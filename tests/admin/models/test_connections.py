"""Connections in the admin: a stored credential is never shown, and a connection test sends a real request."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from chat.models import ApiCall, ModelPrice, ProviderConnection
from tests.admin.world import UPSTREAM_SECRET, World, form_errors
from tests.support.simulator import Upstream

FORM = {
    "name": "Upstream",
    "kind": "compatible",
    "base_url": "http://127.0.0.1:9",
    "credential_env": "",
    "new_credential": "",
    "enabled": "on",
    "order": "100",
    "connect_timeout_seconds": "10",
    "content_idle_seconds": "120",
    "turn_limit_seconds": "1800",
    "max_retries": "3",
    "retry_after_limit_seconds": "60",
    "max_concurrency": "200",
}


def save(client: Client, world: World, **changes: str) -> Any:
    return client.post(world.url("chat_providerconnection", "change"), {**FORM, **changes})


def stored() -> ProviderConnection:
    return ProviderConnection.objects.get()


def test_an_empty_field_keeps_the_credential(world: World, root: Client) -> None:
    assert save(root, world, name="Renamed").status_code == 302
    assert (stored().name, stored().secret()) == ("Renamed", UPSTREAM_SECRET)


def test_a_new_credential_replaces_the_old_one(world: World, root: Client) -> None:
    assert save(root, world, new_credential="sk-new-secret").status_code == 302
    assert stored().secret() == "sk-new-secret"
    page = root.get(world.url("chat_providerconnection", "change")).content.decode()
    assert "sk-new-secret" not in page


def test_undecryptable_credential_stays_until_replaced(world: World, root: Client, settings: Any) -> None:
    own = settings.FIELD_ENCRYPTION_KEYS
    settings.FIELD_ENCRYPTION_KEYS = ["another"]
    assert save(root, world, name="Renamed").status_code == 302
    assert "can’t be decrypted" in stored().problem()
    assert "stored for another address" in form_errors(save(root, world, base_url="http://127.0.0.1:10"))
    assert "not both" in form_errors(save(root, world, credential_env="UPSTREAM_API_KEY"))
    settings.FIELD_ENCRYPTION_KEYS = own
    assert (stored().name, stored().secret()) == ("Renamed", UPSTREAM_SECRET)
    settings.FIELD_ENCRYPTION_KEYS = ["another"]
    assert save(root, world, new_credential="sk-new-secret").status_code == 302
    assert (stored().secret(), stored().problem()) == ("sk-new-secret", "")


def test_a_credential_is_stored_encrypted(world: World, db: None) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select credential from chat_providerconnection")
        assert UPSTREAM_SECRET not in cursor.fetchone()[0]


def test_a_credential_can_be_removed(world: World, root: Client) -> None:
    save(root, world, clear_credential="on")
    assert stored().secret() == ""
    save(root, world, credential_env="OTHER_API_KEY")
    assert stored().credential_env == "OTHER_API_KEY"


def test_new_credential_and_remove_exclude_each_other(world: World, root: Client) -> None:
    assert "Enter a new credential or remove" in form_errors(
        save(root, world, new_credential="sk-new", clear_credential="on")
    )
    assert stored().secret() == UPSTREAM_SECRET


def test_a_refused_form_does_not_echo_the_credential(world: World, root: Client) -> None:
    response = save(root, world, new_credential="sk-typed-just-now", name="")
    assert "sk-typed-just-now" not in response.content.decode()


def test_variable_name_and_stored_value_exclude_each_other(world: World, root: Client) -> None:
    assert "not both" in form_errors(save(root, world, credential_env="OTHER_API_KEY"))


@pytest.mark.parametrize(
    "name", ["SECRET_KEY", "DATABASE_URL", "METRICS_TOKEN", "ADMIN_PASSWORD", "path_api_key"]
)
def test_other_secret_variables_cannot_be_named(world: World, root: Client, name: str) -> None:
    assert "_API_KEY" in form_errors(save(root, world, clear_credential="on", credential_env=name))


def test_stored_credential_is_not_sent_to_another_address(world: World, root: Client) -> None:
    assert "again" in form_errors(save(root, world, base_url="http://127.0.0.1:10"))
    assert stored().base_url == "http://127.0.0.1:9"
    assert save(root, world, base_url="http://127.0.0.1:10", new_credential="sk-again").status_code == 302
    assert stored().secret() == "sk-again"


def test_history_restores_no_credential_to_another_address(world: World, root: Client) -> None:
    row = stored()
    row.base_url, row.credential = "http://127.0.0.1:10", "sk-second"
    row.save()
    version = row.history.earliest().pk
    address = reverse("admin:chat_providerconnection_simple_history", args=[row.pk, version])
    response = root.post(address, FORM)
    assert response.status_code == 200
    assert stored().base_url == "http://127.0.0.1:10"


def test_a_connection_can_be_added_and_deleted_with_its_prices(world: World, root: Client) -> None:
    added = {**FORM, "name": "Second", "new_credential": "sk-second"}
    assert root.post(reverse("admin:chat_providerconnection_add"), added).status_code == 302
    second = ProviderConnection.objects.get(name="Second")
    assert second.secret() == "sk-second"
    world.rows["chat_assistant"].delete()
    assert root.post(world.url("chat_providerconnection", "delete"), {"post": "yes"}).status_code == 302
    assert not ModelPrice.objects.exists()


def test_list_edits_only_order_and_enabled(world: World, root: Client) -> None:
    row = stored()
    management = {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-id": str(row.pk)}
    root.post(world.url("chat_providerconnection"), {**management, "form-0-order": "7", "_save": "Save"})
    assert (stored().order, stored().enabled, stored().secret()) == (7, False, UPSTREAM_SECRET)


def test_connection_test_sends_a_request_and_shows_the_result(
    world: World, root: Client, simulator: Upstream
) -> None:
    ProviderConnection.objects.update(base_url=simulator.url)
    row = world.rows["chat_languagemodel"]
    type(row).objects.filter(pk=row.pk).update(model_id="claude-haiku-5-5")
    address = world.url("chat_providerconnection", "change").replace("change", "test")
    dialog = root.get(address)
    assert "Test this connection?" in dialog.content.decode()
    assert simulator.invoice()["totals"]["requests"] == 0, "asking for the dialog sends nothing"
    answer = root.post(address, {"_form_submitted": "True"}, headers={"HX-Request": "true"})
    assert answer.headers["HX-Refresh"] == "true"
    page = root.get(world.url("chat_providerconnection")).content.decode()
    assert "It works: claude-haiku-5-5 answered in" in page
    assert ApiCall.objects.get(purpose="test").user == world.root
    assert UPSTREAM_SECRET not in page


def test_selected_connections_are_tested_and_failures_shown(world: World, root: Client) -> None:
    chosen = {"action": "test_selected", "_selected_action": [str(stored().pk)]}
    page = root.post(world.url("chat_providerconnection"), chosen, follow=True).content.decode()
    assert "Could not connect to this address" in page


def test_models_are_fetched(world: World, root: Client, simulator: Upstream) -> None:
    ProviderConnection.objects.update(base_url=simulator.url)
    address = world.url("chat_providerconnection", "change").replace("/change/", "/fetch-models/")
    page = root.post(address, {"_form_submitted": "True"}, follow=True).content.decode()
    assert "models added" in page
    assert "have no known price" in page
    ProviderConnection.objects.update(credential=None)
    page = root.post(address, {"_form_submitted": "True"}, follow=True).content.decode()
    assert "no credential" in page


def test_testing_a_deleted_connection_does_nothing(world: World, root: Client) -> None:
    gone = world.url("chat_providerconnection", "change").replace(str(stored().pk), str(world.root.pk))
    for verb in ("test", "fetch-models"):
        response = root.post(gone.replace("/change/", f"/{verb}/"), {"_form_submitted": "True"})
        assert response.status_code == 302


def test_connection_test_requires_the_change_permission(world: World, staff: Client) -> None:
    world.staff.user_permissions.set(Permission.objects.filter(codename="view_providerconnection"))
    address = world.url("chat_providerconnection", "change").replace("/change/", "/test/")
    assert staff.post(address, {"_form_submitted": "True"}).status_code == 403
    assert "none" in staff.get(world.url("chat_providerconnection")).content.decode()
