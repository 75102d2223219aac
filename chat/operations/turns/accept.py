"""Starting, repeating, continuing and stopping turns, as every door does it.

A turn is accepted when its transaction has committed: the person's message, the turn and its frame. The same
client id again returns the same turn, so a client that heard no answer simply asks again.
"""

import dataclasses
import uuid
from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from chat import access
from chat.claude.request import continue_text
from chat.events import hints
from chat.models import ApiKey, Conversation, LanguageModel, Message, Turn, User
from chat.models.turns import FINISHED
from chat.operations.billing import budgets
from chat.operations.billing.budgets import Payer
from chat.operations.catalogue.thinking import answer_limit
from chat.operations.conversations.message_context import context_for
from chat.operations.conversations.message_input import read_draft, resolve_draft
from chat.operations.conversations.selection import answering, choose, chosen_model
from chat.operations.conversations.titles import first_words
from chat.operations.errors import OperationError, invalid, not_found
from chat.operations.request.attachment_limits import check_sendable
from chat.operations.request.compaction import make_room, summarised_copy
from chat.operations.request.frame import freeze_frame
from chat.operations.request.output_schema import schema_for
from chat.operations.turns.failover import chain

ROOT = "root"


@dataclasses.dataclass(frozen=True, slots=True)
class Started:
    """An accepted turn; `created` is False when this client id had started it before."""

    turn: Turn
    user_message: Message
    created: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Doorway:
    """Through which door a turn came, and with which key."""

    door: str = Turn.Door.CHAT
    api_key: ApiKey | None = None


def start_turn(
    *,
    author: User,
    client_id: object,
    text: str = "",
    content: object = None,
    conversation_id: object = None,
    assistant_id: object = None,
    model_id: object = None,
    parent_id: object = None,
    attachments: object = None,
    output_schema: object = None,
    doorway: Doorway = Doorway(),
) -> Started:
    """Accept a person's message and queue its answer.

    Without a conversation a new one begins. Without a parent the message follows the active leaf; another parent
    makes a branch, and "root" a new beginning in the same conversation. `attachments` are ids of the author's files;
    with any, the text may be empty. `content` takes the place of both (see `said.read_draft`). `output_schema` is a
    JSON Schema that the answer has to have the shape of.

    Raises:
        OperationError: empty, too_long, not_found, busy (a turn is running here), assistant_unavailable, no_model,
            connection_unusable, budget (nothing is left), invalid_schema, no_structured_output, and what
            `check_sendable` refuses of files.
    """
    draft = read_draft(text=text, attachments=attachments, content=content)

    def accept(client: uuid.UUID) -> Started:
        said = resolve_draft(author, draft)
        conversation = _conversation(author, conversation_id, assistant_id, model_id)
        parent = _parent(conversation, parent_id)
        message = Message.objects.create(
            conversation=conversation,
            parent=parent,
            depth=parent.depth + 1 if parent else 0,
            role=Message.Role.USER,
            content=said.blocks,
            text=said.text,
            context=context_for(author, conversation.assistant),
        )
        if said.files:
            message.attachments.set(said.files)
        started = _queue(author, client, conversation, message, doorway, wish=output_schema)
        make_room(started.turn)
        return started

    return _once(author, client_id, accept)


def retry_turn(
    *, author: User, client_id: object, turn_id: object, model_id: object = None, doorway: Doorway = Doorway()
) -> Started:
    """Answer the same message once more; the new answer is a sibling of the old one.

    Where the context was full the message is repeated behind a summary of what came before it, for the same model.

    Raises:
        OperationError: not_found, busy, assistant_unavailable, no_model, connection_unusable, budget.
    """

    def accept(client: uuid.UUID) -> Started:
        turn = _finished_turn(author, turn_id)
        conversation = _locked(author, turn.conversation_id)
        if model_id is not None:
            conversation.model = chosen_model(author, model_id)
        instead = _after_refusal(turn, conversation.model) if model_id is not None else None
        message = summarised_copy(turn) if turn.filled_context and model_id is None else turn.user_message
        return _queue(
            author, client, conversation, message, doorway, instead=instead, wish=turn.output_schema
        )

    return _once(author, client_id, accept)


def continue_turn(
    *, author: User, client_id: object, turn_id: object, doorway: Doorway = Doorway()
) -> Started:
    """Ask for the rest of an answer that was stopped, interrupted or cut at its limit.

    An answer without any text, or of a shape, is simply asked for again. There is no prefill: a synthetic message
    quotes the end of the partial answer.

    Raises:
        OperationError: not_found, busy, invalid (the answer is whole), assistant_unavailable, no_model,
            connection_unusable, budget.
    """

    def accept(client: uuid.UUID) -> Started:
        turn = _finished_turn(author, turn_id)
        if not turn.can_continue:
            raise invalid(_("This answer is already complete."))
        conversation = _locked(author, turn.conversation_id)
        # Half an answer of a shape has none, and what follows it would not have it either.
        partial = _to_go_on_from(turn) if turn.output_schema is None else turn.user_message
        if partial.role == Message.Role.USER:
            return _queue(author, client, conversation, partial, doorway, wish=turn.output_schema)
        message = Message.objects.create(
            conversation=conversation,
            parent=partial,
            depth=partial.depth + 1,
            role=Message.Role.USER,
            kind=Message.Kind.CONTINUE,
            content=[{"type": "text", "text": continue_text(partial.text)}],
            context=context_for(author, conversation.assistant),
        )
        return _queue(author, client, conversation, message, doorway)

    return _once(author, client_id, accept)


