"""What a client asks of a turn, as its door read it, and the accepted turn that it gets."""

import dataclasses
import uuid
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from chat.models import ApiKey, Attachment, Message, Turn, User
from chat.operations.billing.budgets import Admitted
from chat.operations.conversations.path import ConversationPath
from chat.operations.errors import invalid

Identifier = uuid.UUID | str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TurnRequest:
    """What a client asks for, as its door read it; the operations below check the values.

    A new message has `text` with ids of `attachments`, or `content` in place of both (see `message_input.read_draft`).
    Without a conversation a new one begins: a temporary one, or one in a project, if that is wanted. Without a parent
    the message follows the active leaf; another parent makes a branch, and "root" a new beginning in the same
    conversation. `turn_id` is the turn to retry or to continue. `output_schema` is a JSON Schema that the answer must
    match. `length` is for a retry: shorter, longer, or None to ask for what the turn before was asked for. `effort` is
    a level or "" for the assistant's own; `tools_off` has the ids of tools that are not offered to the model. Both hold
    from now on; None changes nothing. `compare_with` is for a message and a retry: who answers the same message after
    this turn (see `selection.choices_to_compare`); [] makes this turn the last one of a comparison.
    """

    author: User
    client_id: Identifier | None
    door: str = Turn.Door.CHAT
    api_key: ApiKey | None = None
    turn_id: Identifier | None = None
    conversation_id: Identifier | None = None
    assistant_id: Identifier | None = None
    model_id: Identifier | None = None
    parent_id: Identifier | None = None
    project_id: Identifier | None = None
    text: str | None = ""
    attachments: list[str] | None = None
    content: list[Any] | None = None
    output_schema: Any = None
    length: Any = None
    temporary: bool = False
    effort: Any = None
    tools_off: Any = None
    compare_with: Any = None

    def checked_client_id(self) -> uuid.UUID:
        """Return the client id as it is compared.

        Raises:
            OperationError: invalid.
        """
        try:
            return uuid.UUID(str(self.client_id))
        except ValueError:
            raise invalid(_("client_id must be a UUID that the client created for this message.")) from None


@dataclasses.dataclass(frozen=True, slots=True)
class AcceptedTurn:
    """An accepted turn; `created` is False when this client id had started it before.

    A new one carries what its claim in this process need not read again: the path to its message, the budgets, and
    the documents of its project by id.
    """

    turn: Turn
    user_message: Message
    created: bool
    path: ConversationPath | None = None
    admitted: Admitted | None = None
    documents: Mapping[str, Attachment] = dataclasses.field(default_factory=dict)
