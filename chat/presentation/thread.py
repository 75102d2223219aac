"""The read model of a conversation's page: everything that its messages show, so that rendering queries nothing."""

import dataclasses

from chat.events.state import TurnState
from chat.models import Attachment, Conversation, Feedback, LanguageModel, Message, ToolCall, Turn
from chat.models.ids import MessageId, TurnId
from chat.presentation.thread_entries import Entry, entries_of


@dataclasses.dataclass(slots=True)
class Thread:
    """A page of the path to a leaf, oldest first.

    `siblings` has, per message id, the ids of all versions at its place;
    `tool_calls`, per message id, the tool calls that the answer asked for, by their tool_use id in call order;
    `files` the attachments of each message that has any, by id. `unanswered` is the ended turn that left the page's
    last message without an answer; `other_models` has, by turn id, the model that can be asked after a refusal.
    `read_only` is a page without buttons, `for_readers` one of other people than the owner; `files_address` is where
    their files are, below the link. `feedback` is the viewer's, by message id. `followed_by` is the kind of the message
    below an earlier page. `goes_on` is whether the path goes on below a page around a message that was looked for.
    `for_staff` adds what upstreams wrote about failures. `context_used` counts the tokens of the last answer and its
    prompt.
    """

    conversation: Conversation
    messages: list[Message]
    has_more: bool
    siblings: dict[MessageId, list[MessageId]]
    tool_calls: dict[MessageId, dict[str, ToolCall]]
    active_turn: Turn | None
    state: TurnState | None
    files: dict[MessageId, dict[str, Attachment]] = dataclasses.field(default_factory=dict)
    unanswered: Turn | None = None
    other_models: dict[TurnId, LanguageModel] = dataclasses.field(default_factory=dict)
    feedback: dict[MessageId, Feedback] = dataclasses.field(default_factory=dict)
    followed_by: str = ""
    goes_on: bool = False
    for_staff: bool = False
    read_only: bool = False
    for_readers: bool = False
    files_address: str = ""
    context_used: int = 0

    @property
    def entries(self) -> list[Entry]:
        """What the page shows, in order: people's messages, dividers, and one answer for each turn."""
        return entries_of(self.messages, self.followed_by)

    @property
    def ends_with_question(self) -> bool:
        """Whether the last message of the path is a person's."""
        return bool(self.messages) and self.messages[-1].role == Message.Role.USER and not self.goes_on

    @property
    def last_id(self) -> MessageId:
        return self.messages[-1].id

    @property
    def expects_answer(self) -> bool:
        """Whether the active turn has no message for its answer yet."""
        return self.ends_with_question and self.active_turn is not None

    def is_live(self, message: Message) -> bool:
        """Return whether a message is being written, or is a whole answer whose turn still waits or runs tools."""
        if message.status == Message.Status.STREAMING:
            return True
        turn = self.active_turn
        last = turn is not None and message is self.messages[-1] and message.turn_id == turn.id
        return last and message.role != Message.Role.USER
