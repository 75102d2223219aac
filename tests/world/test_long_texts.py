"""Long pastes arrive from every door, in whatever encoding: the limit counts characters, everywhere."""

import json
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from chat.claude.encoding.client_json import LONGEST_TEXT
from tests.support.parley import Parley

# Each is below the limit of characters and was above a limit of bytes.
TEXTS = {
    "Hangul": "가" * 400_000,
    "lines of one letter": "a\n" * 499_999 + "a",
    "quotes": '"' * 600_000,
    "emoji": "😀" * 400_000,
    "the longest of emoji": "😀" * LONGEST_TEXT,
    "control characters": "\x01" * LONGEST_TEXT,
    "commas": "1,[" * (LONGEST_TEXT // 3),
}
DOORS = {"raw": {"ensure_ascii": False}, "escaped": {"ensure_ascii": True}}


@pytest.mark.parametrize("encoding", DOORS)
@pytest.mark.parametrize("name", TEXTS)
async def test_a_long_text_is_accepted_by_the_socket(parley: Parley, name: str, encoding: str) -> None:
    start = {"type": "turn.start", "client_id": str(uuid4()), "model": parley.models["plain"]}
    async with parley.socket() as client:
        await client.connection.send(json.dumps({**start, "text": TEXTS[name]}, **DOORS[encoding]))
        accepted = await client.expect("turn.accepted")
        await client.finished(accepted["turn"])
    (kept,) = parley.rows.query("SELECT text FROM chat_message WHERE id = ?", accepted["user_message"])
    assert kept["text"] == TEXTS[name].strip()


@pytest.mark.parametrize("encoding", DOORS)
@pytest.mark.parametrize("name", TEXTS)
async def test_a_long_text_is_accepted_by_the_api(parley: Parley, name: str, encoding: str) -> None:
    body = {"text": TEXTS[name], "model": parley.models["plain"], "wait": False}
    answer = await post(parley, json.dumps(body, **DOORS[encoding]))
    assert answer.status_code in {200, 202}  # 200 when the answer has ended by then
    (kept,) = parley.rows.query("SELECT text FROM chat_message WHERE id = ?", answer.json()["user_message"])
    assert kept["text"] == TEXTS[name].strip()


@pytest.mark.parametrize("character", ["a", "가", "😀"])
async def test_one_character_more_is_refused_in_words(parley: Parley, character: str) -> None:
    text = character * (LONGEST_TEXT + 1)
    answer = await post(parley, json.dumps({"text": text, "model": parley.models["plain"]}))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_long")
    async with parley.socket() as client:
        refused = await client.ask(type="turn.start", text=text, model=parley.models["plain"])
        assert (refused["code"], "1,000,000 characters" in refused["message"]) == ("too_long", True)
        await client.send(type="ping")
        await client.expect("pong")


async def post(parley: Parley, body: str) -> Any:
    headers = {
        "Authorization": f"Bearer {parley.people['insider']['chat']}",
        "Content-Type": "application/json",
    }
    async with httpx2.AsyncClient(timeout=60, trust_env=False) as program:
        return await program.post(f"{parley.server.url}/api/v1/turns", content=body, headers=headers)
