"""Frames server-sent events: bytes in, the name and data of whole events out. No input or output of its own.

Source: the HTML standard, section 9.2.6 (interpreting an event stream), without ids and retry times, which the
Messages API does not use. One difference: an event that ends with the stream, without its blank line, counts too. The
SDK's decoder gives the same events but goes through the bytes line by line in four nested iterators.
"""

# An event that is longer than the largest answer is no answer.
LONGEST_EVENT_BYTES = 64 * 1024 * 1024

# The name of an event, "" where the stream gives none, and its data. A plain tuple: there is one per delta.
ServerSentEvent = tuple[str, bytes]

# From here on reading plain events at once is faster than reading them line by line.
_MANY_LINES = 18


class EventReader:
    """Collects the events of one stream. `feed` takes its bytes as they arrive, `close` ends it.

    The time grows with the bytes alone, also if one long line arrives in small chunks.
    """

    def __init__(self) -> None:
        # The begin of a line. One that comes in several chunks is a bytearray, which grows without being copied.
        self._rest: bytes | bytearray = b""
        self._name = b""
        self._data: list[bytes] = []
        self._data_bytes = 0
        self._began = self._after_return = False

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Return the events that are whole now.

        Raises:
            ValueError: an event is too long.
        """
        if len(self._rest) + self._data_bytes > LONGEST_EVENT_BYTES:
            raise ValueError("an event of the stream is too long")
        if b"\r" in chunk or self._after_return:
            chunk = self._with_plain_ends(chunk)
        if b"\n" not in chunk:
            self._rest = self._rest if isinstance(self._rest, bytearray) else bytearray(self._rest)
            self._rest += chunk
            return []
        lines = (bytes(self._rest) + chunk if self._rest else chunk).split(b"\n")
        self._rest = lines.pop()
        return self._read(lines)

    def close(self) -> list[ServerSentEvent]:
        """Return the event that ends with the stream, if there is one."""
        rest, self._rest = bytes(self._rest), b""
        return self._read([rest, b""])

    def _with_plain_ends(self, chunk: bytes) -> bytes:
        """Return the chunk with "\\n" for each line end: "\\r\\n", "\\n" or "\\r". A pair may come in two chunks."""
        if self._after_return and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        self._after_return = chunk.endswith(b"\r") or (self._after_return and not chunk)
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _read(self, lines: list[bytes]) -> list[ServerSentEvent]:
        """Return the events that end in these lines: many plain ones at once, others line by line."""
        if len(lines) < _MANY_LINES:
            return self._read_lines(lines)
        first = 0
        if self._name or self._data or not self._began:
            first = lines.index(b"") + 1 if b"" in lines else len(lines)
        last = len(lines) - (len(lines) - first) % 3
        plain = _plain_events(lines[first:last])
        if plain is None:
            return self._read_lines(lines)
        return self._read_lines(lines[:first]) + plain + self._read_lines(lines[last:])

    def _read_lines(self, lines: list[bytes]) -> list[ServerSentEvent]:
        events = []
        for line in lines:
            if not self._began:
                line, self._began = line.removeprefix(b"\xef\xbb\xbf"), True
            if not line:
                if self._data:
                    events.append((_name(self._name), b"\n".join(self._data)))
                self._name, self._data, self._data_bytes = b"", [], 0
                continue
            field, _, value = line.partition(b":")
            if field == b"data":
                self._data_bytes += len(line)
                self._data.append(value.removeprefix(b" "))
            elif field == b"event":
                self._name = value.removeprefix(b" ")
        return events


def _plain_events(lines: list[bytes]) -> list[ServerSentEvent] | None:
    """Return the events if each is one `event` line, one `data` line and a blank one, as nearly all are; else None."""
    data = [line[6:] for line in lines[1::3] if line.startswith(b"data: ")]
    if 3 * len(data) != len(lines) or any(lines[2::3]):
        return None
    named = lines[::3]
    names = {line: _name(line[7:]) for line in set(named) if line.startswith(b"event: ")}
    try:
        return [(names[line], value) for line, value in zip(named, data, strict=True)]
    except KeyError:
        return None


def _name(name: bytes) -> str:
    return name.decode("utf-8", "replace")
