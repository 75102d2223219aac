"""The JSON of answers. Ids are opaque strings."""

import datetime as dt
from typing import Any

from ninja import Field, Schema

# Amounts of money are decimal strings, because a float would round them.
Usd = str


class AttachmentOut(Schema):
    id: str
    name: str
    kind: str = Field(description="image, pdf, text or office.")
    media_type: str
    size_bytes: int
    sha256: str
    width: int | None = Field(description="Of a picture as it is sent to models, in pixels.")
    height: int | None
    pages: int | None
    characters: int | None = Field(description="Of the text that models read.")
    created_at: dt.datetime


class ShareOut(Schema):
    id: str
    url: str = Field(description="Empty when the link can't be read any more, because its key is lost.")
    conversation: str
    audience: str
    files: bool
    leaf: str = Field(description="The last message that readers see.")
    created_at: dt.datetime
    renewed_at: dt.datetime
    expires_at: dt.datetime | None


class ShareList(Schema):
    data: list[ShareOut]


class LeftOutOut(Schema):
    kind: str = Field(
        description="conversation, message, file, content, project, memory, export_file or entry."
    )
    code: str
    count: int
    reason: str


class ImportOut(Schema):
    """An import. `done` of `total` entries of the export are read."""

    id: str
    status: str = Field(description="queued, running, done or failed.")
    error: dict[str, str] | None = Field(description="Why it failed: code and message.")
    file: str
    done: int
    total: int
    taken: dict[str, int]
    left_out: list[LeftOutOut]
    created_at: dt.datetime
    finished_at: dt.datetime | None


class ProblemOut(Schema):
    """An error (RFC 9457). `code` is stable. The texts are for people, in the language of Accept-Language."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[dict[str, str]] | None = None


class SavedPromptOut(Schema):
    id: str
    command: str = Field(description="What people type after the slash.")
    description: str
    text: str = Field(
        description="{{name}} asks for a value, {{name=value}} has one, {{name:a|b}} is a choice."
    )
    own: bool = Field(description="Whether you may change it; others are shared with you.")


class SavedPromptList(Schema):
    data: list[SavedPromptOut]


class ConversationOut(Schema):
    id: str
    title: str
    assistant: str | None
    model: str | None
    project: str | None
    effort: str = Field(description="The effort that its owner chose; empty for the assistant's own.")
    tools_off: list[str] = Field(description="Ids of the tools that the model does not get.")
    pinned: bool
    archived: bool
    expires_at: dt.datetime | None = Field(
        description="When a temporary conversation ends at the latest; null for others."
    )
    active_leaf: str | None
    forked_from: str | None = Field(description="The conversation that this one is a copy of.")
    created_at: dt.datetime
    updated_at: dt.datetime
    last_message_at: dt.datetime


class ConversationPage(Schema):
    data: list[ConversationOut]
    next: str | None = Field(description="The cursor of the next page; null on the last one.")


class SearchHit(Schema):
    conversation: str
    message: str | None = Field(description="null when the title was found.")
    title: str
    archived: bool
    role: str | None = Field(description="Who wrote the message: user or assistant.")
    snippet: str = Field(description="The words around the first hit, on one line; of a title all of it.")
    highlights: list[tuple[int, int]] = Field(
        description="Where the hits are in `snippet`: start and end in Unicode characters."
    )
    at: dt.datetime = Field(description="When the message was written; of a title, the last message.")


class SearchPage(Schema):
    data: list[SearchHit]
    next: str | None = Field(description="The cursor of the next page; null on the last one.")
    complete: bool = Field(
        description="false while older messages are being indexed, as after an update of Parley."
    )


class MessageOut(Schema):
    id: str
    conversation: str
    parent: str | None
    role: str
    kind: str
    status: str
    content: list[Any] = Field(description="Content blocks, exactly as the Messages API sent them.")
    text: str
    model: str = Field(description="The provider's id of the model that wrote it.")
    stop_reason: str | None
    turn: str | None
    created_at: dt.datetime


class ThreadMessage(MessageOut):
    versions: list[str] = Field(
        description="All messages at this place of the tree, oldest first, itself included."
    )
    cost_usd: Usd | None


class MessagePage(Schema):
    data: list[ThreadMessage] = Field(description="Oldest first.")
    next: str | None = Field(
        description="Send it as `before` for the older messages; null when there are none."
    )
    active_turn: str | None


class FailureOut(Schema):
    code: str
    message: str


class Tokens(Schema):
    input_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    cache_read_tokens: int
    output_tokens: int
    thinking_tokens: int


class ToolCallOut(Schema):
    id: str
    turn: str
    message: str = Field(description="The answer that asked for it.")
    tool_use_id: str
    name: str
    title: str
    input: dict[str, Any] = Field(description="What the tool gets; the edited one, if it was edited.")
    input_json: str = Field(description="The same as text, for programs whose numbers are floats.")
    status: str = Field(
        description="waiting, ready, running; then done, failed, denied, expired or stopped (not run)."
    )
    decision: str | None
    reason: str
    is_error: bool
    result: list[Any] | None = Field(description="The content of the tool_result; null before the end.")
    expires_at: dt.datetime | None
    started_at: dt.datetime | None
    finished_at: dt.datetime | None


class AllowedTool(Schema):
    id: str
    name: str
    title: str


class AllowedTools(Schema):
    data: list[AllowedTool] = Field(description="In the order in which they were allowed.")


class Fallback(Schema):
    """The model to ask after a refusal. Send its id to /retry."""

    id: str
    name: str


class ChoiceOut(Schema):
    assistant: str | None
    model: str | None


class TurnOut(Schema):
    id: str
    conversation: str
    client_id: str
    status: str = Field(
        description="queued, running, waiting; then completed, stopped, interrupted, failed or refused."
    )
    user_message: str
    message: MessageOut | None = Field(
        description="The answer: partial when it was cut, null before it begins. With the parts of one that was "
        "interrupted and went on by itself."
    )
    model: str | None
    length: str | None = Field(description="Of a retry that asked for one: shorter or longer.")
    stop_reason: str | None
    error: FailureOut | None
    can_continue: bool
    compare_with: list[ChoiceOut] | None = Field(
        description="Who answers the same message after this turn: empty for the last one, null outside comparisons."
    )
    tool_calls: list[ToolCallOut] = Field(description="In the order of the model's asking.")
    notices: list[dict[str, str]] = Field(
        description="What became of the answer on its way: failover, fallback, continued."
    )
    fallback: Fallback | None = Field(description="After a refusal: the model that staff want asked next.")
    usage: Tokens = Field(description="Sums over all API calls of the turn.")
    cost_usd: Usd
    certainty: str | None
    last_seq: int
    created_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None


class ExtractOut(Schema):
    data: Any = Field(description="What was found, valid against the schema.")
    usage: Tokens
    cost_usd: Usd
    turn: str


class CountOut(Schema):
    input_tokens: int
    exact: bool = Field(description="false: an estimate of Parley's, for the provider can't be asked.")
    model: str = Field(description="The provider's id of the model that it was counted for.")
    max_input_tokens: int


class FeedbackOut(Schema):
    message: str
    rating: int | None = Field(description="1, -1, or null without an opinion.")
    reason: str
    words: str


class MemoryEntryOut(Schema):
    id: str
    text: str
    conversation: str | None = Field(description="Where an assistant proposed it; null if you wrote it.")
    created_at: dt.datetime
    updated_at: dt.datetime


class MemoryOut(Schema):
    enabled: bool = Field(description="Whether new messages tell the entries to models.")
    data: list[MemoryEntryOut]
