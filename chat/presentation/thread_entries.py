"""The entries of a thread: messages of people, dividers, and one answer for all messages of a turn."""

import dataclasses
from collections.abc import Iterable

from chat.models import Message, Turn
from chat.models.ids import MessageId
from chat.presentation.endings import Extent


@dataclasses.dataclass(slots=True)
class Entry:
    """One entry: a person's message or a divider (one message), or the answers of one turn, oldest first.

    `leaf_id` is the lowest message, which may be one with results of tools that people do not see; `has_results` is
    whether there is any. `continued` is whether a person asked for the rest of the answer.
    """

    messages: list[Message]
    leaf_id: MessageId
    has_results: bool = False
    continued: bool = False

    @property
    def first(self) -> Message:
        return self.messages[0]

    @property
    def last(self) -> Message:
        return self.messages[-1]

    @property
    def turn(self) -> Turn | None:
        return self.last.turn

    @property
    def is_answer(self) -> bool:
        return self.last.role == Message.Role.ASSISTANT

    @property
    def extent(self) -> Extent:
        """What the turn has left behind."""
        texts = [bool(message.text.strip()) for message in self.messages]
        return Extent(text=any(texts), results=self.has_results, ends_with_text=texts[-1])


def entries_of(messages: Iterable[Message], followed_by: str = "") -> list[Entry]:
    """Return the entries of a page's messages; `followed_by` is the kind of the message below the page."""
    entries: list[Entry] = []
    for message in messages:
        last = entries[-1] if entries else None
        belongs = last is not None and last.is_answer and _goes_on(last, message)
        if message.role == Message.Role.USER and (message.kind == Message.Kind.RESULTS or message.turn_id):
            # Parley wrote it to the model within a turn: people do not see it.
            if last is not None:
                last.leaf_id = message.id
                last.has_results |= message.kind == Message.Kind.RESULTS
        elif last is not None and belongs:
            last.messages.append(message)
            last.leaf_id = message.id
        else:
            if last is not None:
                last.continued = message.kind == Message.Kind.CONTINUE
            entries.append(Entry([message], message.id))
    if entries:
        entries[-1].continued = followed_by == Message.Kind.CONTINUE
    return entries


def _goes_on(answer: Entry, message: Message) -> bool:
    """Return whether a message is a further part of an answer: of its turn, or directly below one without a turn."""
    if message.turn_id is None and answer.last.turn_id is None:
        return message.role == Message.Role.ASSISTANT and message.parent_id == answer.leaf_id
    return message.turn_id == answer.last.turn_id
