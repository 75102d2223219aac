"""The queries of a turn's beginning, from the accepted command to the first upstream request.

`python -m bench.turn_start KEY` runs a web process in Parley's own environment, starts turns through its socket, and
counts the statements that the turns' own work sends to the database. With --list it prints them. What the process asks
for all turns once a second is not counted, nor is BEGIN, which PostgreSQL's driver sends by itself.
"""

import argparse
import asyncio
import dataclasses
import json
import os
import traceback
from typing import Any

import django
import orjson
import structlog
import uvicorn
import uvloop
from websockets.asyncio.client import ClientConnection

from bench.clients import Sockets, start
from tests.support.environment import ROOT
from tests.support.server import free_port

LONG = "deltas=2000 pace=20 together=1"
SHORT = "deltas=1 pace=20 together=1"
LONGEST_SECONDS = 120
INSERT_TURN = 'INSERT INTO "chat_turn" '


@dataclasses.dataclass(frozen=True, slots=True)
class Statement:
    """One statement for the command with this id, and the line of Parley that asked for it."""

    request_id: str
    sql: str
    caller: str


class Statements:
    """The statements of this process's commands and of the turns that they start, in order."""

    def __init__(self) -> None:
        self.seen: list[Statement] = []

    def watch(self, **created: Any) -> None:
        """Watch a new connection (a receiver of `connection_created`, which is sent at each reuse as well)."""
        wrappers = created["connection"].execute_wrappers
        if self._note not in wrappers:
            wrappers.append(self._note)

    def _note(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        # A command and the turn that it starts have this id; the engine's loops have none.
        request_id = structlog.contextvars.get_contextvars().get("request_id")
        if request_id and not sql.startswith("BEGIN"):
            self.seen.append(Statement(request_id, sql, _caller()))
        return execute(sql, params, many, context)

    def of_turn(self, first: int) -> list[Statement]:
        """Return the statements of the command that wrote a turn, from an index on; none if no command did."""
        fresh = self.seen[first:]
        writing = {each.request_id for each in fresh if each.sql.startswith(INSERT_TURN)}
        return [each for each in fresh if each.request_id in writing]


def _caller() -> str:
    own = [frame for frame in traceback.extract_stack() if frame.filename.startswith(f"{ROOT}/chat/")]
    return f"{os.path.relpath(own[-1].filename, ROOT)}:{own[-1].lineno} {own[-1].name}" if own else ""


async def begin(
    socket: ClientConnection, statements: Statements, text: str, **place: str
) -> tuple[list[Statement], str]:
    """Start a turn and read it to its end; it is stopped when its first text has come.

    Returns the statements until then, and the turn's conversation.
    """
    first, found, conversation = len(statements.seen), [], ""
    await start(socket, text, **place)
    async for frame in socket:
        event = orjson.loads(frame)
        match event["type"]:
            case "turn.accepted":
                conversation = event["conversation"]
            case "block.delta" if not found:
                found = statements.of_turn(first)
                await socket.send(json.dumps({"type": "turn.stop", "turn": event["turn"]}))
            case "turn.finished":
                assert found, event
                return found, conversation
            case "error" | "refresh":
                raise AssertionError(event)
    raise AssertionError("the socket ended before its turn")


async def serve_and_count(key: str, statements: Statements) -> dict[str, list[Statement]]:
    """Return the statements of a turn that begins a chat, and of one that follows in the same chat."""
    port = free_port()
    config = uvicorn.Config(
        "config.asgi:application", port=port, ws="websockets-sansio", lifespan="on", log_level="warning"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.02)
    url = f"ws://127.0.0.1:{port}/ws/chat/"
    sockets = Sockets(url, url, key)
    async with asyncio.timeout(LONGEST_SECONDS), sockets.open(url) as socket:
        _first, conversation = await begin(socket, statements, SHORT)  # what a process learns once
        new_chat, _conversation = await begin(socket, statements, LONG)
        same_chat, _conversation = await begin(socket, statements, LONG, conversation=conversation)
    server.should_exit = True
    await serving
    return {"new_chat": new_chat, "same_chat": same_chat}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.turn_start", description=__doc__)
    parser.add_argument("key", help="a Parley key")
    parser.add_argument("--list", action="store_true", help="print the statements")
    options = parser.parse_args()
    django.setup()
    from django.db.backends.signals import connection_created

    statements = Statements()
    connection_created.connect(statements.watch)
    found = uvloop.run(serve_and_count(options.key, statements))
    for name, those in found.items() if options.list else ():
        print(f"{name}: {len(those)}")
        for number, statement in enumerate(those, 1):
            print(f"{number:3}  {statement.caller}\n     {statement.sql[:160]}")
    print(json.dumps({name: len(those) for name, those in found.items()}))


if __name__ == "__main__":
    main()
