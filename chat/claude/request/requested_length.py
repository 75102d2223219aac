"""The length that a person asked for: one sentence at the end of the message that the answer follows.

It is about one answer, but stays in all later requests, because the answer was made behind it: its thinking and the
cached prefix are bound to every byte that was sent.
"""

from collections.abc import Sequence
from dataclasses import replace

from chat.claude.content.blocks import for_replay
from chat.claude.content.context import context_block
from chat.claude.request.transcript import PathMessage

SENTENCES = {
    "shorter": "Make this one answer shorter than you otherwise would: only the essentials.",
    "longer": "Make this one answer longer and more detailed than you otherwise would.",
}


def with_requested_lengths(
    path: Sequence[PathMessage], next_length: str = "", *, as_context: bool = True
) -> list[PathMessage]:
    """Return the path with a sentence behind each message whose answer was asked to be shorter or longer.

    `next_length` is that of the answer to the end of the path: shorter, longer or "". Where nothing came of an answer,
    nothing was made behind the sentence, and it is left out: it would be about the next answer. The sentence is a
    context, which carries no cache breakpoint; with `as_context` False it is plain text, for models that don't
    understand contexts.
    """
    sent: list[PathMessage] = []
    length, lasts = next_length, True
    for message in reversed(path):
        if message.role == "assistant":
            length = length or message.requested_length
            lasts = lasts or bool(for_replay(message.content, keep_thinking=True))
            sent.append(message)
        else:
            asked = SENTENCES.get(length) if lasts else None
            sent.append(_with_sentence(message, asked, as_context) if asked else message)
            length, lasts = "", False
    return sent[::-1]


def _with_sentence(message: PathMessage, sentence: str, as_context: bool) -> PathMessage:
    block = context_block([sentence]) if as_context else {"type": "text", "text": sentence}
    return replace(message, content=[*message.content, block])
