"""Connections to upstreams on loopback, for tests of operations that send requests."""

import json
from typing import Any

from chat.models import LanguageModel, ProviderConnection
from chat.operations.catalogue.seed import Loaded, load_models

KEY = "sk-test-of-this-connection"


def connection(
    url: str, *, kind: str = "anthropic", key: str = KEY, models: bool = True
) -> ProviderConnection:
    """A connection to `url`, with the catalogue's models where its kind has them."""
    row = ProviderConnection.objects.create(
        name=f"{kind} {key[-4:]}", kind=kind, base_url=url, credential=key
    )
    if models:
        load_models(row, Loaded())
    return row


def model_of(row: ProviderConnection, model_id: str) -> LanguageModel:
    return row.language_models.get(model_id=model_id)


def answering(body: Any, status: int = 200, content_type: bytes = b"application/json") -> Any:
    """An ASGI application that gives one answer to everything."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", content_type), (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    return application
