"""The contexts of the templates that show a message, an answer's place, or a turn without an answer."""

from typing import Any

from chat.models import LanguageModel, Message, Turn
from chat.presentation.blocks import arrived_blocks, fenced_json, shown_blocks
from chat.presentation.citations import joined
from chat.presentation.thread import Thread
from chat.presentation.wording import Ending, ending


def message_context(message: Message, thread: Thread) -> dict[str, Any]:
    """Return what chat/message/_message.html shows of one message of a thread."""
    live = thread.is_live(message)
    versions = thread.siblings.get(message.id, [message.id])
    place = versions.index(message.id)
    other = thread.other_models.get(message.turn_id) if message.turn_id and not live else None
    return {
        "conversation": thread.conversation,
        "thread": thread,
        "message": message,
        "turn": message.turn,
        "live": live,
        "state": thread.state if live else None,
        "blocks": _message_blocks(message, thread),
        "notices": thread.notices(message),
        "call": thread.calls.get(message.id),
        "versions": len(versions),
        "place": place + 1,
        "previous": versions[place - 1] if place else None,
        "following": versions[place + 1] if place + 1 < len(versions) else None,
        "ending": None
        if live or not message.turn
        else turn_ending(message.turn, other, kept=bool(message.content)),
        "other": other,
    }


def placeholder_context(turn: Turn) -> dict[str, Any]:
    """Return the context of an answer that has no message yet."""
    return {"message": None, "turn": turn, "live": True, "blocks": []}


def unanswered_context(turn: Turn, other: LanguageModel | None) -> dict[str, Any]:
    """Return the context of a turn that ended without an answer; `other` can be asked after a refusal."""
    return {"turn": turn, "ending": turn_ending(turn, other), "other": other}


def turn_ending(turn: Turn, other: LanguageModel | None, *, kept: bool = False) -> Ending | None:
    """Return the words for how a turn ended, None while it goes on; `kept` is true if some of the answer is kept."""
    return ending(
        turn.status,
        turn.stop_reason,
        turn.error_code,
        turn.error_detail,
        other.display_name if other else "",
        kept=kept,
    )


def empty_blocks() -> list[dict[str, Any]]:
    """Return one empty open block of each kind; scripts copy their markup when a block begins."""
    return [
        {"index": "", "type": kind, "name": "", "value": "", "open": True}
        for kind in ("text", "thinking", "tool_use", "compaction")
    ]


def _message_blocks(message: Message, thread: Thread) -> list[dict[str, Any]]:
    """Return the blocks of a message; a message that is being written shows its durable events."""
    if message.status == Message.Status.STREAMING and thread.active_turn and thread.state:
        arrived = [block for block in thread.state.blocks if block["message"] == str(message.id)]
        return joined(arrived_blocks(arrived), message.id, live=True)
    blocks = shown_blocks(message.content, thread.tool_calls.get(message.id, {}), message.id)
    if message.role != Message.Role.ASSISTANT or not message.turn or message.turn.output_schema is None:
        return blocks
    # The answer is JSON: as prose its characters would be read as formatting.
    return [
        {**block, "value": fenced_json(block["value"])} if block["type"] == "text" else block
        for block in blocks
    ]
