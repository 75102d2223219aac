"""The assistants and models that a person may choose."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from chat import access
from chat.models import Assistant, Conversation, LanguageModel, ModelPrice, User
from chat.operations.catalogue.thinking import efforts_of, thinking_wish
from chat.operations.conversations.selection import unavailable_words
from chat.operations.conversations.tool_choice import usable_tools
from chat.operations.turns.answer_costs import cost_detail
from chat.presentation.figures import SHOWN_OF_PRICES, price_words
from chat.presentation.receipt import CostDetail

SEARCHED_FROM = 8
SHOWN_PRICES = ModelPrice.objects.only("model_id", *SHOWN_OF_PRICES)


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """One entry of the picker. `problem` is the reason why it can't be used now."""

    value: str
    name: str
    description: str = ""
    problem: str = ""
    window: int = 0  # tokens of context
    model: str = ""
    price: str = ""
    efforts: str = ""  # the levels that it takes, separated by blanks
    tools: int = 0  # how many it has


@dataclasses.dataclass(frozen=True, slots=True)
class Picker:
    """The picker's groups in order, and the chosen value."""

    groups: list[tuple[str, list[Choice]]]
    chosen: str
    assistants: list[Assistant]
    problem: str

    @property
    def has_prices(self) -> bool:
        return any(choice.price for _name, choices in self.groups for choice in choices)

    @property
    def is_long(self) -> bool:
        """Whether there are too many choices to look through: then the picker has a search."""
        return sum(len(choices) for _name, choices in self.groups) > SEARCHED_FROM


CHOICE_COOKIE = "parley_choice"  # set by the browser's code


def picker_for(
    user: User, conversation: Conversation | None, *, remembered: str = "", costs: CostDetail | None = None
) -> Picker:
    """Return all choices of this person (a constant number of queries). `costs` is what they see of costs, if known.

    A new conversation begins with the remembered choice while it can be used, else with the best model.
    """
    models = list(access.models(user).prefetch_related(Prefetch("prices", SHOWN_PRICES.all())))
    assistants = list(access.assistants(user).select_related(None))
    _set_models(assistants, models)
    first = next((model for model in models if not model.connection.problem()), None)
    tools = usable_tools(assistants)
    hidden = (costs or cost_detail(user)) is CostDetail.HIDDEN
    prices = {model.id: "" if hidden else price_words(model) for model in models}
    entries = [
        _assistant_choice(assistant, assistant.model or first, tools, prices) for assistant in assistants
    ] + _unavailable_assistant(conversation, assistants)
    groups = [(_("Assistants"), entries)] if entries else []
    for model in models:
        name = model.connection.name
        if not groups or groups[-1][0] != name:
            groups.append((name, []))
        groups[-1][1].append(_model_choice(model, prices[model.id]))
    usable = [choice for _name, choices in groups for choice in choices if not choice.problem]
    return Picker(
        groups=groups,
        chosen=_chosen(conversation) or _usable(remembered, usable) or _first_model(usable),
        assistants=assistants,
        problem="" if usable else _no_model_text(models),
    )


def _set_models(assistants: list[Assistant], known: list[LanguageModel]) -> None:
    """Set `assistant.model` from the known models; read only the others, such as retired ones (one query at most)."""
    models = {model.id: model for model in known}
    others = {assistant.model_id for assistant in assistants if assistant.model_id} - models.keys()
    if others:
        models |= LanguageModel.objects.select_related("connection").in_bulk(others)
    for assistant in assistants:
        if assistant.model_id:
            assistant.model = models.get(assistant.model_id)  # None: staff deleted it meanwhile


def _chosen(conversation: Conversation | None) -> str:
    if conversation is None:
        return ""
    if conversation.assistant_id:
        return f"assistant:{conversation.assistant_id}"
    return f"model:{conversation.model_id}" if conversation.model_id else ""


def _usable(value: str, usable: list[Choice]) -> str:
    return next((choice.value for choice in usable if choice.value == value), "")


def _first_model(usable: list[Choice]) -> str:
    models = [choice.value for choice in usable if choice.value.startswith("model:")]
    return (models or [choice.value for choice in usable] or [""])[0]


def _assistant_choice(
    assistant: Assistant, model: LanguageModel | None, tools: Mapping[Any, int], prices: Mapping[Any, str]
) -> Choice:
    """Return the choice for an assistant, which answers with `model`."""
    problem = assistant.model.connection.problem() if assistant.model else ""
    return Choice(
        f"assistant:{assistant.id}",
        assistant.name,
        assistant.description,
        str(problem),
        window=model.max_input_tokens if model else 0,
        model=str(model.id) if model else "",
        price=prices.get(model.id, "") if model else "",
        efforts=" ".join(efforts_of(model, thinking_wish(assistant))) if model else "",
        tools=tools.get(assistant.id, 0),
    )


def _unavailable_assistant(conversation: Conversation | None, assistants: list[Assistant]) -> list[Choice]:
    """Return the conversation's assistant if it is no longer available, so that no other one replaces it silently."""
    if conversation is None or any(one.id == conversation.assistant_id for one in assistants):
        return []
    own = conversation.assistant
    return [] if own is None else [Choice(f"assistant:{own.id}", own.name, problem=unavailable_words())]


def _model_choice(model: LanguageModel, price: str) -> Choice:
    return Choice(
        f"model:{model.id}",
        model.display_name,
        price=price,
        efforts=" ".join(efforts_of(model, thinking_wish(None))),
        problem=str(model.connection.problem()),
        window=model.max_input_tokens,
        model=str(model.id),
    )


def _no_model_text(models: list[LanguageModel]) -> str:
    if not models:
        return _("No model has been set up yet.")
    return str(models[0].connection.problem())
