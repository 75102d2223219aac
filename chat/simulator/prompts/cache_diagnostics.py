"""Cache diagnostics: how a request differs from the one named by its `previous_message_id`.

The order of comparison is that of the provider's cache-diagnostics page: model and speed, tools, system,
messages. Other settings that change the prompt make a diagnosis unavailable. Requests without `diagnostics`
are not remembered.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from chat.simulator.prompts.cache import PromptUsage, Segment
from chat.simulator.prompts.prompt import Prompt, without_cache_marks
from chat.simulator.transport.wire import encode

MAX_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The compared parts of a request; `last` is the hash of its complete prompt."""

    model: str
    tools: bytes
    system: bytes
    settings: bytes
    last: bytes
    tokens: int


class Diagnoses:
    """The fingerprints of answered requests, by workspace and message id."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], Fingerprint] = OrderedDict()

    def clear(self) -> None:
        self._known.clear()

    def remember(self, workspace: str, message_id: str, prompt: Prompt, segments: list[Segment]) -> None:
        """Store the fingerprint of an answered request; the oldest ones are dropped above the limit."""
        self._known[workspace, message_id] = _fingerprint(prompt, segments)
        while len(self._known) > MAX_REMEMBERED:
            self._known.popitem(last=False)

    def diagnose(
        self, workspace: str, prompt: Prompt, segments: list[Segment], usage: PromptUsage
    ) -> dict[str, Any] | None:
        """Return the response's `diagnostics`: None on the first turn and if nothing differs."""
        previous_id = (prompt.body.get("diagnostics") or {}).get("previous_message_id")
        if previous_id is None:
            return None
        before = self._known.get((workspace, previous_id))
        if before is None:
            return {"cache_miss_reason": {"type": "previous_message_not_found"}}
        kind = _difference(before, _fingerprint(prompt, segments), segments)
        if kind is None:
            return None
        if kind == "unavailable":
            return {"cache_miss_reason": {"type": kind}}
        missed = max(0, before.tokens - usage.read_tokens)
        return {"cache_miss_reason": {"type": kind, "cache_missed_input_tokens": missed}}


def _difference(before: Fingerprint, now: Fingerprint, segments: list[Segment]) -> str | None:
    for part in ("model", "tools", "system"):
        if getattr(before, part) != getattr(now, part):
            return f"{part}_changed"
    if before.settings != now.settings:
        return "unavailable"
    if all(segment.key != before.last for segment in segments):
        return "messages_changed"
    return None


def _fingerprint(prompt: Prompt, segments: list[Segment]) -> Fingerprint:
    config = prompt.body.get("output_config")
    settings = [prompt.body.get("tool_choice"), prompt.body.get("thinking"), config]
    return Fingerprint(
        model=f"{prompt.model.id}|{prompt.body.get('speed') or 'standard'}",
        tools=_hash([without_cache_marks(tool) for tool in prompt.tools]),
        system=_hash([without_cache_marks(block) for block in prompt.system]),
        settings=_hash(settings),
        last=segments[-1].key,
        tokens=segments[-1].total_tokens,
    )


def _hash(value: Any) -> bytes:
    return hashlib.blake2b(encode(value), digest_size=16).digest()
