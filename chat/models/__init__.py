"""The tables. Each model knows its own row; what spans rows is an operation."""

from chat.models.assistants import Assistant
from chat.models.conversations import Conversation, Message
from chat.models.keys import ApiKey
from chat.models.ledger import ApiCall
from chat.models.people import User
from chat.models.prompts import PromptRevision, SystemPrompt
from chat.models.providers import LanguageModel, ModelPrice, ProviderConnection
from chat.models.turns import Frame, Turn, TurnEvent

__all__ = [
    "ApiCall",
    "ApiKey",
    "Assistant",
    "Conversation",
    "Frame",
    "LanguageModel",
    "Message",
    "ModelPrice",
    "PromptRevision",
    "ProviderConnection",
    "SystemPrompt",
    "Turn",
    "TurnEvent",
    "User",
]
