"""One attempt of one API call: reads its stream, folds it exactly, and cuts it into events for viewers."""

from __future__ import annotations

import datetime as dt
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
from chat.operations.running_turn import RunningTurn
from chat.providers.upstream import UpstreamError, UpstreamStream, open_stream

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

# The field of a delta that carries its text, by the delta's type.
_TEXT_FIELD = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}


class AttemptFailed(Exception):
    """The attempt did not bring a whole message. `reached` is False when no request arrived upstream."""

    def __init__(self, failure: Failure, *, reached: bool = True) -> None:
        super().__init__(failure.message)
        self.failure, self.reached = failure, reached


class Attempt:
    """Reads one stream. Nothing is shown before the first delta, so that a failure until then can be retried unseen."""

    def __init__(self, running: RunningTurn, cutter: Coalescer) -> None:
        self._running, self._cutter = running, cutter
        self._message = str(running.message.id)
        self._held: list[Event] = []
        self.fold = Fold()
        self.sent = self.shown = False
        self.request_id = ""
        self.http_status: int | None = None
        self.first_byte_at: dt.datetime | None = None
        self.last_content = 0.0

    def received_text(self) -> str:
        """Return all text of the answer so far, as a base for an estimate of its tokens."""
        parts = []
        for block in self.fold.message.get("content", ()):
            parts += [str(block[key]) for key in ("text", "thinking", "input") if block.get(key)]
        return "".join(parts) + "".join(self.fold.invalid_inputs.values())

    async def read(self, client: AsyncAnthropic, request: dict[str, Any], clock: Any) -> None:
        """Read the whole stream.

        Raises:
            AttemptFailed: refused, broken, cut, or ended without message_stop.
        """
        self.last_content = sent = clock()
        self.sent = True
        try:
            async with open_stream(client, request) as stream:
                self.request_id, self.http_status = stream.request_id, stream.status
                self.fold = Fold(stream.request_id)
                await self._consume(stream, clock, sent)
        except UpstreamError as error:
            self.request_id = self.request_id or error.failure.request_id or ""
            self.http_status = self.http_status or error.failure.status
            raise AttemptFailed(error.failure, reached=error.reached) from error
        except StreamError as error:
            raise AttemptFailed(error.failure) from error
        except ProtocolError as error:
            raise AttemptFailed(
                failure(FailureKind.PROTOCOL, str(error), request_id=self.request_id)
            ) from error
        finally:
            self._cutter.flush()
        if not self.fold.ended:
            raise AttemptFailed(
                failure(
                    FailureKind.TRUNCATED, "the stream ended before message_stop", request_id=self.request_id
                )
            )
        self._show()

    async def _consume(self, stream: UpstreamStream, clock: Any, sent: float) -> None:
        deltas = 0
        try:
            async for event in stream.events():
                if event.get("type") != "ping":
                    self.last_content = clock()
                if self.first_byte_at is None:
                    self.first_byte_at = timezone.now()
                    metrics.FIRST_BYTE_SECONDS.observe(clock() - sent)
                self.fold.apply(event)
                if event["type"] == "content_block_delta":
                    deltas += 1
                    self._delta(event["index"], event["delta"])
                else:
                    self._structure(event)
        finally:
            metrics.DELTAS.inc(deltas)

    def _delta(self, index: int, delta: dict[str, Any]) -> None:
        if not self.shown:
            self._show()
        field = _TEXT_FIELD.get(str(delta["type"]))
        if field is not None:
            # A delta that does not fit its block was kept by the fold as it came; there may be no text in it.
            piece = delta.get(field)
            if piece and isinstance(piece, str):
                self._cutter.delta(index, field, piece)
        elif delta["type"] == "citations_delta" and "citation" in delta:
            self._cutter.event(payloads.block_delta(index=index, key="citation", value=delta["citation"]))

    def _structure(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "message_start":
                bill = bill_for(self._running.prices, self.fold.usage, whole=False)
                self._tell(
                    payloads.usage(
                        usage=self.fold.usage, cost_usd=f"{bill.cost_usd:f}", certainty=str(bill.certainty)
                    )
                )
            case "content_block_start":
                index, block = event["index"], event["content_block"]
                self._tell(payloads.block_start(message=self._message, index=index, block=block))
                for key in ("text", "thinking"):
                    if block.get(key) and block["type"] == key:
                        self._tell(payloads.block_delta(index=index, key=key, value=block[key]))
            case "content_block_stop":
                self._tell(payloads.block_stop(index=event["index"]))

    def _tell(self, event: Event) -> None:
        if self.shown:
            self._cutter.event(event)
        else:
            self._held.append(event)

    def _show(self) -> None:
        self.shown = True
        held, self._held = self._held, []
        for event in held:
            self._cutter.event(event)
