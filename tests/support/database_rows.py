"""The tables of a running Parley, read without Parley's own code."""

import contextlib
import json
import re
import sqlite3
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from tests.support.server import Server


class DatabaseRows:
    """Queries on a server's database. Identifiers are given and returned as the socket writes them."""

    def __init__(self, server: Server) -> None:
        self._postgres = server.environment["DATABASE_URL"]
        self.file = server.data_dir / "parley.sqlite3"

    def query(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """Run one statement with `?` placeholders and return its rows."""
        if self._postgres:
            with psycopg.connect(self._postgres, row_factory=dict_row) as connection:
                cursor = connection.execute(sql.replace("?", "%s"), values)
                return [_plain(row) for row in cursor.fetchall()] if cursor.description else []
        with contextlib.closing(sqlite3.connect(self.file, timeout=20)) as connection:
            connection.row_factory = sqlite3.Row
            with connection:
                found = connection.execute(sql, [_hex(value) for value in values]).fetchall()
            return [_plain(dict(row)) for row in found]

    def turn(self, turn: str) -> dict[str, Any]:
        return self.query("SELECT * FROM chat_turn WHERE id = ?", turn)[0]

    def calls(self, turn: str) -> list[dict[str, Any]]:
        return self.query("SELECT * FROM chat_apicall WHERE turn_id = ? ORDER BY id", turn)

    def answers(self, turn: str) -> list[dict[str, Any]]:
        return self.query(
            "SELECT * FROM chat_message WHERE turn_id = ? AND role = 'assistant' ORDER BY depth", turn
        )

    def text(self, turn: str) -> str:
        return "".join(answer["text"] for answer in self.answers(turn))

    def frames(self, turn: str) -> list[bytes]:
        rows = self.query("SELECT frames FROM chat_turnevent WHERE turn_id = ? ORDER BY first_seq", turn)
        return [frame for row in rows for frame in _packed(row["frames"])]


def _packed(text: str) -> Iterator[bytes]:
    """Yield the elements of a JSON list, byte for byte."""
    decoder, at = json.JSONDecoder(), 1
    while at < len(text):
        _event, end = decoder.raw_decode(text, at)
        yield text[at:end].encode()
        at = end + 1


def _hex(value: Any) -> Any:
    with contextlib.suppress(ValueError, AttributeError, TypeError):
        return UUID(value).hex if len(value) == 36 else value
    return value


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return the row with its identifiers as the socket writes them; SQLite keeps them without hyphens."""
    return {
        name: str(UUID(str(value)))
        if value and (name == "id" or name.endswith("_id")) and re.fullmatch(r"[0-9a-f-]{32,36}", str(value))
        else value
        for name, value in row.items()
    }
