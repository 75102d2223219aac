"""Helpers that send requests to the simulator through the SDK and read its invoice."""

from typing import Any

from anthropic import Anthropic
from anthropic.types import Message

MODEL = "claude-opus-4-8"  # thinks only when it is asked to, so answers are text alone
BOUND = "claude-sonnet-5-5"  # always thinks, and binds its thinking to the conversation
TOOL = {
    "name": "get_weather",
    "description": "Tell the weather.",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"enum": ["C", "F"]}, "days": {"type": "integer"}},
        "required": ["city"],
    },
}


def body(text: str = "Hello", **changes: Any) -> dict[str, Any]:
    """Return keyword arguments of messages.create."""
    return {"model": MODEL, "max_tokens": 4000, "messages": [{"role": "user", "content": text}]} | changes


def scenario(written: str) -> dict[str, Any]:
    """Return the keyword argument that chooses a scenario by header."""
    return {"extra_headers": {"x-simulator-scenario": written}}


def ask(client: Anthropic, text: str = "Hello", **changes: Any) -> Message:
    return client.messages.create(**body(text, **changes))


def text_of(message: Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def replay(message: Message) -> dict[str, Any]:
    """Return an answer as the message to send back."""
    return {"role": "assistant", "content": message.to_dict(mode="json", warnings=False)["content"]}


def said(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def invoice(client: Anthropic) -> Any:
    return client.get("/simulator/invoice", cast_to=object)
