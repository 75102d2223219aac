"""One attempt of one API call: its stream is read and folded exactly, and for an answer cut into events for viewers."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from chat import metrics
from chat.claude.content.blocks import generated_text
from chat.claude.encoding.text import BrokenText
from chat.claude.failures.failure import CallFailed, Failure, FailureKind, failure
from chat.claude.stream.block_builder import ProtocolError
from chat.claude.stream.fold import Fold, StreamError
from chat.claude.stream.next_step import is_hollow
from chat.engine.turn.coalescer import Coalescer, HeldEvents
from chat.events import payloads
from chat.operations.billing.ledger import bill_for
from chat.operations.billing.paid_call import Outcome
from chat.operations.running_turn import RunningTurn
from chat.providers.upstream import UpstreamError, open_stream

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

# The field of a delta that carries its text, by the delta's type.
_TEXT_FIELD = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}

# So many events of one stream are read before other streams and viewers have their turn: about as many as one read of
# the connection brings.
EVENTS_AT_ONCE = 128

# A read with more events than these is one of a stream that comes faster than it is read.
FEW_EVENTS = 32

# A whole message waits so long for its message_stop, and an ended one for the end of the response: some gateways forget
# the one or keep the other open.
LONGEST_WAIT_FOR_STOP_SECONDS, LONGEST_WAIT_FOR_CLOSE_SECONDS = 3.0, 0.25


class AttemptFailed(CallFailed):
    """The attempt brought no whole message; `seconds` is how long it lasted."""

    def __init__(self, failure: Failure, seconds: float = 0.0) -> None:
        super().__init__(failure)
        self.seconds = seconds


class FellSilent(AttemptFailed):
    """The upstream sent nothing but pings for as long as the connection allows; a retry would only wait again."""


class _MessageEnded(Exception):
    """The message has ended; what follows in its response does not belong to it."""


class Attempt:
    """Reads one stream. `reached` says whether the request may have arrived upstream, and so may cost something."""

    def __init__(self) -> None:
        self._clock: Callable[[], float] = asyncio.get_running_loop().time
        self._last_content: float | None = None
        self._sent_at = self._clock()
        self._limit: asyncio.Timeout | None = None
        self.fold = Fold()
        self.reached = self.shown = self.nothing_generated = self.unanswered = False
        self.request_id = ""
        self.http_status: int | None = None
        self.first_byte_at: dt.datetime | None = None
        self.thinking_seconds: list[float] = []

    @property
    def silent_seconds(self) -> float:
        """How long the stream has brought nothing but pings; 0 while it is not being read, or its message is whole."""
        if self._last_content is None or self.fold.complete:
            return 0.0
        return self._clock() - self._last_content

    def received_text(self) -> str:
        """Return all text of the answer so far, as a base for an estimate of its tokens."""
        content = self.fold.message.get("content", ())
        return generated_text(content) + "".join(self.fold.invalid_inputs.values())

    @property
    def whole(self) -> bool:
        """Whether the message has ended and holds what it announced."""
        return self.fold.ended and not is_hollow(self.fold.message)

    def outcome(self) -> Outcome:
        """Return what arrived, as the basis of the bill."""
        return Outcome(
            message=self.fold.message,
            text=self.received_text(),
            whole=self.fold.ended,
            output_told=self.fold.output_told,
            request_id=self.request_id,
            http_status=self.http_status,
            first_byte_at=self.first_byte_at,
            nothing_generated=self.nothing_generated,
            unanswered=self.unanswered,
        )

    async def read(self, client: AsyncAnthropic, request: dict[str, Any]) -> None:
        """Send the request and read the message.

        The message says where it ends. A connection that breaks, falls silent or stays open behind it does no harm.

        Raises:
            AttemptFailed: refused, broken, cut, ended before the message was whole, or without what it announced.
        """
        # From here on the request may have arrived, unless the error shows that it did not.
        self.reached, self._sent_at = True, self._clock()
        self._last_content = self._sent_at
        try:
            await self._consume(client, request)
        except (UpstreamError, StreamError, ProtocolError) as error:
            if not self.fold.complete:
                raise self._failed_by(error) from error
        finally:
            self._last_content = None
            self.fold.end()
        if not self.fold.ended:
            raise self._failed(FailureKind.TRUNCATED, "the stream ended before the message was whole")
        if not self.whole:
            raise self._failed(FailureKind.NO_CONTENT, f"{self.fold.stop_reason} without any content")

    async def _consume(self, client: AsyncAnthropic, request: dict[str, Any]) -> None:
        async with open_stream(client, request) as stream:
            self.request_id, self.http_status = stream.request_id, stream.status
            self.fold = Fold(stream.request_id)
            limit = asyncio.timeout(None)
            try:
                async with limit, contextlib.aclosing(stream.events()) as batches:
                    self._limit = limit
                    await self._fold_all(batches)
            except TimeoutError:
                if not limit.expired():
                    raise
            finally:
                self._limit = None

    async def _fold_all(self, batches: AsyncIterator[list[dict[str, Any]]]) -> None:
        try:
            async for events in batches:
                for first in range(0, len(events), EVENTS_AT_ONCE):
                    self._take_all(events, first, min(first + EVENTS_AT_ONCE, len(events)))
                    # A connection that always has more would never let others run.
                    if len(events) > FEW_EVENTS:
                        await asyncio.sleep(0)
        except _MessageEnded:
            # A response that is read to its end leaves its connection to the next request.
            async for _ignored in batches:
                pass

    def _take_all(self, events: list[dict[str, Any]], first: int, last: int) -> None:
        """Take the events from `first` to `last`; deltas of one block that follow each other are taken as one."""
        at = first
        while at < last:
            end, text = self.fold.apply_texts(events, at, last)
            if end > at:
                self._last_content = self._clock()
                self._texts_arrived(events[at], text, end - at)
                at = end
            else:
                self._take(events[at])
                at += 1

    def _texts_arrived(self, event: dict[str, Any], text: str, deltas: int) -> None:
        """Do what follows from joined deltas; `event` is the first of them, `text` is that of all."""

    def _take(self, event: dict[str, Any]) -> None:
        if event.get("type") != "ping":
            self._last_content = self._clock()
        if self.first_byte_at is None:
            self._began()
        self.fold.apply(event)
        self._arrived(event)

    def _began(self) -> None:
        self.first_byte_at = timezone.now()

    def _arrived(self, event: dict[str, Any]) -> None:
        """Do what follows from an event that is folded."""
        if event["type"] != "content_block_delta":
            self._structure(event)

    def _structure(self, event: dict[str, Any]) -> None:
        """Do what follows from an event other than a delta: a whole message is not waited for much longer."""
        match event["type"]:
            case "message_delta" if self.fold.complete:
                self._limit_to(LONGEST_WAIT_FOR_STOP_SECONDS)
            case "content_block_start" if self._limit is not None:
                self._limit.reschedule(None)
            case "message_stop":
                self._limit_to(LONGEST_WAIT_FOR_CLOSE_SECONDS)
                raise _MessageEnded

    def _limit_to(self, seconds: float) -> None:
        if self._limit is not None:
            due, set_before = self._clock() + seconds, self._limit.when()
            self._limit.reschedule(due if set_before is None else min(due, set_before))

    def _failed_by(self, error: UpstreamError | StreamError | ProtocolError) -> AttemptFailed:
        if isinstance(error, ProtocolError):
            return self._failed(FailureKind.PROTOCOL, str(error))
        if isinstance(error, UpstreamError):
            self.reached, self.nothing_generated = error.reached, error.failure.nothing_generated
            self.unanswered = error.failure.unanswered
            self.request_id = self.request_id or error.failure.request_id or ""
            self.http_status = self.http_status or error.failure.status
        return AttemptFailed(error.failure, self._clock() - self._sent_at)

    def _failed(self, kind: FailureKind, message: str) -> AttemptFailed:
        return AttemptFailed(failure(kind, message, request_id=self.request_id))


class ShownAttempt(Attempt):
    """An attempt to answer that viewers follow.

    Nothing is shown before the first delta and `held_seconds` after it, so that a failure until then can be retried
    without a trace.
    """

    def __init__(self, running: RunningTurn, cutter: Coalescer, *, held_seconds: float = 0.0) -> None:
        super().__init__()
        self._running, self._cutter = running, cutter
        self._message = str(running.message.id)
        self._held_seconds = held_seconds
        self._output: Coalescer | HeldEvents = HeldEvents()
        self._timer: asyncio.TimerHandle | None = None
        self._stopped: set[int] = set()
        self._deltas = 0
        self._thinks_since: float | None = None

    async def read(self, client: AsyncAnthropic, request: dict[str, Any]) -> None:
        try:
            await super().read(client, request)
        except (TimeoutError, asyncio.CancelledError):
            self.show_held()  # a person stopped the answer, or the turn ends
            raise
        finally:
            if self._timer is not None:
                self._timer.cancel()
            metrics.DELTAS.inc(self._deltas)
            self._cutter.flush()
        self._show()

    def show_held(self) -> None:
        """Show an answer that has begun and is still held back, because no other attempt will take its place."""
        if self._deltas and not self.shown:
            self._show()
            self._cutter.flush()

    def _began(self) -> None:
        super()._began()
        metrics.FIRST_BYTE_SECONDS.observe(self._clock() - self._sent_at)

    def _arrived(self, event: dict[str, Any]) -> None:
        if event["type"] == "content_block_delta":
            self._deltas += 1
            self._delta(event["index"], event["delta"])
        else:
            self._structure(event)

    def _texts_arrived(self, event: dict[str, Any], text: str, deltas: int) -> None:
        self._deltas += deltas
        if not self.shown:
            self._show_soon()
        field = _TEXT_FIELD.get(event["delta"]["type"])
        if text and field is not None:
            self._output.delta(event["index"], field, text)

    def _delta(self, index: int, delta: dict[str, Any]) -> None:
        if not self.shown:
            self._show_soon()
        field = _TEXT_FIELD.get(str(delta["type"]))
        if field is not None:
            # The fold keeps a delta that does not fit its block as it came; it may contain no text.
            piece = delta.get(field)
            if piece and type(piece) is str:
                self._output.delta(index, field, piece)
            elif isinstance(piece, BrokenText):
                self._output.join_halves()
                self._output.delta(index, field, piece)
        elif delta["type"] == "citations_delta" and "citation" in delta:
            self._output.event(payloads.block_delta(index=index, key="citation", value=delta["citation"]))

    def _structure(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "message_start":
                bill = bill_for(self._running.prices, self.fold.usage, whole=False)
                self._output.event(
                    payloads.usage(
                        usage=self.fold.usage, cost_usd=f"{bill.cost_usd:f}", certainty=str(bill.certainty)
                    )
                )
            case "content_block_start":
                index, block = event["index"], event["content_block"]
                self._output.event(payloads.block_start(message=self._message, index=index, block=block))
                if block["type"] == "thinking":
                    self._thinks_since = self._clock()
                for key in ("text", "thinking"):
                    if block.get(key) and block["type"] == key:
                        if isinstance(block[key], BrokenText):
                            self._output.join_halves()
                        self._output.event(payloads.block_delta(index=index, key=key, value=block[key]))
            case "content_block_stop" if event["index"] not in self._stopped:
                self._stopped.add(event["index"])
                self._output.event(payloads.block_stop(index=event["index"], seconds=self._thought()))
        super()._structure(event)

    def _thought(self) -> float | None:
        """Return and keep the seconds of the thinking block that ends now; None if another block ends."""
        since, self._thinks_since = self._thinks_since, None
        if since is None:
            return None
        self.thinking_seconds.append(round(self._clock() - since, 1))
        return self.thinking_seconds[-1]

    def _show_soon(self) -> None:
        if not self._held_seconds:
            self._show()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._held_seconds, self._show)

    def _show(self) -> None:
        self.shown = True
        if isinstance(self._output, HeldEvents):
            self._output.pass_on(self._cutter)
            self._output = self._cutter
