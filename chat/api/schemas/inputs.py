"""The JSON that clients send. Unknown fields are refused. Ids are opaque strings."""

from typing import Annotated, Any, Literal

from ninja import Field, Schema
from pydantic import ConfigDict, WithJsonSchema

from chat.claude.encoding.client_json import LONGEST_TEXT


class Input(Schema):
    """Unknown fields are refused. Values are not converted from other types."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Nothing(Input):
    """An empty object: all information is in the address."""


class ConversationInput(Input):
    title: str = Field("", description="1 to 200 characters; without one it is named after the first answer.")
    assistant: str | None = None
    model: str | None = Field(None, description="Parley's id of a model, or the provider's.")
    temporary: bool = Field(
        False, description="In no list and no search, without a title, and deleted after the set time."
    )
    project: str | None = Field(None, description="Its default assistant answers, unless one is named.")


class ConversationChange(Input):
    """Only the fields that are sent are changed."""

    title: str = Field("", min_length=1)
    pinned: bool = False
    archived: bool = False
    assistant: str = ""
    model: str = Field(
        "", description="Parley's id or the provider's; without an assistant, it answers alone."
    )
    project: str | None = Field(None, description="Moves it into a project; null takes it out.")


class ShareInput(Input):
    audience: Literal["workspace", "anyone"] = Field(
        "workspace", description="Who may read it; administrators decide whether anyone is allowed."
    )
    expires_in_days: int | None = Field(None, ge=1, le=3650, description="null: it does not expire.")
    files: bool = Field(False, description="Whether readers may see the attached files.")


class Again(Input):
    """The input of a turn that repeats or continues another turn."""

    client_id: str | None = Field(
        None, description="A UUID made by the client; the same one again is the same turn."
    )
    wait: bool = Field(True, description="false: answer 202 at once.")


Effort = Annotated[
    Literal["", "low", "medium", "high", "xhigh", "max"] | None,
    Field(
        description="The effort from now on; the highest level below it that the model takes. Empty is the "
        "assistant's own, null changes nothing.",
    ),
]


class ChoiceInput(Input):
    """Who answers: an assistant, a model alone, or an assistant with a model."""

    assistant: str | None = None
    model: str | None = None


class ComparedInput(Again):
    """The input of a turn whose message others may answer too."""

    compare_with: list[ChoiceInput] | None = Field(
        None,
        description="Up to two more that answer the same message, one after the other, each in a turn of its own that "
        "begins when the one before it has ended. A stop ends the round.",
    )

    @property
    def others(self) -> list[dict[str, str | None]] | None:
        """Return `compare_with` as operations take it."""
        return None if self.compare_with is None else [one.model_dump() for one in self.compare_with]


class Retry(ComparedInput):
    model: str | None = None
    effort: Effort = None
    length: Literal["shorter", "longer"] | None = Field(
        None, description="Compared with a usual answer; null asks for what the turn before was asked for."
    )


# The content of a message. The operation validates it, so that errors are translated and name what is allowed.
UserBlock = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "oneOf": [
                {
                    "type": "object",
                    "properties": {"type": {"const": "text"}, "text": {"type": "string"}},
                    "required": ["type", "text"],
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "properties": {
                        "type": {"enum": ["image", "document"]},
                        "source": {
                            "type": "object",
                            "properties": {
                                "type": {"const": "attachment"},
                                "attachment": {
                                    "type": "string",
                                    "description": "The id of an own attachment.",
                                },
                            },
                            "required": ["type", "attachment"],
                            "additionalProperties": False,
                        },
                    },
                    "required": ["type", "source"],
                },
            ]
        }
    ),
]


class TurnInput(ComparedInput):
    text: str | None = Field(None, description="What is said; may be left out when there are attachments.")
    content: list[UserBlock] | None = Field(
        None, description="Instead of text and attachments: both as content blocks, in an order of your own."
    )
    attachments: list[str] | None = Field(None, description="Ids of own attachments, in their order.")
    parent: str | None = Field(
        None, description="The message to follow: null is the active leaf, “root” a new beginning."
    )
    assistant: str | None = None
    model: str | None = None
    effort: Effort = None
    tools_off: list[str] | None = Field(
        None, description="Ids of tools that the model does not get from now on; null changes nothing."
    )
    output_schema: dict[str, Any] | None = Field(
        None, description="A JSON Schema: the answer is JSON of this shape, or the turn fails."
    )


class FirstTurnInput(TurnInput):
    conversation: str | None = Field(None, description="null begins a new conversation.")
    temporary: bool = Field(False, description="Whether the new conversation is temporary.")
    project: str | None = Field(None, description="The project of a new conversation.")


class ProjectInput(Input):
    name: str = Field(description="1 to 80 characters.")
    description: str = ""
    instructions: str = ""
    memory: str = ""
    assistant: str | None = Field(None, description="The default assistant of its conversations.")


class ProjectChange(Input):
    """Only the fields that are sent are changed."""

    name: str = ""
    description: str = ""
    instructions: str = ""
    memory: str = ""
    assistant: str | None = None
    archived: bool = False


class ProjectText(Input):
    name: str = Field("", description="Its title; models cite it by that.")
    text: str = Field(max_length=LONGEST_TEXT)


class ProjectShare(Input):
    """With whom a project is shared: a person by e-mail address, or a group."""

    email: str = ""
    group: str | None = None
    role: str = Field("view", description="view or edit.")


class Reuse(Input):
    sha256: str = Field(
        description="The SHA-256 of a file that you have uploaded before, in hexadecimal digits."
    )
    name: str


class ExtractInput(Input):
    """The text or files to read, and the JSON Schema of the result."""

    text: str = ""
    attachments: list[str] = Field(default_factory=list, max_length=20)
    shape: dict[str, Any] = Field(alias="schema", description="A JSON Schema.")
    instructions: str = Field("", max_length=20_000)
    assistant: str | None = None
    model: str | None = None
    client_id: str | None = Field(None, description="A UUID; the same one again is the same extraction.")


class CountInput(Input):
    """A draft, alone or as the next message of a conversation."""

    text: str = Field("", max_length=LONGEST_TEXT)
    conversation: str | None = None
    project: str | None = Field(None, description="The project of a draft without a conversation.")
    assistant: str | None = None
    model: str | None = None
    output_schema: dict[str, Any] | None = None


class Decision(Input):
    decision: str = Field(description="approve, deny or edit.")
    input: dict[str, Any] | str | None = Field(
        None, description="With edit: what the tool gets instead, as an object or as its JSON text."
    )
    reason: str = Field("", max_length=500, description="With deny: told to the model.")
    remember: bool = Field(
        False, description="With approve: the tool may run for the rest of the conversation without asking."
    )


class FeedbackInput(Input):
    rating: int | None = Field(description="1: a good answer, -1: a bad one, null: take it back.")
    reason: str = Field("", description="For good ones correct, clear, complete, other; else see the error.")
    words: str = Field("", description="At most 2,000 characters, for administrators.")


class MemoryEntryInput(Input):
    text: str = Field(description="1 to 500 characters; line breaks become spaces.")
