"""Who random lives are judged by, the simulator asked directly, and the rows that they share."""

import asyncio
import collections
from collections.abc import MutableMapping
from typing import Any

import orjson

KEYS = ("sk-one", "sk-another", "sk-third")


class Judge:
    """The simulator's application, asked directly; `refusals` are the requests that it did not take."""

    def __init__(self) -> None:
        from chat.simulator.app import create_app

        self._app = create_app(pace=0)
        self._loop = asyncio.new_event_loop()
        self.refusals: list[str] = []
        self.seen: collections.Counter[str] = collections.Counter()

    def ask(self, request: dict[str, Any], key: str) -> list[dict[str, Any]]:
        """Return the events of the answer; none when the request is refused."""
        self.seen["requests"] += 1
        status, body = self._loop.run_until_complete(self._post({**request, "stream": True}, key))
        if status != 200:
            self.refusals.append(f"{status}: {body.decode()[:400]}")
            return []
        lines = (line for line in body.split(b"\n") if line.startswith(b"data: "))
        return [orjson.loads(line[6:]) for line in lines]

    async def _post(self, request: dict[str, Any], key: str) -> tuple[int, bytes]:
        sent: list[dict[str, Any]] = []
        waiting = [{"type": "http.request", "body": orjson.dumps(request)}]

        async def receive() -> dict[str, Any]:
            return waiting.pop() if waiting else await asyncio.Future()

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(dict(message))

        headers = {"authorization": f"Bearer {key}", "anthropic-version": "2026-10-21"}
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/v1/messages",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        await self._app(scope, receive, send)
        return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


class World:
    """The rows that all lives share: a person, every model of the catalogue at two accounts, two assistants."""

    def __init__(self) -> None:
        from chat.models import (
            Assistant,
            AssistantTool,
            LanguageModel,
            PromptRevision,
            SystemPrompt,
            ToolDefinition,
        )
        from chat.operations.catalogue import Loaded, load_models
        from tests import factories

        self.person = factories.person("walker")
        for name, key in zip(("Judge", "Spare"), KEYS, strict=False):
            fields = {"kind": "simulator", "base_url": "http://127.0.0.1:9", "credential": key}
            load_models(factories.provider(name, **fields), Loaded())
        LanguageModel.objects.exclude(lifecycle="retired").update(enabled=True)
        self.models = list(LanguageModel.objects.usable().order_by("model_id", "id"))
        # After a refusal the next one is asked, round and round.
        for model, following in zip(self.models, [*self.models[1:], self.models[0]], strict=True):
            LanguageModel.objects.filter(id=model.id).update(fallback=following)
        self.assistants = []
        for name in ("Guide", "Poet"):
            prompt = SystemPrompt.objects.create(name=name)
            blocks = [{"text": f"You are the {name}.", "cache": "1h"}]
            PromptRevision.objects.create(prompt=prompt, number=1, blocks=blocks)
            self.assistants.append(Assistant.objects.create(name=name, prompt=prompt))
        for name in ("weather", "map"):
            tool = ToolDefinition.objects.create(name=name, kind="python", target=name, description=name)
            AssistantTool.objects.create(assistant=self.assistants[0], tool=tool)
