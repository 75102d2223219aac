"""A person's instructions and notes on a path: sent with the first message, and again only when they have changed.

Each message stores them as they were when it was written. Sent with every message they would fill the context window.
What one message sends depends only on the messages before it, so later requests repeat earlier ones byte for byte.
Behind a summary, from which a path begins anew, they are sent again.
"""

from collections.abc import Sequence
from dataclasses import replace

from chat.claude.content.context import LASTING
from chat.claude.limits.compaction import has_compaction
from chat.claude.request.transcript import PathMessage


def with_changes_only(path: Sequence[PathMessage]) -> list[PathMessage]:
    """Return the path with each lasting line of a context left out where the model has been told the same already.

    Where a line is missing that an earlier message had, its empty value says that it is there no longer. Messages
    without any context change nothing.
    """
    told: dict[str, str] = {}
    sent = []
    for message in path:
        if has_compaction(message.content):
            told = {}
        sent.append(_with_changes(message, told) if message.context else message)
    return sent


def _with_changes(message: PathMessage, told: dict[str, str]) -> PathMessage:
    """Return the message with the lines that are news, and note them in `told`."""
    lines = message.context.split("\n")
    kept = [line for line in lines if not line.startswith(tuple(LASTING))]
    for prefix, nothing in LASTING.items():
        now = next((line for line in lines if line.startswith(prefix)), prefix + nothing)
        if now != told.get(prefix, prefix + nothing):
            kept.append(now)
        told[prefix] = now
    return replace(message, context="\n".join(kept))
