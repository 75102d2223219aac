"""POST /v1/messages from the body to the last byte: scenario, checks, cache, answer, stream and invoice."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from chat.simulator import scenarios
from chat.simulator.checks.request import check_request
from chat.simulator.invoice import Charge, Invoice, Row
from chat.simulator.limits import RateLimits
from chat.simulator.prompts import compaction, thinking
from chat.simulator.prompts.cache import PromptCache, PromptUsage, Segment, segments_of
from chat.simulator.prompts.cache_diagnostics import Diagnoses
from chat.simulator.prompts.prompt import Prompt, asks_for_title, blocks_of
from chat.simulator.replies.compose import compose
from chat.simulator.replies.reply import Part, Reply, Writer
from chat.simulator.scenarios import Attempts, Choice
from chat.simulator.transport.faults import status_error, with_fault
from chat.simulator.transport.http import ClientGone, Connection, Request
from chat.simulator.transport.stream import frames_of, play
from chat.simulator.transport.wire import ApiError, encode


@dataclass(frozen=True, slots=True)
class Settings:
    """The server's configuration: default scenario, seed, deltas per second and clock."""

    default: Choice
    seed: int
    pace: float
    clock: Callable[[], float]


class Messages:
    """The messages endpoint with its state: cache, attempts, rate limits and invoice."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cache = PromptCache(settings.clock)
        self._attempts = Attempts()
        self._diagnoses = Diagnoses()
        self._limits = RateLimits(settings.clock)
        self.invoice = Invoice()

    def reset(self) -> None:
        """Clear the invoice, the cache, the diagnostics and the counted attempts."""
        self.invoice.clear()
        self._cache.clear()
        self._diagnoses.clear()
        self._attempts.clear()

    def count(self, raw: bytes, request: Request, workspace: str, version: str) -> dict[str, Any]:
        """Return the response of count_tokens.

        Raises:
            ApiError: the request is refused.
        """
        prompt = check_request(_parsed(raw), version=version, betas=request.betas, counting=True)
        thinking.check(prompt, workspace)
        return {"input_tokens": segments_of(compaction.from_last_summary(prompt), workspace)[-1].total_tokens}

    async def create(
        self, request: Request, connection: Connection, workspace: str, version: str, request_id: str
    ) -> None:
        """Answer one request.

        Raises:
            ApiError: the request is refused before the response starts.
            ClientGone: the client closed the connection.
        """
        row = self.invoice.open(Row(request_id, workspace))
        try:
            await self._create(request, connection, version, row)
        except ApiError as error:
            row.status, row.error_type, row.outcome, row.charge = error.status, error.type, "refused", None
            raise
        except ClientGone:
            row.outcome = "closed_by_client"
            raise
        finally:
            if row.outcome == "running":
                row.outcome = "server_stopped"

    async def _create(self, request: Request, connection: Connection, version: str, row: Row) -> None:
        workspace = str(row.workspace)
        body = _parsed(await connection.read())
        request.answer_headers |= self._spend(workspace, requests=1)
        choice = self._choose(request, body, workspace)
        row.scenario = choice.name
        if choice.scenario.kind == "status":
            raise status_error(choice)
        prompt = check_request(body, version=version, betas=request.betas)
        row.model, row.stream = prompt.model.id, bool(body.get("stream"))
        reply = self._reply(prompt, choice, workspace)
        if choice.text("first_byte"):
            await connection.pause(choice.seconds("first_byte"))
        reply.usage.commit()
        row.status, row.charge = 200, Charge.of(reply)
        spent = {"input_tokens": reply.usage.input_tokens, "output_tokens": reply.output_tokens}
        request.answer_headers |= self._spend(workspace, **spent)
        if row.stream:
            await self._stream(request, connection, reply, choice, row)
        else:
            await _complete(request, connection, reply, choice, row)

    def _spend(self, workspace: str, **amounts: int) -> dict[str, str]:
        self._limits.spend(workspace, **amounts)
        return self._limits.headers(workspace)

    def _choose(self, request: Request, body: Any, workspace: str) -> Choice:
        """Return this attempt's scenario, from the header, the last user text or the server's default."""
        written = request.headers.get("x-simulator-scenario") or _marker(body)
        choice = scenarios.parse(written) if written else self._settings.default
        if not choice.counts_attempts:
            return choice
        same = body | {"stream": None} if isinstance(body, dict) else body
        return self._attempts.settle(choice, encode([workspace, choice.name, same]))

    def _reply(self, prompt: Prompt, choice: Choice, workspace: str) -> Reply:
        prefix = thinking.check(prompt, workspace)
        thinking.check_sealed(prompt)
        read = compaction.from_last_summary(prompt)
        segments = segments_of(read, workspace)
        usage = self._account(read, segments)
        made = compaction.triggered_compaction(read, usage)
        if made is not None:
            usage.commit()
            read = compaction.compacted(read, made)
            segments = segments_of(read, workspace)
            usage = self._account(read, segments)
            prefix.add(made.block())
        writer = Writer(
            prompt,
            choice,
            digest=prompt.digest(self._settings.seed, workspace),
            seed=self._settings.seed,
            prefix=prefix,
            usage=usage,
        )
        reply = compose(writer)
        if prompt.body.get("diagnostics") is not None:
            reply.diagnostics = self._diagnoses.diagnose(workspace, read, segments, usage)
            self._diagnoses.remember(workspace, reply.id, read, segments)
        if made is not None:
            reply.compaction = made
            reply.parts.insert(0, Part("compaction", made.summary, 0, made.block()))
        return reply

    def _account(self, prompt: Prompt, segments: list[Segment]) -> PromptUsage:
        total, limit = segments[-1].total_tokens, prompt.model.context_tokens
        if total > limit:
            raise ApiError(400, f"prompt is too long: {total} tokens > {limit} maximum")
        if prompt.max_tokens == 0 and not any(segment.ttl for segment in segments):
            raise ApiError(400, "max_tokens: 0 needs a cache_control breakpoint to warm")
        return self._cache.account(segments, prompt.model.min_cache_tokens)

    async def _stream(
        self, request: Request, connection: Connection, reply: Reply, choice: Choice, row: Row
    ) -> None:
        steps = with_fault(frames_of(reply), choice, row.request_id)
        headers = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
        await connection.start(200, request.answer_headers | headers)
        pace = choice.number("pace", self._settings.pace)
        outcome = await play(connection, steps, pace, row.progress)
        if outcome == "reset":
            connection.reset()
        elif outcome != "cut":
            await connection.finish()
        row.outcome = outcome


async def _complete(request: Request, connection: Connection, reply: Reply, choice: Choice, row: Row) -> None:
    """Send the response without streaming; stream scenarios do the closest equivalent."""
    body = encode(reply.message())
    match choice.name:
        case "error_before_delta" | "error_after_delta":
            raise ApiError(529, "Overloaded")
        case "stall" | "pings":
            await connection.pause(choice.seconds("seconds"))
        case "bad_json" | "bad_utf8":
            body = body[: len(body) // 2] + (b"\xff\xfe" if choice.name == "bad_utf8" else b"")
    row.progress(reply.output_tokens)
    await connection.start(200, request.answer_headers | {"content-length": str(len(body))})
    if choice.name in ("cut", "cut_before_delta", "truncated", "reset"):
        row.outcome = "reset" if choice.name == "reset" else "cut"
        await connection.write(body[: len(body) // 2])
        if choice.name == "reset":
            connection.reset()
        return
    await connection.finish(body)
    row.outcome = "complete"


def _parsed(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ApiError(400, f"The request body is not valid JSON: {error}") from None


def _marker(body: Any) -> str | None:
    """Return the marker in the last user text of an unchecked body; title requests have none."""
    try:
        for message in reversed(body["messages"]):
            texts = [block["text"] for block in blocks_of(message["content"]) if block["type"] == "text"]
            if message["role"] == "user" and texts:
                text = "\n".join(texts)
                return None if asks_for_title(body, text) else scenarios.marker(text)
    except (KeyError, TypeError, AttributeError):
        pass
    return None
