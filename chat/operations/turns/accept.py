"""Start, retry and continue turns, for every door.

A turn is accepted when its transaction has committed: the person's message, the turn and its frame. The same
client id again returns the same turn, so a client that got no answer simply sends its request again.
"""

import dataclasses
import uuid
from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from chat import access
from chat.claude.request.build import continue_text
from chat.events import hints
from chat.models import Conversation, LanguageModel, Message, Project, Turn, User
from chat.models.transcript.conversations import RequestedLength
from chat.models.transcript.turns import FINISHED
from chat.operations.billing import budgets
from chat.operations.billing.payer import Payer
from chat.operations.catalogue.thinking import answer_limit
from chat.operations.conversations.message_context import context_for
from chat.operations.conversations.message_input import read_draft, resolve_draft
from chat.operations.conversations.path import ConversationPath
from chat.operations.conversations.selection import (
    Answering,
    Chosen,
    choices_to_compare,
    choose,
    chosen_model,
    configure,
    enter_project,
    select_answering,
)
from chat.operations.conversations.temporary import begun_conversation
from chat.operations.conversations.title_text import first_words
from chat.operations.errors import OperationError, invalid, not_found
from chat.operations.request.attachment_limits import check_sendable
from chat.operations.request.compaction import make_room, repeat_behind_summary
from chat.operations.request.frame import next_frame
from chat.operations.request.knowledge import read_knowledge
from chat.operations.request.output_schema import schema_for
from chat.operations.turns.failover import chain
from chat.operations.turns.turn_request import AcceptedTurn, Identifier, TurnRequest

ROOT = "root"


@dataclasses.dataclass(frozen=True, slots=True)
class _Question:
    """The last message of `path`, about to be answered; `is_new` when it is a person's new message."""

    conversation: Conversation
    path: ConversationPath
    answering: Answering
    output_schema: Any = None
    is_new: bool = False
    requested_length: str = ""
    compare_with: Any = None

    @property
    def project(self) -> Project | None:
        """The conversation's project, if its owner may still see it."""
        seen = getattr(self.conversation, "project_seen", True)
        return self.conversation.project if seen else None


def start_turn(request: TurnRequest) -> AcceptedTurn:
    """Accept a person's message and queue its answer.

    Raises:
        OperationError: empty, too_long, invalid (compare_with), not_found, busy (a turn is running here),
            assistant_unavailable, no_model, connection_unusable, budget (nothing is left), invalid_schema,
            no_structured_output, and the errors of `check_sendable`, which name a model to ask instead.
    """
    draft = read_draft(text=request.text, attachments=request.attachments, content=request.content)

    def ask() -> _Question:
        author = request.author
        given = resolve_draft(author, draft)
        others = choices_to_compare(author, request.compare_with)
        conversation, chosen = _conversation(request)
        above = _path_above(conversation, request.parent_id)
        answering = select_answering(author, conversation, chosen)
        message = Message.objects.append(
            after=above.leaf,
            conversation=conversation,
            role=Message.Role.USER,
            content=given.blocks,
            text=given.text,
            context=context_for(author, answering.assistant, temporary=conversation.is_temporary),
        )
        if given.files:
            message.attachments.set(given.files)
        return _Question(
            conversation,
            above.then(message),
            answering,
            request.output_schema,
            is_new=True,
            compare_with=others,
        )

    return _once(request, ask)


