"""A form for each kind of connection: its fields, its errors, and no secret in the page."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from chat.models import ModelPrice, ProviderConnection
from chat.models.catalogue.platforms import PLATFORMS
from tests.admin.models.test_connections import FORM, stored
from tests.admin.world import World, form_errors

ADD = "admin:chat_providerconnection_add"
SPECIAL = {"region", "project", "workspace", "resource", "access_key_id", "tenant_id", "ambient"}
SHOWN = {
    "anthropic": set(),
    "compatible": set(),
    "simulator": set(),
    "local": set(),
    "aws": {"region", "workspace", "access_key_id", "ambient"},
    "bedrock": {"region", "access_key_id", "ambient"},
    "bedrock_mantle": {"region", "access_key_id", "ambient"},
    "vertex": {"project", "region", "ambient"},
    "google_cloud": {"project", "workspace", "region", "ambient"},
    "foundry": {"resource", "tenant_id", "ambient"},
}
ACCOUNT = json.dumps(
    {
        "type": "service_account",
        "client_email": "parley@example.test",
        "private_key": "-----BEGIN a-private-word",
        "token_uri": "https://oauth2.example.test/token",
    }
)


PRINCIPAL = {
    "tenant_id": "visible.onmicrosoft.com",
    "client_id": "0a1b2c3d-0000-4000-8000-00000000000c",
    "client_secret": "hidden~secret",
}


def add(client: Client, kind: str, **fields: str) -> Any:
    given = {**FORM, "name": "Second", "kind": kind, "base_url": "", **fields}
    return client.post(reverse(ADD), given, follow=True)


def second() -> ProviderConnection:
    return ProviderConnection.objects.get(name="Second")


@pytest.mark.parametrize("kind", ["anthropic", "bedrock"])
def test_form_shows_its_kind(kind: str, world: World, root: Client) -> None:
    page = root.get(reverse(ADD), {"kind": kind}).content.decode()
    label = ProviderConnection.Kind(kind).label
    assert f"{label}. " in page
    assert ("Not available: message batches" in page) == (kind == "bedrock")


def test_kind_is_chosen_first_without_a_script(world: World, root: Client) -> None:
    page = root.get(reverse(ADD)).content.decode()
    for kind, label in ProviderConnection.Kind.choices:
        assert f'href="?kind={kind}"' in page
        assert str(label) in page
    assert 'name="base_url"' not in page
    assert "token counting" in page, "what a kind lacks is said before it is chosen"
    assert 'href="?kind=aws"' in root.get(reverse(ADD), {"kind": "no-such"}).content.decode()


@pytest.mark.parametrize("kind", SHOWN)
def test_each_kind_shows_its_own_fields_only(world: World, root: Client, kind: str) -> None:
    page = root.get(reverse(ADD), {"kind": kind})
    assert set(page.context["adminform"].form.fields) & SPECIAL == SHOWN[kind]
    html = page.content.decode()
    assert {name for name in SPECIAL if f'name="{name}"' in html} == SHOWN[kind]
    assert f'<input type="hidden" name="kind" value="{kind}"' in html
    world.rows["chat_providerconnection"].kind = kind
    world.rows["chat_providerconnection"].save()
    html = root.get(world.url("chat_providerconnection", "change")).content.decode()
    assert {name for name in SPECIAL if f'name="{name}"' in html} == SHOWN[kind]
    assert 'name="kind"' not in html


def test_every_kind_has_a_form() -> None:
    assert set(SHOWN) == set(PLATFORMS) == set(ProviderConnection.Kind.values)


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        ("aws", {}, "required"),
        ("aws", {"region": "us-east-1"}, "required"),
        ("bedrock", {"region": "evil.example/#"}, "us-east-1"),
        ("bedrock", {"region": "us-east-1", "access_key_id": "AKIA1"}, "need both"),
        ("bedrock", {"region": "us-east-1", "secret_access_key": "s"}, "need both"),
        (
            "bedrock",
            {"region": "us-east-1", "access_key_id": "A", "secret_access_key": "s", "new_credential": "k"},
            "not both",
        ),
        (
            "bedrock",
            {"region": "us-east-1", "ambient": "on", "new_credential": "k"},
            "combined with another credential",
        ),
        ("bedrock", {"region": "us-east-1", "credential_env": "SECRET_KEY"}, "_CREDENTIALS"),
        ("vertex", {"project": "a-project"}, "required"),
        ("vertex", {"project": "A Project", "region": "global"}, "not its number"),
        ("vertex", {"project": "p", "region": "global", "new_credential": "sk-key"}, "not a JSON object"),
        (
            "vertex",
            {"project": "p", "region": "global", "new_credential": '{"type": "x"}'},
            "service account",
        ),
        (
            "vertex",
            {"project": "p", "region": "global", "new_credential": '{"type": "service_account"}'},
            "client_email, private_key, token_uri",
        ),
        (
            "vertex",
            {"project": "p", "region": "global", "ambient": "on", "base_url": "https://elsewhere.test"},
            "only to the platform’s own address",
        ),
        ("google_cloud", {"project": "p"}, "required"),
        ("foundry", {}, "Enter either a resource name or a base URL"),
        (
            "foundry",
            {"resource": "a", "base_url": "https://a.test"},
            "Enter either a resource name or a base URL",
        ),
        ("foundry", {"resource": "a.evil.test/"}, "services.ai.azure.com"),
        ("foundry", {"resource": "a", "tenant_id": "t", "client_id": "c"}, "needs tenant_id"),
        ("foundry", {"resource": "a", **PRINCIPAL, "client_id": "the app"}, "five groups"),
        ("foundry", {"resource": "a", **PRINCIPAL, "new_credential": "k"}, "not both"),
        ("foundry", {"resource": "a", **PRINCIPAL, "ambient": "on"}, "combined with another credential"),
        (
            "foundry",
            {"base_url": "https://elsewhere.test", "ambient": "on"},
            "only to the platform’s own address",
        ),
        ("foundry", {"resource": "a", "credential_env": "SECRET_KEY"}, "_CREDENTIALS"),
        ("compatible", {}, "required"),
        ("anthropic", {"new_credential": "two words"}, "Copy it again"),
        ("anthropic", {"credential_env": "MY_CREDENTIALS"}, "_AUTH_TOKEN"),
    ],
)
def test_invalid_form_explains_the_error(
    world: World, root: Client, kind: str, fields: dict[str, str], words: str
) -> None:
    response = add(root, kind, **fields)
    assert words in form_errors(response).replace("&#x27;", "'")
    assert not ProviderConnection.objects.filter(name="Second").exists()
    for name in ("new_credential", "secret_access_key", "client_secret"):
        if len(fields.get(name, "")) > 1:
            assert f">{fields[name]}<" not in response.content.decode()
            assert f'value="{fields[name]}"' not in response.content.decode()


def test_aws_keys_are_kept_as_one_secret(world: World, root: Client) -> None:
    keys = {
        "access_key_id": "AKIAVISIBLE",
        "secret_access_key": "hidden-secret",
        "session_token": "hidden-token",
    }
    page = add(root, "bedrock", region="us-east-1", **keys).content.decode()
    row = second()
    assert json.loads(row.secret()) == keys
    assert row.problem() == ""
    assert row.language_models.get(canonical_id="claude-opus-5").model_id == "global.anthropic.claude-opus-5"
    page += root.get(reverse("admin:chat_providerconnection_change", args=[row.pk])).content.decode()
    page += str(list(row.history.values()))
    assert not [value for value in keys.values() if value in page]


def test_a_service_principal_is_kept_as_one_secret(world: World, root: Client) -> None:
    page = add(root, "foundry", resource="ours", **PRINCIPAL).content.decode()
    row = second()
    assert (json.loads(row.secret()), row.problem()) == (PRINCIPAL, "")
    page += root.get(reverse("admin:chat_providerconnection_change", args=[row.pk])).content.decode()
    page += str(list(row.history.values()))
    assert not [part for part in PRINCIPAL.values() if part in page]
    given = {**FORM, "name": "Second", "base_url": "", "resource": "theirs"}
    assert "again" in form_errors(
        root.post(reverse("admin:chat_providerconnection_change", args=[row.pk]), given)
    )


def test_service_account_is_never_shown_again(world: World, root: Client) -> None:
    page = add(root, "vertex", project="a-project", region="global", new_credential=ACCOUNT).content.decode()
    assert second().problem() == ""
    page += root.get(reverse("admin:chat_providerconnection_change", args=[second().pk])).content.decode()
    refused = add(root, "vertex", project="", region="global", new_credential=ACCOUNT).content.decode()
    assert "a-private-word" not in page + refused


def test_machine_identity_can_be_chosen_and_removed(world: World, root: Client) -> None:
    page = add(root, "aws", region="us-east-1", workspace="wrkspc_1", ambient="on").content.decode()
    assert "identity of this server" in page
    assert (second().credential_env, second().problem()) == ("ambient", "")
    address = reverse("admin:chat_providerconnection_change", args=[second().pk])
    form = root.get(address).context["adminform"].form
    assert (form.initial["ambient"], form.initial["credential_env"]) == (True, "")
    given = {**FORM, "name": "Second", "base_url": "", "region": "us-east-1", "workspace": "wrkspc_1"}
    page = root.post(address, given, follow=True).content.decode()
    assert second().credential_env == ""
    assert "This connection has no credential." in page, "what is missing is said at once"


def test_stored_key_is_not_sent_to_another_resource(world: World, root: Client) -> None:
    add(root, "foundry", resource="ours", new_credential="key-of-ours")
    given = {**FORM, "name": "Second", "base_url": "", "resource": "theirs"}
    address = reverse("admin:chat_providerconnection_change", args=[second().pk])
    assert "again" in form_errors(root.post(address, given))
    assert second().resource == "ours"


def test_kind_cannot_be_changed(world: World, root: Client) -> None:
    address = world.url("chat_providerconnection", "change")
    assert root.post(address, {**FORM, "kind": "anthropic"}).status_code == 302
    assert stored().kind == "compatible"


def test_kind_page_requires_the_add_permission(world: World, staff: Client) -> None:
    world.staff.user_permissions.clear()
    assert staff.get(reverse(ADD)).status_code == 403


@pytest.mark.parametrize(
    ("kind", "regions", "factor"),
    [
        ("vertex", ("global", "us-east5"), "1.1"),
        ("vertex", ("us-east5", "global"), "0.9091"),
        ("vertex", ("us-east5", "europe-west1"), ""),
        ("google_cloud", ("", "us"), "1.1"),
        ("google_cloud", ("", "global"), ""),
        ("bedrock", ("us-east-1", "eu-west-1"), ""),
    ],
)
def test_changing_the_region_warns_about_prices(
    world: World, root: Client, kind: str, regions: tuple[str, str], factor: str
) -> None:
    connection = world.rows["chat_providerconnection"]
    assert ModelPrice.objects.filter(model__connection=connection).exists()
    (before, after), more = regions, {"project": "a-project", "workspace": "wrkspc_1"}
    ProviderConnection.objects.update(kind=kind, region=before, base_url="", credential="", **more)
    form = {**FORM, **more, "base_url": "", "region": after, "ambient": "on"}
    page = root.post(world.url("chat_providerconnection", "change"), form, follow=True).content.decode()
    assert ProviderConnection.objects.get().region == after
    assert ("this region has different prices" in page) == bool(factor)
    assert f"with {factor} times" in page or not factor


def test_connection_without_prices_gets_no_price_warning(world: World, root: Client) -> None:
    ModelPrice.objects.all().delete()
    ProviderConnection.objects.update(kind="vertex", region="global", project="p", base_url="", credential="")
    form = {**FORM, "project": "p", "base_url": "", "region": "us-east5", "ambient": "on"}
    page = root.post(world.url("chat_providerconnection", "change"), form, follow=True).content.decode()
    assert "different prices" not in page
