"""The frame of a request: everything before the messages, as staff decided it.

It is hashed from its exact JSON, so its keys have a fixed order: model, tools, system, documents, thinking,
output_config, tool_choice. The same frame gives the same cache prefix.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chat.claude.cache.cache_control import CACHE_CONTROL, MAX_BREAKPOINTS, limit_breakpoints
from chat.claude.content.blocks import Block, is_empty
from chat.claude.encoding.exact_numbers import exact_json
from chat.claude.request.transcript import RequestError
from chat.claude.schemas.tool_definitions import TOOL_NAME


@dataclass(frozen=True, slots=True)
class FrameSpec:
    """The configuration of a turn that staff decided.

    An element of `system` is {"type": "text", "text": str, "cache": None | "none" | "5m" | "1h"}; `tools`,
    `thinking` and `output_config` are in the API's format. `documents` are a project's, as references: their contents
    begin the first message of a request (see `build_request`).
    """

    model: str
    system: Sequence[Mapping[str, Any]] = ()
    documents: Sequence[Block] = ()
    tools: Sequence[Block] = ()
    thinking: dict[str, Any] | None = None
    output_config: dict[str, Any] | None = None
    tool_choice: dict[str, Any] | None = None

    def body(self) -> dict[str, Any]:
        """Return the frame as request fields in their fixed order, without absent parts.

        Raises:
            RequestError: the API would refuse a part.
        """
        _check_tools(self.tools)
        parts = {
            "model": self.model,
            "tools": list(self.tools),
            "system": [
                _system_block(block) for block in self.system if not is_empty({**block, "type": "text"})
            ],
            "documents": list(self.documents),
            "thinking": self.thinking,
            "output_config": self.output_config,
            "tool_choice": self.tool_choice,
        }
        return limit_breakpoints({key: part for key, part in parts.items() if part}, MAX_BREAKPOINTS)

    def digest(self) -> str:
        """Return the SHA-256 of the body's exact JSON, in hex."""
        return frame_digest(self.body())


def frame_digest(body: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the exact JSON of a frame's body, in hex."""
    return hashlib.sha256(exact_json(body).encode()).hexdigest()


def _system_block(block: Mapping[str, Any]) -> Block:
    text = {"type": "text", "text": block["text"]}
    match block.get("cache"):
        case None | "none":
            return text
        case str(lifetime):
            return {**text, "cache_control": _cache_control(lifetime)}
    raise RequestError("a cache mark is none, 5m or 1h")


def _cache_control(lifetime: str) -> dict[str, str]:
    if lifetime not in CACHE_CONTROL:
        raise RequestError(f"cache lifetime {lifetime!r} is unknown: use 5m or 1h")
    return dict(CACHE_CONTROL[lifetime])


def _check_tools(tools: Sequence[Block]) -> None:
    names = [tool["name"] for tool in tools if "name" in tool]
    for name in names:
        if not TOOL_NAME.fullmatch(name):
            raise RequestError(f"tool name {name!r} must be 1 to 64 letters, digits, _ or -")
    if len(set(names)) < len(names):
        raise RequestError("two tools have the same name: rename one")
