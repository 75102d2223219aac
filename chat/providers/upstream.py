"""Reads one Messages API stream as plain dicts and maps its failures to Parley's few kinds.

The SDK sends the request; its bytes are framed and the data of each event is parsed once. This is exact and much
cheaper than typed events. Bedrock's wire format is a binary event stream: the SDK's decoder takes the same data out of
its frames.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TYPE_CHECKING, Any

import orjson

from chat.claude.encoding.exact_numbers import read_json
from chat.claude.encoding.text import encodable_json
from chat.claude.failures.failure import (
    CallFailed,
    Failure,
    FailureKind,
    failure,
    from_other_answer,
    from_response,
    request_id_of,
)
from chat.claude.stream.wire_events import events_of, is_message, joinable_event
from chat.providers import identity_failures, network_failures
from chat.providers.sse import LONGEST_EVENT_BYTES, EventReader, ServerSentEvent

if TYPE_CHECKING:
    import httpx2
    from anthropic import AsyncAnthropic


# What a stream begins with, where its content type does not say so.
_BLANK = b"\xef\xbb\xbf \t\r\n"
_EVENTS = re.compile(rb"(?:data|event|id|retry)?:")
_LONGEST_FIELD_BYTES = len(b"event:")
# Deltas whose numbers, if they have any, say nothing but their place. They are read with orjson, which is much faster.
_PLAIN_DELTAS = frozenset({"text_delta", "thinking_delta", "input_json_delta", "signature_delta"})
# So much of a page that is no answer is read, to say what it was.
_LONGEST_PAGE_BYTES = 16_000


class UpstreamError(CallFailed):
    """An attempt failed; `reached` is False if the request surely did not reach the upstream."""

    def __init__(self, failure: Failure, *, reached: bool = True) -> None:
        super().__init__(failure)
        self.reached = reached


@dataclasses.dataclass(frozen=True, slots=True)
class UpstreamStream:
    """An answered request: its id, its HTTP status and its events; `is_binary` if they come in Amazon's frames."""

    request_id: str
    status: int
    response: httpx2.Response
    is_binary: bool = False

    async def events(self) -> AsyncGenerator[list[dict[str, Any]], None]:
        """Yield the data of the events that arrived together, as dicts, pings included.

        A whole message in place of a stream is yielded as the events of the same message.

        Raises:
            UpstreamError: the connection broke, timed out, or sent data that is not JSON; or the response holds no
                answer of a model.
        """
        import httpx2

        try:
            if self.is_binary:
                async for event in _framed_events(self.response):
                    events, fault = _parsed([event])
                    yield events
                    if fault is not None:
                        raise fault
                return
            # Each iterator in between costs time with every delta that arrives alone.
            encoded = "content-encoding" in self.response.headers
            chunks = self.response.aiter_bytes() if encoded else self.response.aiter_raw()
            begin = await self._beginning(chunks)
            if not self._begins_stream(begin):
                yield list(events_of(await self._whole_message(begin, chunks)))
                return
            reader = EventReader()
            events, fault = _parsed(reader.feed(begin))
            yield events
            if fault is not None:
                raise fault
            async for chunk in chunks:
                events, fault = _parsed(reader.feed(chunk))
                yield events
                if fault is not None:
                    raise fault
            yield _parsed(reader.close())[0]
        except httpx2.TimeoutException as error:
            raise self._broken(FailureKind.TIMEOUT, error) from error
        except (httpx2.HTTPError, httpx2.StreamError, OSError) as error:
            raise self._broken(FailureKind.CONNECTION, error) from error
        except (ValueError, RecursionError) as error:  # bad JSON or bad UTF-8
            raise self._broken(FailureKind.PROTOCOL, error) from error

    async def _beginning(self, chunks: AsyncIterator[bytes]) -> bytes:
        """Return the first bytes: as they came for an event stream, else as many as tell what the body is."""
        begin = b""
        async for chunk in chunks:
            begin += chunk
            content = begin.lstrip(_BLANK)
            if content and (self._is_labelled or len(content) >= _LONGEST_FIELD_BYTES):
                break
            if not content:
                begin = b""  # nothing but blanks, of which some gateways send one a second while they wait
        return begin

    @property
    def _is_labelled(self) -> bool:
        return "event-stream" in self.response.headers.get("content-type", "").lower()

    def _begins_stream(self, begin: bytes) -> bool:
        """Return whether the body is an event stream. Its content decides: gateways label their responses wrongly."""
        if self._is_labelled:
            return begin.lstrip(_BLANK)[:1] not in (b"{", b"<")
        return _EVENTS.match(begin.lstrip(_BLANK)) is not None

    async def _whole_message(self, begin: bytes, chunks: AsyncIterator[bytes]) -> dict[str, Any]:
        """Read a body that is no event stream and return the message in it.

        Raises:
            UpstreamError: it is something else, such as a web page or an error, so nothing was generated.
            ValueError: it is cut JSON, or too long.
        """
        may_be_message = begin.lstrip(_BLANK)[:1] == b"{"
        left = LONGEST_EVENT_BYTES if may_be_message else _LONGEST_PAGE_BYTES
        parts = [begin]
        async for chunk in chunks:
            left -= len(parts[-1])
            if left < 0:
                break
            parts.append(chunk)
        body = b"".join(parts)
        if not may_be_message:
            page = body[:_LONGEST_PAGE_BYTES]
            raise UpstreamError(from_other_answer(page, request_id=self.request_id))
        message = encodable_json(read_json(body))
        if not is_message(message):
            raise UpstreamError(from_other_answer(message, request_id=self.request_id))
        return dict(message)

    def _broken(self, kind: FailureKind, error: Exception) -> UpstreamError:
        return UpstreamError(failure(kind, type(error).__name__, request_id=self.request_id))


