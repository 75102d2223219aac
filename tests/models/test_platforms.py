"""Facts about platforms, and the problems that a connection reports."""

import json
from typing import Any

import pytest

from chat.models import LanguageModel, ProviderConnection
from chat.models.catalogue.credentials import (
    ApiKeyCredential,
    AwsKeys,
    CredentialProblem,
    ServiceAccount,
    ServicePrincipal,
    from_parts,
    read_credential,
)
from chat.models.catalogue.platforms import CAPABILITY, PLATFORMS, Gap, PlatformLimits, platform_of

KEYS = {"access_key_id": "AKIA1", "secret_access_key": "shh"}
ACCOUNT = {
    "type": "service_account",
    "client_email": "parley@example.test",
    "private_key": "PEM",
    "token_uri": "https://oauth2.example.test/token",
}


PRINCIPAL = {
    "tenant_id": "example.onmicrosoft.com",
    "client_id": "0a1b2c3d-0000-4000-8000-00000000000c",
    "client_secret": "shh~1",
}


def connection(kind: str, **fields: Any) -> ProviderConnection:
    return ProviderConnection(**{"name": kind, "kind": kind, "credential": "sk-key", **fields})


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        ("anthropic", {}, ""),
        ("compatible", {}, "needs a base URL"),
        ("compatible", {"base_url": "https://a.test"}, ""),
        ("aws", {}, "Region is missing"),
        ("aws", {"region": "us-east-1"}, "Workspace ID is missing"),
        ("aws", {"region": "us-east-1", "workspace": "wrkspc_1"}, ""),
        ("aws", {"region": "us-east-1", "workspace": "../x"}, "Workspace ID is not valid"),
        ("bedrock", {"region": "us-east-1.evil.test/"}, "Region is not valid"),
        ("bedrock", {"region": "us-east-1", "credential": "{"}, "not a JSON object"),
        ("bedrock", {"region": "us-east-1", "credential": '{"access_key_id": "A"}'}, "secret_access_key"),
        ("bedrock", {"region": "us-gov-west-1", "credential": json.dumps(KEYS)}, ""),
        ("bedrock_mantle", {"region": "us-east-1", "credential": ""}, "no credential"),
        ("bedrock_mantle", {"region": "us-east-1", "credential": "", "credential_env": "ambient"}, ""),
        ("vertex", {"region": "global", "credential": json.dumps(ACCOUNT)}, "Project ID is missing"),
        ("vertex", {"region": "global", "project": "a-project"}, "not a JSON object"),
        ("vertex", {"region": "global", "project": "p", "credential": json.dumps(ACCOUNT)}, ""),
        ("google_cloud", {"project": "p", "credential": json.dumps(ACCOUNT)}, "Workspace ID is missing"),
        ("google_cloud", {"project": "p", "workspace": "w", "credential": json.dumps(ACCOUNT)}, ""),
        ("foundry", {}, "resource name or a base URL"),
        ("foundry", {"resource": "r"}, ""),
        ("foundry", {"base_url": "https://a.test"}, ""),
        ("foundry", {"resource": "r", "credential": "", "credential_env": "ambient"}, ""),
        ("foundry", {"resource": "r", "credential": json.dumps(PRINCIPAL)}, ""),
        ("foundry", {"resource": "r", "credential": "{"}, "not a JSON object"),
        ("foundry", {"resource": "r", "credential": '{"tenant_id": "t"}'}, "client_id and client_secret"),
        ("anthropic", {"credential": "", "credential_env": "ambient"}, "its own credential"),
    ],
)
def test_missing_fields_are_reported(kind: str, fields: dict[str, Any], words: str) -> None:
    problem = connection(kind, **fields).problem()
    assert words in problem if words else problem == ""


