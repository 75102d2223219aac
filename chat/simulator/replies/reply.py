"""One composed answer: its parts, its stop reason and its usage.

`Writer` keeps within the token budget; the scenario's function decides the content.
"""

import random
from dataclasses import dataclass, field
from typing import Any

from chat.simulator.prompts import thinking, tokens
from chat.simulator.prompts.cache import PromptUsage
from chat.simulator.prompts.compaction import Compaction
from chat.simulator.prompts.prompt import Prompt
from chat.simulator.replies import texts
from chat.simulator.scenarios import Choice
from chat.simulator.transport.wire import encode, printable

BILLED_REFUSALS = ("bio", "frontier_llm", "reasoning_extraction")


@dataclass(slots=True)
class Part:
    """One content block to send: `text` arrives in deltas, `block` holds the other members."""

    kind: str
    text: str
    tokens: int
    block: dict[str, Any] = field(default_factory=dict)
    single: bool = False  # all of the text in one delta

    def final(self) -> dict[str, Any]:
        """Return the block as it is in a complete message."""
        match self.kind:
            case "text":
                return {"type": "text", "text": self.text, **self.block}
            case "thinking":
                return {"type": "thinking", "thinking": self.text, "signature": self.block["signature"]}
            case "tool_use" | "server_tool_use" | "mcp_tool_use":
                return {"type": self.kind, **self.block}
            case _:
                return self.block


@dataclass(slots=True)
class Reply:
    """An answer with everything that its message, its stream and its invoice need."""

    id: str
    prompt: Prompt
    usage: PromptUsage
    parts: list[Part] = field(default_factory=list)
    stop_reason: str = "end_turn"
    stop_sequence: str | None = None
    stop_details: dict[str, Any] | None = None
    thinking_tokens: int = 0
    searches: int = 0
    billed: bool = True
    diagnostics: dict[str, Any] | None = None
    compaction: Compaction | None = None

    @property
    def output_tokens(self) -> int:
        return max(1, sum(part.tokens for part in self.parts)) if self.prompt.max_tokens else 0

    def final_usage(self) -> dict[str, Any]:
        """Return the usage of the complete message."""
        usage = self.usage.as_json() | {
            "output_tokens": self.output_tokens,
            "output_tokens_details": {"thinking_tokens": self.thinking_tokens},
            "service_tier": "standard",
            "inference_geo": self.prompt.body.get("inference_geo") or "global",
        }
        if self.searches:
            usage["server_tool_use"] = {"web_search_requests": self.searches, "web_fetch_requests": 0}
        if self.compaction:
            own = {**self.usage.as_json(), "output_tokens": self.output_tokens}
            usage["iterations"] = [self.compaction.iteration(), {"type": "message", **own}]
        if self.prompt.body.get("speed"):
            fast = self.prompt.body["speed"] == "fast" and self.prompt.model.fast != "ignored"
            usage["speed"] = "fast" if fast else "standard"
        return usage

    def message(self) -> dict[str, Any]:
        """Return the complete message of a request without streaming."""
        return self.shell() | {
            "content": [part.final() for part in self.parts],
            "stop_reason": self.stop_reason,
            "stop_sequence": self.stop_sequence,
            "stop_details": self.stop_details,
            "usage": self.final_usage(),
        }

    def shell(self) -> dict[str, Any]:
        """Return the message before any content is written."""
        message: dict[str, Any] = {
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "model": self.prompt.model.id,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "stop_details": None,
        }
        return message | {"diagnostics": self.diagnostics} if "diagnostics" in self.prompt.body else message


class WrittenInput(dict[str, Any]):
    """An input that the request gives; `written` is its JSON there, in which numbers have all their digits."""

    def __init__(self, value: dict[str, Any], written: str) -> None:
        super().__init__(value)
        self.written = written


