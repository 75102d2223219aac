"""Folds the events of a Messages API stream, as plain dicts, into the message that they describe.

The same fold serves live streaming, replay and recovery. It agrees with the SDK's stream helper on every
valid stream and is more tolerant: unknown deltas are kept, fields missing from later events keep their
values, tool input that is not a JSON object is recorded instead of raised, and events that proxies repeat
change nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from chat.claude.billing.usage import merge_usage
from chat.claude.content.blocks import SERVER_TOOL_CALLS, Block, is_empty, unanswered_server_tools
from chat.claude.failures.failure import CallFailed, from_error_event
from chat.claude.stream.block_builder import BlockBuilder, ProtocolError, copied_object

_UNSTOPPED = {"stop_reason": None, "stop_sequence": None, "stop_details": None}


class StreamError(CallFailed):
    """The upstream sent an `error` event, described by `failure`."""


class Fold:
    """The state of one streamed message. Feed it with `apply`; read the properties at any time.

    Events are copied where they are kept. Returned values must not be changed in place. `unknown_events`
    counts ignored events. `output_told` says that the output was counted after the start. `invalid_inputs`
    has, by block index, the raw input of tool calls that is not a JSON object (cut, malformed, too deep);
    such a block keeps the `input` that it started with. The class is long because every event of every stream passes
    it: its parts read and write the same few fields without calls between objects.
    """

    def __init__(self, request_id: str | None = None) -> None:
        self.started = False
        self.ended = False
        self.has_output = self.output_told = False
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
            if not self.ended:  # what follows a whole message does not change it
                raise ProtocolError(f"stream event is malformed or out of order: {error!r}") from error

    def apply_texts(self, events: Sequence[Mapping[str, Any]], first: int, last: int) -> tuple[int, str]:
        """Apply the deltas that extend the text of one block, from `first` on until another event comes or `last`.

        Return where they end, and their text joined. It is (first, "") if there is none, or if `apply` has to look at
        the first one. Many deltas arrive at once from a fast model or behind a pause.
        """
        pieces: list[str] = []
        block, at = None, first
        try:
            index = events[at]["index"]
            block = self._open[index]
            kind, field = block.delta_type, block.delta_field
            for at in range(first, last):
                event = events[at]
                delta = event["delta"]
                if event["type"] != "content_block_delta" or event["index"] != index or delta["type"] != kind:
                    break
                piece = delta[field]
                if piece.__class__ is not str:
                    break
                pieces.append(piece)
            else:
                at = last
        except (KeyError, TypeError):
            pass  # another kind of event, or one that `apply` refuses
        if block is None or not pieces:
            return first, ""
        text = "".join(pieces)
        block.append(text)
        return at, text

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
    def complete(self) -> bool:
        """Whether the message is whole: it has ended, or its stop reason is told and all its blocks are closed."""
        return self.ended or (self.stop_reason is not None and not self._open)

    def end(self) -> None:
        """Mark a complete message as ended, if message_stop did not arrive."""
        self.ended = self.complete

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
        if self.ended:
            return
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
        if self.started and not self._blocks and message.get("id") == self._head.get("id"):
            return  # proxies repeat it
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

    def _stop_block(self, index: int, *, cut: bool = False) -> None:
        if index not in self._open and index in range(len(self._blocks)):
            return  # proxies repeat the stop of a block
        invalid = self._open.pop(index).close(cut=cut)
        if invalid is not None:
            self.invalid_inputs[index] = invalid

    def _merge_message(self, event: Mapping[str, Any]) -> None:
        self._expect_running()
        told = event.get("usage") or {}
        fields = {**event, **event["delta"], "usage": merge_usage(self.usage, told)}
        del fields["type"], fields["delta"]
        # A later delta may omit the container or send null; the first one stays valid.
        if fields.get("container") is None:
            fields.pop("container", None)
        head = {**_UNSTOPPED, **self._head, **copied_object(fields)}
        _check_head(head)
        self._head = head
        # The counter of message_start is only a start value.
        self.output_told = self.output_told or told.get("output_tokens") is not None

    def _stop(self) -> None:
        self._expect_running()
        for index in self.open_blocks:
            self._stop_block(index, cut=True)
        self.ended = True

    def _expect_running(self) -> None:
        if not self.started:
            raise ProtocolError("event before message_start")


def _check_head(head: dict[str, Any]) -> None:
    if not isinstance(head.get("usage") or {}, dict):
        raise TypeError("usage is not an object")
    if not isinstance(head.get("stop_reason"), str | None):
        raise TypeError("stop_reason is not text")
