"""The platforms on loopback, and an environment full of foreign settings and credentials."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from anthropic.lib.aws._auth import _get_session
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.platforms import Platforms

VARIABLES = {
    "ANTHROPIC_API_KEY": "sk-ant-of-the-environment",
    "ANTHROPIC_AWS_API_KEY": "aws-of-the-environment",
    "ANTHROPIC_FOUNDRY_API_KEY": "foundry-of-the-environment",
    "ANTHROPIC_FOUNDRY_RESOURCE": "somewhere",
    "ANTHROPIC_PROFILE": "stray",
    "AWS_BEARER_TOKEN_BEDROCK": "bearer-of-the-environment",
    "AWS_ACCESS_KEY_ID": "AKIASOMEBODYELSE0000",
    "AWS_SECRET_ACCESS_KEY": "secret-of-the-environment",
    "AWS_SESSION_TOKEN": "session-of-the-environment",
    "AWS_REGION": "ap-south-1",
    "CLOUD_ML_REGION": "asia-east1",
    "GOOGLE_CLOUD_PROJECT": "project-of-the-environment",
    "AZURE_TENANT_ID": "tenant-of-the-environment",
    "AZURE_CLIENT_ID": "client-of-the-environment",
    "AZURE_CLIENT_SECRET": "secret-of-the-environment",
    "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.us",
    "AZURE_REGIONAL_AUTHORITY_NAME": "westus",
    **{
        f"ANTHROPIC_{name}BASE_URL": "http://127.0.0.1:9/elsewhere"
        for name in ("", "AWS_", "BEDROCK_", "BEDROCK_MANTLE_", "VERTEX_", "GOOGLE_CLOUD_", "FOUNDRY_")
    },
}


@pytest.fixture(scope="module")
def server() -> Iterator[Platforms]:
    with Platforms() as running:
        yield running


@pytest.fixture(scope="module")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


@pytest.fixture
def platforms(server: Platforms, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Platforms:
    """The server, with an environment full of foreign settings and credentials."""
    server.forget()
    _get_session.cache_clear()  # the SDK caches the machine's credentials for the life of the process
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    profile = tmp_path / "credentials"
    keys = "aws_access_key_id = AKIAPROFILE\naws_secret_access_key = of-a-profile\n"
    profile.write_text(f"[default]\n{keys}[stray]\n{keys}")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(profile))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "nothing.json"))
    return server


@pytest.fixture
def account(server: Platforms, private_key: str) -> str:
    info = {
        "type": "service_account",
        "client_email": "parley@a-project.iam.gserviceaccount.com",
        "private_key": private_key,
        "private_key_id": "1",
        "token_uri": f"{server.url}/token",
    }
    return json.dumps(info)