def retry_turn(request: TurnRequest) -> AcceptedTurn:
    """Answer the same message once more; the new answer is a sibling of the old one.

    An assistant or a model that the request names answers from now on, as for a new message. A model that staff named
    for after a refusal answers in place of the assistant's own. Where the context was full, the message is repeated
    behind a summary of what came before it, if the same model answers. Without a `length` it is asked for as before.

    Raises:
        OperationError: not_found, busy, invalid (the length, compare_with), assistant_unavailable, no_model,
            connection_unusable, budget.
    """
    if request.length not in (None, *RequestedLength.values):
        raise invalid(_("The length can be “shorter” or “longer”."))

    def ask() -> _Question:
        author, turn = request.author, _finished_turn(request)
        conversation = _locked(author, turn.conversation_id)
        others = choices_to_compare(author, request.compare_with)
        path = ConversationPath.to(turn.user_message_id)
        instead = _after_refusal(request, turn)
        if instead is not None:
            conversation.model = instead
            answering = select_answering(author, conversation, Chosen(model=instead), instead)
        else:
            chosen = _chosen(conversation, request)
            answering = select_answering(author, conversation, chosen)
        if turn.filled_context and turn.model and answering.model.model_id == turn.model.model_id:
            path = repeat_behind_summary(path)
        length = request.length or turn.requested_length
        return _Question(
            conversation,
            path,
            answering,
            turn.output_schema,
            requested_length=length,
            compare_with=others,
        )

    return _once(request, ask)


def continue_turn(request: TurnRequest) -> AcceptedTurn:
    """Ask for the rest of an answer that was stopped, interrupted or cut at its limit.

    An answer without any text, or with an output schema, is asked for again. There is no prefill: a synthetic message
    quotes the end of the partial answer. An assistant or a model that the request names goes on from there.

    Raises:
        OperationError: not_found, busy, invalid (the answer is whole), assistant_unavailable, no_model,
            connection_unusable, budget.
    """

    def ask() -> _Question:
        author, turn = request.author, _finished_turn(request)
        if not turn.can_continue:
            raise invalid(_("This answer is already complete."))
        conversation = _locked(author, turn.conversation_id)
        chosen = _chosen(conversation, request)
        answering = select_answering(author, conversation, chosen)
        path = _path_to_continue(turn)
        partial = path.messages[-1]
        if partial.role == Message.Role.USER:
            length = turn.requested_length if partial.id == turn.user_message_id else ""
            return _Question(conversation, path, answering, turn.output_schema, requested_length=length)
        message = Message.objects.append(
            after=partial,
            conversation=conversation,
            role=Message.Role.USER,
            kind=Message.Kind.CONTINUE,
            content=[{"type": "text", "text": continue_text(partial.text)}],
            context=context_for(author, answering.assistant, temporary=conversation.is_temporary),
        )
        return _Question(conversation, path.then(message), answering)

    return _once(request, ask)


def _after_refusal(request: TurnRequest, turn: Turn) -> LanguageModel | None:
    """Return the model that a retry names if staff named it for after the refusal that ended the turn."""
    if request.model_id is None or turn.status != Turn.Status.REFUSED or turn.model is None:
        return None
    model = chosen_model(request.author, request.model_id)
    return model if model in chain(turn.model) else None


def _path_to_continue(turn: Turn) -> ConversationPath:
    """Return the path to a turn's last message with text: part of an answer, its tools' results, or the question."""
    if turn.output_schema is not None:
        # A part of an answer does not match the schema, and neither would its continuation.
        return ConversationPath.to(turn.user_message_id)
    messages = ConversationPath.to(turn.last_message().id).messages
    while messages[-1].role == Message.Role.ASSISTANT and not messages[-1].text.strip():
        messages = messages[:-1]
    return ConversationPath(messages)


def _known(author: User, client: uuid.UUID) -> AcceptedTurn | None:
    turns = Turn.objects.filter(author=author, client_id=client)
    turn = turns.select_related("conversation", "user_message").first()
    return AcceptedTurn(turn, turn.user_message, created=False) if turn else None


def _once(request: TurnRequest, ask: Callable[[], _Question]) -> AcceptedTurn:
    """Queue what `ask` writes, in one transaction.

    A client id that has a turn already is refused by its unique constraint or by a rule before it; then that turn is
    returned. This is rare, so there is no look for it beforehand.
    """
    client = request.checked_client_id()
    try:
        with transaction.atomic():
            return _queue(request, client, ask())
    except (IntegrityError, OperationError) as error:
        return _settle_race(request.author, client, error)


def _settle_race(author: User, client: uuid.UUID, error: IntegrityError | OperationError) -> AcceptedTurn:
    """Return the turn of a repeated client id; a conflict with a second tab's turn in this conversation is busy."""
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


