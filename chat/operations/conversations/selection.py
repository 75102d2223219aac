"""Select the assistant and the model that answer a person, from their choice and from what is offered."""

import dataclasses
from typing import Any

from django.utils.translation import gettext as _

from chat import access
from chat.claude.encoding.text import clean_text
from chat.models import Assistant, Conversation, LanguageModel, User
from chat.operations.errors import OperationError, invalid, not_found

MOST_TOOLS_OFF = 500
# With the one that answers first these are three.
MOST_COMPARED = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Chosen:
    """The rows that a person's choice has just read; None where nothing was chosen."""

    assistant: Assistant | None = None
    model: LanguageModel | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Answering:
    """The assistant, if there is one, and the model that answer a message."""

    assistant: Assistant | None
    model: LanguageModel


def choose(conversation: Conversation, person: User, assistant_id: object, model_id: object) -> Chosen:
    """Apply a person's choice to a conversation in memory; None, or what it has already, changes nothing.

    Raises:
        OperationError: not_found.
    """
    assistant = model = None
    if model_id is not None:
        # A model without an assistant: from now on the person talks to the model alone.
        model = conversation.model = chosen_model(person, model_id)
        conversation.assistant = None
    if assistant_id is not None and access.as_id(assistant_id) != conversation.assistant_id:
        assistant = conversation.assistant = _chosen_assistant(person, assistant_id)
    return Chosen(assistant, model)


def enter_project(conversation: Conversation, person: User, project_id: object) -> Assistant | None:
    """Put a new conversation into a project, in memory; return its default assistant if it is offered to this person.

    A conversation gets that assistant, unless something else is chosen for it.

    Raises:
        OperationError: not_found.
    """
    project = conversation.project = access.find_project(person, project_id)
    if project is None:
        raise not_found()
    if project.assistant_id is not None:
        offered = access.assistants(person).filter(id=project.assistant_id)
        conversation.assistant = offered.first()
    return conversation.assistant


def configure(conversation: Conversation, *, effort: object, tools_off: object) -> None:
    """Apply a person's choice of effort and tools to a conversation in memory; None changes nothing.

    Raises:
        OperationError: invalid.
    """
    if effort is not None:
        if effort not in ("", *Assistant.Effort.values):
            raise invalid(_("effort can be “low”, “medium”, “high”, “xhigh”, “max” or empty."))
        conversation.effort = str(effort)
    if tools_off is not None:
        if not isinstance(tools_off, list) or len(tools_off) > MOST_TOOLS_OFF:
            raise invalid(_("tools_off must be a list of ids of tools."))
        identifiers = (access.as_id(one) for one in tools_off)
        conversation.tools_off = sorted({str(one) for one in identifiers if one != access.NO_ROW})


def chosen_model(person: User, model_id: object) -> LanguageModel:
    """Return a model by Parley's id or by the provider's model id.

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


def choices_to_compare(person: User, wanted: object) -> list[dict[str, str | None]] | None:
    """Return who answers a message after the first one, as a turn stores it; None stays None.

    `wanted` is what a client sent: a list of up to two {"assistant": id, "model": id}, of which one may be missing or
    None. An element of the result has both ids as they are stored, and the `name` of what was chosen.

    Raises:
        OperationError: invalid, not_found.
    """
    if wanted is None:
        return None
    if not isinstance(wanted, list) or len(wanted) > MOST_COMPARED or not all(map(_is_choice, wanted)):
        raise invalid(_("compare_with must be a list of at most two objects with “assistant” or “model”."))
    return [_choice_to_compare(person, one) for one in wanted]


def _is_choice(one: object) -> bool:
    return isinstance(one, dict) and any(one.get(kind) is not None for kind in ("assistant", "model"))


def _choice_to_compare(person: User, wanted: dict[str, Any]) -> dict[str, str | None]:
    chosen = choose(Conversation(owner=person), person, wanted.get("assistant"), wanted.get("model"))
    named = chosen.assistant.name if chosen.assistant else chosen.model.display_name if chosen.model else ""
    return {
        "assistant": str(chosen.assistant.pk) if chosen.assistant else None,
        "model": str(chosen.model.pk) if chosen.model else None,
        "name": named,
    }


def select_answering(
    person: User,
    conversation: Conversation,
    chosen: Chosen = Chosen(),
    instead: LanguageModel | None = None,
) -> Answering:
    """Return the assistant and the model: its own, the conversation's, or the first one offered.

    Rows that were just `chosen` are not read again. `instead` replaces the model in any case.

    Raises:
        OperationError: assistant_unavailable, no_model, connection_unusable.
    """
    assistant = chosen.assistant or _kept_assistant(person, conversation)
    wanted = assistant.model_id if assistant and assistant.model_id else conversation.model_id
    model = instead or _offered_model(person, wanted, chosen.model)
    if model is None:
        raise OperationError(
            "no_model", _("No model is available. Choose another one, or ask your administrator."), status=409
        )
    problem = model.connection.problem()
    if problem:
        raise OperationError("connection_unusable", problem, status=409)
    conversation.assistant = assistant
    return Answering(assistant, model)


def resolve_choice(
    person: User, conversation: Conversation | None, assistant_id: object, model_id: object
) -> Answering:
    """Return the assistant and the model that would answer this person with this choice; nothing is written.

    Raises:
        OperationError: not_found, assistant_unavailable, no_model, connection_unusable.
    """
    draft = Conversation(owner=person)
    if conversation is not None:
        draft.assistant_id, draft.model_id = conversation.assistant_id, conversation.model_id
    return select_answering(person, draft, choose(draft, person, assistant_id, model_id))


def _offered_model(person: User, wanted: Any, chosen: LanguageModel | None) -> LanguageModel | None:
    if chosen is not None and chosen.id == wanted:
        return chosen
    return access.models(person).filter(id=wanted).first() if wanted else _first_usable(person)


def _kept_assistant(person: User, conversation: Conversation) -> Assistant | None:
    """Return the conversation's assistant.

    Raises:
        OperationError: assistant_unavailable: without it nothing answers, because its prompt is part of the request.
    """
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
    offered = access.models(person)
    first = offered.first()
    if first is None or not first.connection.problem():
        return first  # nearly always: dozens of rows need not be read for each message
    return next((model for model in offered if not model.connection.problem()), None)
