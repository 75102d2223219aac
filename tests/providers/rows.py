"""Connections of every kind for tests, each with its settings and its credential."""

import json
from typing import Any

from chat.models import ProviderConnection
from tests.support.platforms import ACCESS, SECRET, SESSION

KEY = "key-of-this-platform"
KEYS = json.dumps({"access_key_id": ACCESS, "secret_access_key": SECRET, "session_token": SESSION})
REQUEST: dict[str, Any] = {"max_tokens": 50, "messages": [{"role": "user", "content": "안녕?"}]}
SETTINGS: dict[str, dict[str, Any]] = {
    "anthropic": {},
    "compatible": {},
    "aws": {"region": "us-east-1", "workspace": "wrkspc_1"},
    "bedrock": {"region": "us-west-2"},
    "bedrock_mantle": {"region": "eu-west-1"},
    "vertex": {"region": "us-east5", "project": "a-project"},
    "google_cloud": {"project": "a-project", "workspace": "wrkspc_1"},
    "foundry": {"resource": "a-resource"},
}

SERVICES = {"aws": "aws-external-anthropic", "bedrock": "bedrock", "bedrock_mantle": "bedrock-mantle"}


def connection(kind: str, credential: str, base_url: str = "", **fields: Any) -> ProviderConnection:
    settings = dict(SETTINGS[kind])
    if kind == "foundry" and base_url:
        settings.pop("resource")
    return ProviderConnection(
        **{"name": kind, "kind": kind, "base_url": base_url, "credential": credential, **settings, **fields}
    )


def credential_of(kind: str, account: str) -> str:
    if kind in SERVICES:
        return KEYS
    return account if kind in ("vertex", "google_cloud") else KEY
