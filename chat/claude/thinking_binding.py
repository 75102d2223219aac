"""What thinking is bound to: the frame and all messages before it, exactly as they were sent.

A thinking block may go back only behind the very prefix that it was made behind. The digest of that prefix is
kept with the answer, and compared when a later request would send the answer's thinking again.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chat.claude.blocks import Block, without


class Prefix:
    """The running SHA-256 of a request: its frame, then role by role its blocks without cache marks."""

    def __init__(self, frame_digest: str) -> None:
        self._frame = frame_digest
        self._state = hashlib.sha256(frame_digest.encode())
        self._role = ""

    def add(self, role: str, blocks: Iterable[Block]) -> None:
        """Take in blocks of one message; neighbours of one role count as one message, as for the API."""
        for block in blocks:
            if role != self._role:
                self._state.update(b"\x00" + role.encode())
                self._role = role
            self._state.update(b"\x01" + json.dumps(without(block, "cache_control")).encode())

    def holds(self, frame: str | None, prefix: str) -> bool:
        """Say whether an answer made under `frame` and behind `prefix` still stands behind the same."""
        return frame == self._frame and prefix in ("", self.digest())

    def digest(self) -> str:
        return self._state.hexdigest()


def prefix_digest(frame_digest: str, messages: Sequence[Mapping[str, Any]]) -> str:
    """Give the digest of a whole request, in hex: what the thinking of its answer is bound to."""
    prefix = Prefix(frame_digest)
    for message in messages:
        prefix.add(message["role"], message["content"])
    return prefix.digest()
