"""Turns with tools in a running Parley: messages that make the simulator call tools, and the rows of such turns."""

import json
from typing import Any

from tests.support.parley import Parley
from tests.support.socket_client import SocketClient


def tool_message(*calls: str) -> str:
    """Return a message that makes the simulator call tools; each of `calls` is a tool's name and its text."""
    pairs = [call.split(" ", 1) for call in calls]
    return "\n".join(f"/tool {name} {json.dumps({'text': text})}" for name, text in pairs)


async def requested_call(client: SocketClient, turn: str, name: str) -> str:
    return str((await client.expect("tool.requested", turn=turn, name=name))["tool_call"])


def turn_messages(parley: Parley, turn: str) -> list[dict[str, Any]]:
    """Return the messages of a turn in order, with parsed content."""
    rows = parley.rows.query("SELECT * FROM chat_message WHERE turn_id = ? ORDER BY depth", turn)
    return [{**row, "content": json.loads(row["content"])} for row in rows]


def tool_results(parley: Parley, turn: str) -> list[dict[str, Any]]:
    (found,) = [row for row in turn_messages(parley, turn) if row["kind"] == "results"]
    assert found["role"] == "user"
    blocks: list[dict[str, Any]] = found["content"]
    return blocks


def call_statuses(parley: Parley, turn: str) -> dict[str, str]:
    rows = parley.rows.query("SELECT * FROM chat_toolcall WHERE turn_id = ? ORDER BY position", turn)
    return {row["name"]: row["status"] for row in rows}


async def assert_conversation_continues(client: SocketClient, conversation: str) -> None:
    """Send another message: the upstream checks every signature and every pair of call and result."""
    again = await client.start("And now?", conversation=conversation)
    finished = await client.finished(again["turn"])
    assert (finished["status"], finished["error"]) == ("completed", None)
