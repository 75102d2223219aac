"""Names for the identifiers of rows, for signatures. Identifiers from clients are `object` until `access.as_id`."""

from typing import TypeAlias
from uuid import UUID

ApiKeyId: TypeAlias = UUID
AssistantId: TypeAlias = UUID
ConversationId: TypeAlias = UUID
MessageId: TypeAlias = UUID
ModelId: TypeAlias = UUID  # of a LanguageModel row; not its name at the API
TurnId: TypeAlias = UUID
UserId: TypeAlias = UUID
