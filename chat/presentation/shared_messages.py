"""What readers of a shared conversation get of its messages.

Texts and web sources are shown. Of tool calls only their names are: inputs and results may hold secrets. Thoughts, the
volatile context (date and name), what Parley wrote to the model, and sources in the owner's documents are left out.
"""

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from chat.claude.content.blocks import TOOL_CALLS, plain_text
from chat.models import Message, ToolDefinition
from chat.presentation.server_tools import title_of
from chat.presentation.tool_names import tool_title

Block = dict[str, Any]
_FILES = ("image", "document")


def shared_messages(
    path: Iterable[Message], titles: Mapping[str, ToolDefinition], *, with_files: bool
) -> list[Message]:
    """Return copies of a path's messages with only what readers see, each below the one before it.

    They are not rows. `titles` maps the names of tools to their definitions.
    """
    shown: list[Message] = []
    for message in path:
        if message.role == Message.Role.USER and (message.kind != Message.Kind.CHAT or message.turn_id):
            continue
        content = [
            part
            for block in message.content
            for part in _shared(block, message, titles, with_files=with_files)
        ]
        if message.role == Message.Role.ASSISTANT and not content:
            continue
        made = copy.copy(message)
        made.content, made.context, made.binding = content, "", ""
        made.text = plain_text(content)
        made.model_name = _model_name(message)
        made.turn, made.frame = None, None
        made.thinking_seconds, made.stop_details = [], None
        made.parent_id = shown[-1].id if shown else None
        shown.append(made)
    return shown


def _model_name(message: Message) -> str:
    turn = message.turn
    return turn.model.display_name if turn is not None and turn.model is not None else message.model_name


def _shared(
    block: Block, message: Message, titles: Mapping[str, ToolDefinition], *, with_files: bool
) -> list[Block]:
    kind = block.get("type")
    if kind == "text":
        cited = block.get("citations")
        web = [one for one in cited if _is_web(one)] if isinstance(cited, list) else []
        return [{"type": "text", "text": str(block.get("text", "")), **({"citations": web} if web else {})}]
    if kind in _FILES and message.role == Message.Role.USER:
        return [block] if with_files else [{"type": "file_not_shared"}]
    if kind in TOOL_CALLS or kind == "imported_tool_use":
        return [{"type": "imported_tool_use", "name": _name(block, titles)}]
    if kind == "web_search_tool_result":
        return [block]
    return []


def _is_web(citation: Any) -> bool:
    return isinstance(citation, dict) and citation.get("type") == "web_search_result_location"


def _name(block: Block, titles: Mapping[str, ToolDefinition]) -> str:
    name = str(block.get("name", ""))
    known = titles.get(name) if block.get("type") == "tool_use" else None
    if known is not None:
        return tool_title(known) or name
    return title_of(name) or name if block.get("type") == "server_tool_use" else name
