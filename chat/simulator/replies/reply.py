"""One answer, composed: its parts, its stop reason and what is billed for it.

`Writer` keeps within the token budget; the function of a scenario says what is written.
"""

import random
from dataclasses import dataclass, field, replace
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
    """One content block to be sent: `text` is what arrives in deltas, `block` the fixed members."""

    kind: str
    text: str
    tokens: int
    block: dict[str, Any] = field(default_factory=dict)
    single: bool = False  # all of the text in one delta

    def final(self) -> dict[str, Any]:
        """Return the block as it stands in a complete message."""
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
    """An answer with everything that its message, its stream and its bill need."""

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
        """Return the complete message, as a request without streaming gets it."""
        return self.shell() | {
            "content": [part.final() for part in self.parts],
            "stop_reason": self.stop_reason,
            "stop_sequence": self.stop_sequence,
            "stop_details": self.stop_details,
            "usage": self.final_usage(),
        }

    def shell(self) -> dict[str, Any]:
        """Return the message as it stands before anything is written."""
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
        room = prompt.model.context_tokens - usage.total_tokens
        self.budget = min(prompt.max_tokens, room)
        self.limit_reason = "max_tokens" if prompt.max_tokens <= room else "model_context_window_exceeded"
        self.stopped = False
        self.calls = 0

    @property
    def per(self) -> int:
        return self.prompt.model.chars_per_token

    def stop(self, reason: str) -> None:
        """End the reply with this stop reason; nothing is written after it."""
        if not self.stopped:
            self.reply.stop_reason = reason
            self.stopped = True

    def _fit(self, text: str) -> str:
        """Return what the budget leaves of a text, and pay for it."""
        kept = tokens.cut(text, self.budget, self.per)
        self.budget -= tokens.count(kept, self.per)
        if len(kept) < len(text):
            self.stop(self.limit_reason)
        return kept

    def think(self) -> None:
        """Write the thinking that model and request ask for, if any."""
        kind = self.prompt.thinking_type()
        between = kind == "between_tools" and bool(self.prompt.loop_turns())
        if self.stopped or not (kind in ("adaptive", "enabled") or between):
            return
        wanted = self.choice.whole("thinking_tokens")
        if wanted:
            whole = texts.prose(self.seed, min(wanted, self.budget + 1), self.per)
        else:
            whole = texts.thoughts(self.rng, self.prompt.effort())
        text = self._fit(whole)
        cost = tokens.count(text, self.per)
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
            self.reply.parts.append(Part("text", kept, tokens.count(kept, self.per), single=single))

    def cite(self, text: str, citation: dict[str, Any]) -> None:
        """Write a text block that rests on a passage of a document; the passage itself costs nothing."""
        before = len(self.reply.parts)
        self.say(text)
        for part in self.reply.parts[before:]:
            part.block["citations"] = [citation]

    def call(self, name: str, value: dict[str, Any], *, broken: str | None = None) -> None:
        """Write a tool use; `broken` replaces the JSON of its input on the wire."""
        if self.stopped:
            return
        written = broken if broken is not None else encode(value).decode()
        kept = self._fit(written)
        whole = value if kept == written and broken is None else {}
        name_id = thinking.tool_use_id(
            self.digest, self.calls, self.prompt.model, thought=bool(self.reply.thinking_tokens)
        )
        block = {"id": name_id, "name": name, "input": whole}
        self.reply.parts.append(Part("tool_use", kept, tokens.count(kept, self.per), block))
        self.calls += 1

    def search(self, query: str) -> str:
        """Write a call of the web search that the server itself would run; returns its id, "" when there is no room."""
        if self.stopped:
            return ""
        self.calls += 1
        value = {"query": query}
        block = {"id": "srvtoolu_01" + printable(self.digest), "name": "web_search", "input": value}
        text = encode(value).decode()
        self.reply.parts.append(Part("server_tool_use", text, tokens.count(text, self.per), block))
        return str(block["id"])

    def found(self, search_id: str, *, brings: int = 0) -> dict[str, Any]:
        """Write the complete result of a search; returns a citation of it.

        What it `brings` into the prompt, in tokens, is read within this very request and billed with it.
        """
        url = "https://example.com/simulated-result"
        result = {
            "type": "web_search_result",
            "url": url,
            "title": "A simulated search result",
            "page_age": None,
            "encrypted_content": thinking.seal(url),
        }
        block = {"type": "web_search_tool_result", "tool_use_id": search_id, "content": [result]}
        self.reply.parts.append(Part("web_search_tool_result", "", 0, block))
        self.reply.searches += 1
        usage = self.reply.usage
        self.reply.usage = replace(usage, input_tokens=usage.input_tokens + brings)
        about = {"url": url, "title": result["title"], "encrypted_index": thinking.seal(f"{url}#1")}
        return {"type": "web_search_result_location", "cited_text": "It was found there.", **about}

    def ask_server(self, server: str, name: str, value: dict[str, Any], *, fails: bool) -> None:
        """Write a call of an MCP server's tool, and the result that the server itself would have brought."""
        if self.stopped:
            return
        call_id = "mcptoolu_01" + printable(self.digest)
        block = {"id": call_id, "name": name, "server_name": server, "input": value}
        text = encode(value).decode()
        self.reply.parts.append(Part("mcp_tool_use", text, tokens.count(text, self.per), block))
        words = f"{server} can't run {name}." if fails else f"{server} ran {name}: {text}"
        result = {
            "type": "mcp_tool_result",
            "tool_use_id": call_id,
            "is_error": fails,
            "content": [{"type": "text", "text": words}],
        }
        self.reply.parts.append(Part("mcp_tool_result", "", 0, result))

    def refuse(self) -> None:
        """End with a refusal; one before any output is only billed for some categories."""
        category = self.choice.text("category")
        named = category if category != "none" else None
        self.reply.stop_details = {
            "type": "refusal",
            "category": named,
            "explanation": "The simulator was asked to refuse this request.",
        }
        self.reply.billed = bool(self.reply.parts) or named in BILLED_REFUSALS
        self.stop("refusal")