def test_environment_variable_has_the_same_format(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEDROCK_CREDENTIALS", json.dumps({f"aws_{name}": key for name, key in KEYS.items()}))
    row = connection("bedrock", region="us-east-1", credential="", credential_env="BEDROCK_CREDENTIALS")
    assert (row.problem(), row.read_credential()) == ("", AwsKeys("AKIA1", "shh"))


def test_machine_identity_is_not_read_as_a_credential() -> None:
    row = connection("bedrock", region="us-east-1", credential="", credential_env="ambient")
    assert (row.secret(), row.read_credential()) == ("", None)


@pytest.mark.parametrize("text", ["two words", "ключ", "a\x07b", "line\nbreak"])
def test_malformed_keys_are_refused(text: str) -> None:
    with pytest.raises(CredentialProblem) as caught:
        read_credential(platform_of("anthropic"), text)
    assert text not in str(caught.value)


def test_credentials_are_read_by_platform() -> None:
    aws, google = platform_of("aws"), platform_of("vertex")
    assert read_credential(aws, "bearer") == ApiKeyCredential("bearer")
    keys = AwsKeys("AKIA1", "shh", "token")
    assert read_credential(aws, from_parts({**KEYS, "session_token": "token"})) == keys
    assert read_credential(aws, from_parts({**KEYS, "session_token": ""})) == AwsKeys("AKIA1", "shh")
    assert read_credential(google, json.dumps(ACCOUNT)) == ServiceAccount(ACCOUNT)
    assert repr(keys) == "AwsKeys()"
    for wrong in (
        {"token_uri": "http://elsewhere.test/"},
        {"type": "external_account"},
        {"private_key": None},
    ):
        with pytest.raises(CredentialProblem):
            read_credential(google, json.dumps(ACCOUNT | wrong))
    # A server at home may give out tokens over plain HTTP; a key is never sent there, only a signed wish.
    assert read_credential(google, json.dumps(ACCOUNT | {"token_uri": "http://127.0.0.1:1/"}))


def test_service_principal_is_read() -> None:
    foundry = platform_of("foundry")
    assert read_credential(foundry, "a-key") == ApiKeyCredential("a-key")
    principal = read_credential(foundry, json.dumps({name: f" {part}\n" for name, part in PRINCIPAL.items()}))
    assert principal == ServicePrincipal(**PRINCIPAL)
    assert repr(principal) == "ServicePrincipal()"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"tenant_id": "../elsewhere"}, "an ID or a domain"),
        ({"tenant_id": 7}, "needs tenant_id"),
        ({"client_id": "the name of the app"}, "five groups"),
        ({"client_secret": ""}, "needs tenant_id"),
        ({"client_secret": "two words"}, "Copy it again"),
    ],
)
def test_invalid_service_principal_is_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(CredentialProblem, match=words) as caught:
        read_credential(platform_of("foundry"), json.dumps(PRINCIPAL | wrong))
    assert not [part for part in wrong.values() if part and str(part) in str(caught.value)]


@pytest.mark.parametrize(
    ("context_tokens", "pictures", "pdf_pages"),
    [(200_000, 100, 100), (200_001, 600, 100), (999_999, 600, 100), (1_000_000, 600, 600)],
)
def test_limits_depend_on_the_context_window(context_tokens: int, pictures: int, pdf_pages: int) -> None:
    limits = platform_of("bedrock").limits(max_input_tokens=context_tokens)
    assert limits == PlatformLimits(20_000_000, pictures=pictures, pdf_pages=pdf_pages)


def test_platform_gaps_switch_capabilities_off() -> None:
    facts = {name: {"supported": True, "levels": 2} for name in CAPABILITY.values()}
    facts |= {"thinking": {"supported": True}, "source": "catalogue"}  # type: ignore[dict-item]
    assert platform_of("anthropic").without_gaps(facts) == facts
    on_aws = platform_of("aws").without_gaps(facts)
    assert on_aws["fast_mode"] == {"supported": False, "levels": 2}
    assert {name for name in facts if on_aws[name] != facts[name]} == {"fast_mode"}


def test_unknown_kind_has_default_values() -> None:
    assert platform_of("of tomorrow") is PLATFORMS["compatible"]


@pytest.mark.parametrize("kind", ["bedrock", "bedrock_mantle", "vertex", "foundry"])
def test_platforms_without_a_models_endpoint(kind: str) -> None:
    assert platform_of(kind).lacks(Gap.MODELS_LIST)
    assert platform_of(kind).lacks(Gap.BATCHES)


def test_canonical_id_is_the_api_id() -> None:
    assert LanguageModel(model_id="a").canonical == "a"
    assert LanguageModel(model_id="a", canonical_id="b").canonical == "b"
