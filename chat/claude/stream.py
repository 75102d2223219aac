"""Folds the events of a Messages API stream, as plain dicts, into the message that they describe.

The same fold serves live streaming, replay and recovery. It agrees with the SDK's stream helper on every
valid stream and is more tolerant: unknown deltas are kept, fields missing from later events keep their
values, and tool input that is not a JSON object is recorded instead of raised.
"""

from collections.abc import Mapping
from typing import Any

from chat.claude.block_builder import BlockBuilder, ProtocolError, copied_object
from chat.claude.blocks import SERVER_TOOL_CALLS, Block, is_empty, unanswered_server_tools
from chat.claude.failures import Failure, from_error_event
from chat.claude.usage import merge_usage

_UNSTOPPED = {"stop_reason": None, "stop_sequence": None, "stop_details": None}


class StreamError(Exception):
    """The upstream sent an `error` event, described by `failure`."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Fold:
    """The state of one streamed message. Feed it with `apply`; read the properties at any time.

    Events are copied where they are kept. Returned values must not be changed in place. `unknown_events`
    counts ignored events. `invalid_inputs` has, by block index, the raw input of tool calls that is not a
    JSON object (cut, malformed, too deep); such a block keeps the `input` that it started with.
    """

    def __init__(self, request_id: str | None = None) -> None:
        self.started = False
        self.ended = False
        self.has_output = False
        self.unknown_events = 0
        self.invalid_inputs: dict[int, str] = {}
        self._request_id = request_id
        self._head: dict[str, Any] = {}
        self._blocks: list[BlockBuilder] = []
        self._open: dict[int, BlockBuilder] = {}

    def apply(self, event: Mapping[str, Any]) -> None:
        """Apply the next event of the stream.

        Raises:
            StreamError: it is an `error` event.
            ProtocolError: it is malformed or not allowed at this point; the fold keeps its state.
        """
        try:
            if event["type"] == "content_block_delta":
                delta = event["delta"]
                block = self._open[event["index"]]
                # The hot path: one comparison and one append per delta. Text is joined when the block is read.
                if delta["type"] == block.delta_type:
                    block.append(delta[block.delta_field])
                else:
                    block.merge(copied_object(delta))
            else:
                self._apply_rare(event)
        # Missing or wrong fields raise one of these. Checking each field first would slow the hot path.
        except (KeyError, TypeError, AttributeError) as error:
            raise ProtocolError(f"stream event is malformed or out of order: {error!r}") from error

    @property
    def message(self) -> dict[str, Any]:
        """The message so far in the API's format, {} before message_start; unfinished tool inputs are as started."""
        return {**self._head, "content": [block.value() for block in self._blocks]} if self.started else {}

    @property
    def usage(self) -> dict[str, Any]:
        """The API's usage counters so far. Before message_delta `output_tokens` is only a start value."""
        return dict(self._head.get("usage") or {})

    @property
    def stop_reason(self) -> str | None:
        """The stop reason, None while the message is not finished."""
        return self._head.get("stop_reason")

    @property
    def open_blocks(self) -> list[int]:
        """Indexes of the blocks that have started and not stopped."""
        return list(self._open)

    def partial_content(self) -> list[Block]:
        """Return the blocks that may be stored and replayed if the stream ends here.

        Left out are blank text, thinking without its signature, tool calls whose input is unfinished or
        invalid, server tool calls without a result, and unfinished blocks of unknown types.
        """
        content = []
        dropped = []
        for index, block in enumerate(self._blocks):
            value = block.value()
            if is_empty(value) or index in self.invalid_inputs or not (block.closed or block.kept_when_cut):
                dropped.append(value.get("id"))
            elif "tool_use_id" not in value or value["tool_use_id"] not in dropped:
                content.append(value)
        if self.ended:
            return content
        unanswered = unanswered_server_tools(content)
        # Only the ids of calls are checked to be strings.
        return [
            value
            for value in content
            if value.get("type") not in SERVER_TOOL_CALLS or value["id"] not in unanswered
        ]

    def _apply_rare(self, event: Mapping[str, Any]) -> None:
        match event["type"]:
            case "error":
                raise StreamError(from_error_event(event, self._request_id))
            case "ping":
                return
            case "message_start":
                self._start(event["message"])
            case "content_block_start":
                self._start_block(event["index"], event["content_block"])
            case "content_block_stop":
                self._stop_block(event["index"])
            case "message_delta":
                self._merge_message(event)
            case "message_stop":
                self._stop()
            case _:
                self.unknown_events += 1

    def _start(self, message: Mapping[str, Any]) -> None:
        if self.started:
            raise ProtocolError("second message_start in one stream")
        head = copied_object(message)
        _check_head(head)
        content = [BlockBuilder(block) for block in head.get("content") or ()]
        for block in content:
            block.close()
        self._head = head
        self._blocks = content
        self.started = True

    def _start_block(self, index: int, block: Mapping[str, Any]) -> None:
        self._expect_running()
        if index != len(self._blocks):
            raise ProtocolError(f"block {index!r} started where {len(self._blocks)} was due")
        started = BlockBuilder(block)
        self._blocks.append(started)
        self._open[index] = started
        self.has_output = True

    def _stop_block(self, index: int) -> None:
        invalid = self._open.pop(index).close()
        if invalid is not None:
            self.invalid_inputs[index] = invalid

    def _merge_message(self, event: Mapping[str, Any]) -> None:
        self._expect_running()
        fields = {**event, **event["delta"], "usage": merge_usage(self.usage, event.get("usage") or {})}
        del fields["type"], fields["delta"]
        # A later delta may omit the container or send null; the first one stays valid.
        if fields.get("container") is None:
            fields.pop("container", None)
        head = {**_UNSTOPPED, **self._head, **copied_object(fields)}
        _check_head(head)
        self._head = head

    def _stop(self) -> None:
        self._expect_running()
        for index in self.open_blocks:
            self._stop_block(index)
        self.ended = True

    def _expect_running(self) -> None:
        if not self.started or self.ended:
            raise ProtocolError("event before message_start or after message_stop")


def _check_head(head: dict[str, Any]) -> None:
    if not isinstance(head.get("usage") or {}, dict):
        raise TypeError("usage is not an object")
    if not isinstance(head.get("stop_reason"), str | None):
        raise TypeError("stop_reason is not text")
