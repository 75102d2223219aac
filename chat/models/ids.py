"""Names for the identifiers of rows, for signatures. Identifiers from clients are `object` until `access.as_id`."""

from typing import TypeAlias
from uuid import UUID

AssistantId: TypeAlias = UUID
AttachmentId: TypeAlias = UUID
CallId: TypeAlias = int  # of a ledger row
ConnectionId: TypeAlias = UUID
ConversationId: TypeAlias = UUID
MessageId: TypeAlias = UUID
ModelId: TypeAlias = UUID  # of a LanguageModel row; not its name at the API
ToolCallId: TypeAlias = UUID
TurnId: TypeAlias = UUID
