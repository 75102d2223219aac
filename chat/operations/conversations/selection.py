"""Who answers: the assistant and the model that a person's choice comes to."""

from django.utils.translation import gettext as _

from chat import access
from chat.claude.text import clean_text
from chat.models import Assistant, Conversation, LanguageModel, User
from chat.operations.errors import OperationError, not_found


def choose(conversation: Conversation, person: User, assistant_id: object, model_id: object) -> None:
    """Apply a person's choice to a conversation in memory; None, or what it has already, leaves it.

    Raises:
        OperationError: not_found.
    """
    if model_id is not None:
        # Whoever picks a model and no assistant talks to the model alone from now on.
        conversation.model, conversation.assistant = chosen_model(person, model_id), None
    if assistant_id is not None and access.as_id(assistant_id) != conversation.assistant_id:
        conversation.assistant = _chosen_assistant(person, assistant_id)


def chosen_model(person: User, model_id: object) -> LanguageModel:
    """Find a model by Parley's id or by the provider's model id.

    Raises:
        OperationError: not_found.
    """
    row = access.as_id(model_id)
    offered = access.models(person)
    model = (
        offered.filter(model_id=clean_text(str(model_id))) if row == access.NO_ROW else offered.filter(id=row)
    ).first()
    if model is None:
        raise not_found()
    return model


def answering(
    person: User, conversation: Conversation, instead: LanguageModel | None = None
) -> tuple[Assistant | None, LanguageModel]:
    """Return the assistant and the model: its own, the conversation's, or the first offered.

    `instead` is the model in any case.

    Raises:
        OperationError: assistant_unavailable, no_model, connection_unusable.
    """
    assistant = _kept_assistant(person, conversation)
    offered = access.models(person)
    wanted = assistant.model_id if assistant and assistant.model_id else conversation.model_id
    model = instead or (offered.filter(id=wanted).first() if wanted else _first_usable(person))
    if model is None:
        raise OperationError(
            "no_model", _("No model is available. Choose another one, or ask your administrator."), status=409
        )
    problem = model.connection.problem()
    if problem:
        raise OperationError("connection_unusable", problem, status=409)
    return assistant, model


def resolve_choice(
    person: User, conversation: Conversation | None, assistant_id: object, model_id: object
) -> tuple[Assistant | None, LanguageModel]:
    """Say who would answer this person here, with what they choose now; nothing is written.

    Raises:
        OperationError: not_found, assistant_unavailable, no_model, connection_unusable.
    """
    chosen = Conversation(owner=person)
    if conversation is not None:
        chosen.assistant_id, chosen.model_id = conversation.assistant_id, conversation.model_id
    choose(chosen, person, assistant_id, model_id)
    return answering(person, chosen)


def _kept_assistant(person: User, conversation: Conversation) -> Assistant | None:
    """Return the conversation's assistant; without it nobody answers, for its prompt is part of what was asked."""
    if conversation.assistant_id is None:
        return None
    assistant = access.assistants(person).filter(id=conversation.assistant_id).first()
    if assistant is None:
        raise OperationError("assistant_unavailable", unavailable_words(), status=409)
    return assistant


def unavailable_words() -> str:
    return _(
        "The assistant of this conversation is no longer available to you. Choose another assistant "
        "or a model."
    )


def _chosen_assistant(person: User, assistant_id: object) -> Assistant:
    assistant = access.assistants(person).filter(id=access.as_id(assistant_id)).first()
    if assistant is None:
        raise not_found()
    return assistant


def _first_usable(person: User) -> LanguageModel | None:
    return next((model for model in access.models(person) if not model.connection.problem()), None)