def _locked(author: User, conversation_id: Identifier | None) -> Conversation:
    active = Turn.objects.active().filter(conversation=OuterRef("pk"))
    own = access.reachable_conversations(author).select_for_update(of=("self",)).select_related("project")
    project = access.projects(author).filter(pk=OuterRef("project_id"))
    own = own.annotate(busy=Exists(active), project_seen=Exists(project))
    conversation = own.filter(id=access.as_id(conversation_id)).first()
    if conversation is None or not author.is_active:
        raise not_found()
    # On PostgreSQL this may be older than the lock; then the constraint on active turns refuses the new one.
    if conversation.busy:
        raise _busy()
    return conversation


def _conversation(request: TurnRequest) -> tuple[Conversation, Chosen]:
    """Return the locked conversation with the person's choices applied, or a new one with them, and these choices.

    A new one is written with its first turn; the database checks references to it at commit.
    """
    author = request.author
    if request.conversation_id is not None:
        conversation = _locked(author, request.conversation_id)
    else:
        conversation = begun_conversation(author, temporary=request.temporary)
        if request.project_id is not None:
            default = enter_project(conversation, author, request.project_id)
            if default is not None and request.assistant_id is None and request.model_id is None:
                configure(conversation, effort=request.effort, tools_off=request.tools_off)
                return conversation, Chosen(assistant=default)
    return conversation, _chosen(conversation, request)


def _chosen(conversation: Conversation, request: TurnRequest) -> Chosen:
    """Apply what a request chooses to its conversation, and return the rows that this has read."""
    configure(conversation, effort=request.effort, tools_off=request.tools_off)
    return choose(conversation, request.author, request.assistant_id, request.model_id)


def _path_above(conversation: Conversation, parent_id: Identifier | None) -> ConversationPath:
    """Return the path that a new message follows."""
    if parent_id is None:
        return ConversationPath.to(conversation.active_leaf_id)
    if parent_id == ROOT:
        return ConversationPath()
    path = ConversationPath.to(access.as_id(parent_id))
    if path.leaf is None or path.leaf.conversation_id != conversation.id:
        raise not_found()
    return path


def _queue(request: TurnRequest, client: uuid.UUID, question: _Question) -> AcceptedTurn:
    """Write the turn and make its message the active leaf; runs inside the caller's transaction."""
    author, conversation, path = request.author, question.conversation, question.path
    message, assistant, model = path.messages[-1], question.answering.assistant, question.answering.model
    schema = schema_for(question.output_schema, assistant)
    key_id = request.api_key.pk if request.api_key else None
    admitted = budgets.admit(Payer(author.pk, key_id, conversation.assistant_id))
    knowledge = read_knowledge(question.project, model)
    documents = knowledge.files() if knowledge else {}
    check_sendable(path, model, access.models(author), documents=documents.values())
    turn = Turn.objects.create(
        conversation=conversation,
        author=author,
        client_id=client,
        door=request.door,
        api_key=request.api_key,
        user_message=message,
        model=model,
        frame=next_frame(conversation, model=model, author=author, output_schema=schema, knowledge=knowledge),
        max_tokens=answer_limit(model, assistant, conversation.effort),
        output_schema=schema,
        requested_length=question.requested_length,
        compare_with=question.compare_with,
        next_due=bool(question.compare_with),
    )
    if question.is_new:
        path = make_room(turn, path)
    if not conversation.is_temporary:
        conversation.title = conversation.title or first_words(message.text)
    conversation.active_leaf = message
    conversation.last_message_at = timezone.now()
    conversation.save()
    hints.publish(conversations=[str(conversation.id)])
    return AcceptedTurn(turn, message, created=True, path=path, admitted=admitted, documents=documents)


def _finished_turn(request: TurnRequest) -> Turn:
    turn = access.find_turn(request.author, request.turn_id)
    if turn is None:
        raise not_found()
    if turn.status not in FINISHED:
        raise _busy()
    return turn
