"""Who pays for a call."""

import dataclasses

from chat.models import Turn
from chat.models.ids import ApiKeyId, AssistantId, UserId


@dataclasses.dataclass(frozen=True, slots=True)
class Payer:
    """The person, API key and assistant that a call is made for; None where there is none."""

    user_id: UserId | None = None
    api_key_id: ApiKeyId | None = None
    assistant_id: AssistantId | None = None

    @classmethod
    def of_turn(cls, turn: Turn) -> "Payer":
        return cls(turn.author_id, turn.api_key_id, turn.conversation.assistant_id)
