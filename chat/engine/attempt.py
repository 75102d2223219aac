"""One attempt of one API call: its stream is read and folded exactly, and for an answer cut into events for viewers."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from chat import metrics
from chat.claude.block_builder import ProtocolError
from chat.claude.failures import Failure, FailureKind, failure
from chat.claude.stream import Fold, StreamError
from chat.engine.coalescer import Coalescer
from chat.events import payloads
from chat.events.payloads import Event
from chat.operations.billing.ledger import bill_for
from chat.operations.billing.paid_call import Outcome
from chat.operations.running_turn import RunningTurn
from chat.providers.upstream import UpstreamError, open_stream

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

# The field of a delta that carries its text, by the delta's type.
_TEXT_FIELD = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}


class AttemptFailed(Exception):
    """The attempt brought no whole message."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Attempt:
    """Reads one stream. `reached` says whether the request may have arrived upstream, and so may cost something."""

    def __init__(self) -> None:
        self._clock: Callable[[], float] = asyncio.get_running_loop().time
        self._last_content: float | None = None
        self.fold = Fold()
        self.reached = self.shown = False
        self.request_id = ""
        self.http_status: int | None = None
        self.first_byte_at: dt.datetime | None = None

    @property
    def silent_seconds(self) -> float:
        """How long the stream has brought nothing but pings; 0 while it is not being read."""
        return 0.0 if self._last_content is None else self._clock() - self._last_content

    def received_text(self) -> str:
        """Return all text of the answer so far, as a base for an estimate of its tokens."""
        parts = []
        for block in self.fold.message.get("content", ()):
            parts += [str(block[key]) for key in ("text", "thinking", "input") if block.get(key)]
        return "".join(parts) + "".join(self.fold.invalid_inputs.values())

    def outcome(self, *, whole: bool) -> Outcome:
        """Return what arrived, as the basis of the bill."""
        return Outcome(
            message=self.fold.message,
            text=self.received_text(),
            whole=whole,
            request_id=self.request_id,
            http_status=self.http_status,
            first_byte_at=self.first_byte_at,
        )

    async def read(self, client: AsyncAnthropic, request: dict[str, Any]) -> None:
        """Send the request and read the whole stream.

        Raises:
            AttemptFailed: refused, broken, cut, or ended without message_stop.
        """
        # From here on the request may have arrived, unless the error shows that it did not.
        self.reached, self._last_content = True, self._clock()
        try:
            await self._consume(client, request)
        except UpstreamError as error:
            self.reached = error.reached
            self.request_id = self.request_id or error.failure.request_id or ""
            self.http_status = self.http_status or error.failure.status
            raise AttemptFailed(error.failure) from error
        except StreamError as error:
            raise AttemptFailed(error.failure) from error
        except ProtocolError as error:
            raise self._failed(FailureKind.PROTOCOL, str(error)) from error
        finally:
            self._last_content = None
        if not self.fold.ended:
            raise self._failed(FailureKind.TRUNCATED, "the stream ended before message_stop")

    async def _consume(self, client: AsyncAnthropic, request: dict[str, Any]) -> None:
        async with open_stream(client, request) as stream:
            self.request_id, self.http_status = stream.request_id, stream.status
            self.fold = Fold(stream.request_id)
            async for event in stream.events():
                if event.get("type") != "ping":
                    self._last_content = self._clock()
                if self.first_byte_at is None:
                    self.first_byte_at = timezone.now()
                self.fold.apply(event)
                self._arrived(event)

    def _arrived(self, event: dict[str, Any]) -> None:
        """Do what a subclass does with an event that is folded."""

    def _failed(self, kind: FailureKind, message: str) -> AttemptFailed:
        return AttemptFailed(failure(kind, message, request_id=self.request_id))


class ShownAttempt(Attempt):
    """An attempt to answer that viewers follow.

    Nothing is shown before the first delta, so that a failure until then can be retried without a trace.
    """

    def __init__(self, running: RunningTurn, cutter: Coalescer) -> None:
        super().__init__()
        self._running, self._cutter = running, cutter
        self._message = str(running.message.id)
        self._held: list[Event] = []
        self._deltas = 0
        self._sent_at: float | None = None

    async def read(self, client: AsyncAnthropic, request: dict[str, Any]) -> None:
        self._sent_at = self._clock()
        try:
            await super().read(client, request)
        finally:
            metrics.DELTAS.inc(self._deltas)
            self._cutter.flush()
        self._show()

    def _arrived(self, event: dict[str, Any]) -> None:
        if self._sent_at is not None:
            metrics.FIRST_BYTE_SECONDS.observe(self._clock() - self._sent_at)
            self._sent_at = None
        if event["type"] == "content_block_delta":
            self._deltas += 1
            self._delta(event["index"], event["delta"])
        else:
            self._structure(event)

    def _delta(self, index: int, delta: dict[str, Any]) -> None:
        if not self.shown:
            self._show()
        field = _TEXT_FIELD.get(str(delta["type"]))
        if field is not None:
            # The fold keeps a delta that does not fit its block as it came; it may contain no text.
            piece = delta.get(field)
            if piece and isinstance(piece, str):
                self._cutter.delta(index, field, piece)
        elif delta["type"] == "citations_delta" and "citation" in delta:
            self._cutter.event(payloads.block_delta(index=index, key="citation", value=delta["citation"]))

    def _structure(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "message_start":
                bill = bill_for(self._running.prices, self.fold.usage, whole=False)
                self._emit(
                    payloads.usage(
                        usage=self.fold.usage, cost_usd=f"{bill.cost_usd:f}", certainty=str(bill.certainty)
                    )
                )
            case "content_block_start":
                index, block = event["index"], event["content_block"]
                self._emit(payloads.block_start(message=self._message, index=index, block=block))
                for key in ("text", "thinking"):
                    if block.get(key) and block["type"] == key:
                        self._emit(payloads.block_delta(index=index, key=key, value=block[key]))
            case "content_block_stop":
                self._emit(payloads.block_stop(index=event["index"]))

    def _emit(self, event: Event) -> None:
        if self.shown:
            self._cutter.event(event)
        else:
            self._held.append(event)

    def _show(self) -> None:
        self.shown = True
        held, self._held = self._held, []
        for event in held:
            self._cutter.event(event)