async def _framed_events(response: httpx2.Response) -> AsyncIterator[ServerSentEvent]:
    """Yield the events of Amazon's event stream encoding; an exception frame is an `error` event.

    Raises:
        ValueError: a frame is invalid.
    """
    from anthropic.lib.bedrock._stream_decoder import AWSEventStreamDecoder

    try:
        async for event in AWSEventStreamDecoder().aiter_bytes(response.aiter_bytes()):
            yield event.event or "", event.data.encode()
    except Exception as error:
        if not type(error).__module__.startswith("botocore."):
            raise
        raise ValueError(type(error).__name__) from error


def _parsed(events: list[ServerSentEvent]) -> tuple[list[dict[str, Any]], Exception | None]:
    """Return the data of events, and why one of them can't be read; those before it count."""
    parsed: list[dict[str, Any]] = []
    for name, text in events:
        try:
            event = orjson.loads(text)
            if event["delta"]["type"] in _PLAIN_DELTAS and event["type"] == "content_block_delta":
                parsed.append(event)
                continue
        except (ValueError, KeyError, TypeError):
            pass  # another event, or one that is to be read with more care
        try:
            event = _carefully_read(text)
        except (ValueError, RecursionError) as error:
            return parsed, error
        if isinstance(event, dict):
            # An error in the form of another API has no type of its own.
            parsed.append(
                event if "type" in event else {"type": "error" if "error" in event else name, **event}
            )
    return parsed, None


def _carefully_read(data: bytes) -> Any:
    """Return the data of one event with the digits of its numbers, and with halves of surrogate pairs that may join."""
    event = read_json(data)
    # Half a surrogate pair, written as an escape or like a character; UTF-8 can't encode it.
    return joinable_event(event) if b"\\ud" in data.lower() or b"\xed" in data else event


@contextlib.asynccontextmanager
async def open_stream(client: AsyncAnthropic, request: dict[str, Any]) -> AsyncIterator[UpstreamStream]:
    """Send a streaming request. The connection is closed when the block is left.

    `request` holds the keyword arguments of `messages.create`, without `stream`.

    Raises:
        UpstreamError: the upstream refused, failed or could not be reached.
    """
    manager = client.messages.with_streaming_response.create(**request, stream=True)
    try:
        answer = await manager.__aenter__()
    except Exception as error:
        # Not "from error": the SDK's message quotes the upstream's response, which may contain a key.
        raise as_upstream_error(error) from None
    try:
        yield UpstreamStream(
            request_id=request_id_of(answer.headers),
            status=answer.status_code,
            response=answer.http_response,
            is_binary=_is_binary(client),
        )
    finally:
        await manager.__aexit__(None, None, None)


def _is_binary(client: object) -> bool:
    from anthropic import AsyncAnthropicBedrock

    return isinstance(client, AsyncAnthropicBedrock)


def as_upstream_error(error: Exception) -> UpstreamError:
    """Return the error for an exception of the SDK before a stream began; also for the synchronous client of jobs."""
    import anthropic
    import httpx2

    if isinstance(error, anthropic.APIStatusError):
        body = error.body if error.body is not None else error.response.text
        return UpstreamError(from_response(error.status_code, body, dict(error.response.headers)))
    network = network_failures.read_network_failure(error)
    if network is not None:
        return UpstreamError(network, reached=False)
    connected = not network_failures.never_connected(error)
    if isinstance(error, (anthropic.APITimeoutError, httpx2.TimeoutException)):
        return UpstreamError(failure(FailureKind.TIMEOUT, type(error).__name__), reached=connected)
    if isinstance(error, (anthropic.APIConnectionError, httpx2.HTTPError, OSError)):
        ended = failure(FailureKind.CONNECTION, type(error).__name__, unanswered=connected)
        return UpstreamError(ended, reached=connected)
    identity = identity_failures.read_identity_failure(error)
    if identity is not None:
        return UpstreamError(identity, reached=False)
    if isinstance(error, (TypeError, ValueError)):
        return UpstreamError(
            failure(FailureKind.INVALID_REQUEST, f"{type(error).__name__}: {error}"), reached=False
        )
    return UpstreamError(failure(FailureKind.UNKNOWN, type(error).__name__))
