"""Digests of the prefix to which thinking is bound: the frame and all messages before it, exactly as sent.

A thinking block may only be sent again after the same prefix. The digest of the prefix is stored with the
answer and compared when a later request would send the answer's thinking again.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chat.claude.content.blocks import Block, without


class Prefix:
    """The running SHA-256 of a request: its frame, then role by role its blocks without cache breakpoints."""

    def __init__(self, frame_digest: str) -> None:
        self._frame = frame_digest
        self._state = hashlib.sha256(frame_digest.encode())
        self._role = ""

    def add(self, role: str, blocks: Iterable[Block]) -> None:
        """Add blocks of one message. Neighbours of the same role count as one message, as for the API."""
        # The separators keep the borders of messages and blocks unambiguous in the hash.
        for block in blocks:
            if role != self._role:
                self._state.update(b"\x00" + role.encode())
                self._role = role
            self._state.update(b"\x01" + json.dumps(without(block, "cache_control")).encode())

    def matches(self, frame: str | None, prefix: str) -> bool:
        """Return whether an answer made under `frame` and after `prefix` has the same frame and prefix here."""
        return frame == self._frame and prefix in ("", self.digest())

    def digest(self) -> str:
        """Return the digest so far, in hex."""
        return self._state.hexdigest()


def prefix_digest(frame_digest: str, messages: Sequence[Mapping[str, Any]]) -> str:
    """Return the digest of a complete request, in hex. The thinking of its answer is bound to it."""
    prefix = Prefix(frame_digest)
    for message in messages:
        prefix.add(message["role"], message["content"])
    return prefix.digest()