def _to_go_on_from(turn: Turn) -> Message:
    """Return a turn's last message that says something: part of an answer, its tools' results, or the question."""
    own: dict[Any, Message] = {message.id: message for message in turn.messages.order_by("depth", "id")}
    last = next(reversed(own.values()), None)
    while last is not None and last.role == Message.Role.ASSISTANT and not last.text.strip():
        last = own.get(last.parent_id)
    return last or turn.user_message


def _client_id(value: object) -> uuid.UUID:
    try:
        return uuid.UUID(str(value))
    except ValueError:
        raise invalid(_("client_id must be a UUID that the client created for this message.")) from None


def _known(author: User, client: uuid.UUID) -> Started | None:
    known = Turn.objects.filter(author=author, client_id=client)
    # Nearly always there is none, and asking that alone is cheaper.
    if not known.exists():
        return None
    turn = known.select_related("conversation", "user_message").get()
    return Started(turn, turn.user_message, created=False)


def _once(author: User, client_id: object, accept: Callable[[uuid.UUID], Started]) -> Started:
    """Run `accept` in one transaction, unless this client id has a turn already."""
    client = _client_id(client_id)
    known = _known(author, client)
    if known:
        return known
    try:
        with transaction.atomic():
            return accept(client)
    except (IntegrityError, OperationError) as error:
        return _settle_race(author, client, error)


def _settle_race(author: User, client: uuid.UUID, error: IntegrityError | OperationError) -> Started:
    """Two requests at once: either the same client id, or a second tab in the same conversation."""
    known = _known(author, client)
    if known:
        return known
    # PostgreSQL names the constraint, SQLite the column of the partial index.
    if "one_active" in str(error) or str(error).endswith("chat_turn.conversation_id"):
        raise _busy() from error
    raise error


def _busy() -> OperationError:
    return OperationError(
        "busy",
        _("An answer is being written in this conversation. Stop it, or wait until it is finished."),
        status=409,
    )


def _locked(author: User, conversation_id: object) -> Conversation:
    own = access.conversations(author).select_for_update(of=("self",))
    conversation = own.filter(id=access.as_id(conversation_id)).first()
    if conversation is None or not author.is_active:
        raise not_found()
    if Turn.objects.active().filter(conversation=conversation).exists():
        raise _busy()
    return conversation


def _conversation(
    author: User, conversation_id: object, assistant_id: object, model_id: object
) -> Conversation:
    """Return the locked conversation with the person's choices applied, or a new one with them.

    A new one is written with its first turn; the database checks what refers to it at commit.
    """
    conversation = Conversation(owner=author) if conversation_id is None else _locked(author, conversation_id)
    choose(conversation, author, assistant_id, model_id)
    return conversation


def _parent(conversation: Conversation, parent_id: object) -> Message | None:
    if parent_id is None:
        return conversation.active_leaf
    if parent_id == ROOT:
        return None
    parent = conversation.messages.filter(id=access.as_id(parent_id)).first()
    if parent is None:
        raise not_found()
    return parent


def _after_refusal(turn: Turn, wanted: LanguageModel | None) -> LanguageModel | None:
    """Return the wanted model if staff named it for after this turn's model: then it serves the assistant too."""
    named = turn.model is not None and any(model == wanted for model in chain(turn.model))
    return wanted if named else None


def _queue(
    author: User,
    client: uuid.UUID,
    conversation: Conversation,
    message: Message,
    doorway: Doorway,
    *,
    instead: LanguageModel | None = None,
    wish: object = None,
) -> Started:
    """Write the turn and make its message the active leaf; runs inside the caller's transaction.

    `instead` is asked this once, whatever model the assistant has; `wish` is a JSON Schema for the answer.
    """
    assistant, model = answering(author, conversation, instead)
    schema = schema_for(wish, assistant)
    key_id = doorway.api_key.pk if doorway.api_key else None
    budgets.admit(Payer(author.pk, key_id, conversation.assistant_id))
    check_sendable(message, model)
    turn = Turn.objects.create(
        conversation=conversation,
        author=author,
        client_id=client,
        door=doorway.door,
        api_key=doorway.api_key,
        user_message=message,
        model=model,
        frame=freeze_frame(model=model, assistant=assistant, output_schema=schema, author=author),
        max_tokens=answer_limit(model, assistant),
        output_schema=schema,
    )
    conversation.title = conversation.title or first_words(message.text)
    conversation.active_leaf = message
    conversation.last_message_at = timezone.now()
    conversation.save()
    hints.publish(conversations=[str(conversation.id)])
    return Started(turn, message, created=True)


def _finished_turn(author: User, turn_id: object) -> Turn:
    turn = access.find_turn(author, turn_id)
    if turn is None:
        raise not_found()
    if turn.status not in FINISHED:
        raise _busy()
    return turn