class Writer:
    """Writes a reply part by part until it is complete or its budget is used up."""

    def __init__(
        self,
        prompt: Prompt,
        choice: Choice,
        *,
        digest: bytes,
        seed: int,
        prefix: thinking.Prefix,
        usage: PromptUsage,
    ) -> None:
        self.prompt = prompt
        self.choice = choice
        self.digest = digest
        self.seed = seed
        self.prefix = prefix
        self.rng = random.Random(digest)  # noqa: S311  made-up words need no secrecy
        self.reply = Reply(f"msg_01{printable(digest)}", prompt, usage)
        available_tokens = prompt.model.context_tokens - usage.total_tokens
        self.budget = min(prompt.max_tokens, available_tokens)
        self.limit_reason = (
            "max_tokens" if prompt.max_tokens <= available_tokens else "model_context_window_exceeded"
        )
        self.stopped = False
        self.calls = 0

    @property
    def chars_per_token(self) -> int:
        return self.prompt.model.chars_per_token

    def stop(self, reason: str) -> None:
        """End the reply with this stop reason. Later parts are ignored."""
        if not self.stopped:
            self.reply.stop_reason = reason
            self.stopped = True

    def _fit(self, text: str) -> str:
        """Return the part of a text that fits the budget, and charge the budget for it."""
        kept = tokens.cut(text, self.budget, self.chars_per_token)
        self.budget -= tokens.count(kept, self.chars_per_token)
        if len(kept) < len(text):
            self.stop(self.limit_reason)
        return kept

    def think(self) -> None:
        """Write the thinking that the model and the request ask for, if any."""
        kind = self.prompt.thinking_type()
        between = kind == "between_tools" and bool(self.prompt.loop_turns())
        if self.stopped or not (kind in ("adaptive", "enabled") or between):
            return
        wanted = self.choice.integer("thinking_tokens")
        if wanted:
            full = texts.prose(self.seed, min(wanted, self.budget + 1), self.chars_per_token)
        else:
            full = texts.thoughts(self.rng, self.prompt.effort())
        text = self._fit(full)
        cost = tokens.count(text, self.chars_per_token)
        redacted = self.choice.name == "redacted_thinking"
        shown = text if (self.prompt.shows_thinking() or between) and not redacted else ""
        signature = thinking.sign(self.prompt.model, cost, shown, self.prefix.digest())
        self.reply.thinking_tokens += cost
        if redacted:
            block = {"type": "redacted_thinking", "data": signature}
            self.reply.parts.append(Part("redacted_thinking", "", cost, block))
        else:
            self.reply.parts.append(Part("thinking", shown, cost, {"signature": signature}))

    def say(self, text: str, *, single: bool = False, unbounded: bool = False) -> None:
        """Write a text block, up to the budget and to the first stop sequence."""
        if self.stopped:
            return
        found = [(text.index(s), s) for s in self.prompt.body.get("stop_sequences") or () if s in text]
        place, sequence = min(found, default=(len(text), None))
        kept = text[:place] if unbounded else self._fit(text[:place])
        if sequence and not self.stopped:
            self.reply.stop_sequence = sequence
            self.stop("stop_sequence")
        if kept or not text:
            self.reply.parts.append(
                Part("text", kept, tokens.count(kept, self.chars_per_token), single=single)
            )

    def cite(self, text: str, citation: dict[str, Any]) -> None:
        """Write a text block with a citation. The cited passage costs no tokens."""
        before = len(self.reply.parts)
        self.say(text)
        for part in self.reply.parts[before:]:
            part.block["citations"] = [citation]

    def call(self, name: str, value: dict[str, Any], *, broken: str | None = None) -> None:
        """Write a tool use. `broken` replaces the JSON of its input on the wire."""
        if self.stopped:
            return
        given = value.written if isinstance(value, WrittenInput) else encode(value).decode()
        written = given if broken is None else broken
        kept = self._fit(written)
        sent_input = value if kept == written and broken is None else {}
        name_id = thinking.tool_use_id(
            self.digest, self.calls, self.prompt.model, thought=bool(self.reply.thinking_tokens)
        )
        block = {"id": name_id, "name": name, "input": sent_input}
        self.reply.parts.append(Part("tool_use", kept, tokens.count(kept, self.chars_per_token), block))
        self.calls += 1

    def refuse(self) -> None:
        """End with a refusal. A refusal before any output is billed only for some categories."""
        category = self.choice.text("category")
        named = category if category != "none" else None
        self.reply.stop_details = {
            "type": "refusal",
            "category": named,
            "explanation": "The simulator was asked to refuse this request.",
        }
        self.reply.billed = bool(self.reply.parts) or named in BILLED_REFUSALS
        self.stop("refusal")
