"""Structured output over real HTTP: extraction, turns with a schema, token counts, and their failures."""

from typing import Any

import httpx2
import pytest

from tests.api.live_server import LiveServer, scenario
from tests.api.people import new_id

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 2},
        "kind": {"enum": ["person", "place"]},
        "aliases": {"type": "array", "items": {"$ref": "#/$defs/alias"}, "maxItems": 3},
    },
    "required": ["name", "kind"],
    "$defs": {"alias": {"type": ["string", "null"]}},
}
NUMBER = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 7}}, "required": ["n"]}


@pytest.fixture(scope="module")
def forced(live: LiveServer) -> str:
    """A model that can't be held to a schema but can be forced to call a tool, beside one that can do neither."""
    live.shell(
        "from chat.models import LanguageModel as M; from django.db.models import F\n"
        "row = M.objects.get(model_id='claude-opus-4-8', connection__kind='simulator')\n"
        "row.capabilities |= {'structured_outputs': {'supported': False}}; row.enabled = True; row.save()\n"
        "row = M.objects.get(model_id='claude-sonnet-4-6', connection__kind='simulator')\n"
        "row.capabilities |= {'structured_outputs': {'supported': False}, 'forced_tool_choice': {'supported': False}}\n"
        "row.enabled = True; row.save()"
    )
    return "claude-opus-4-8"


def extraction(live: LiveServer, **body: Any) -> httpx2.Response:
    return live.client().post("/extract", {"text": "Ada Lovelace", "schema": PERSON, **body})


def test_extract_returns_data_of_the_schema(live: LiveServer) -> None:
    client = new_id()
    answer = extraction(live, client_id=client)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["data"]["kind"] == "person"
    assert len(found["data"]["name"]) > 2
    assert float(found["cost_usd"]) > 0
    assert found["usage"]["output_tokens"] > 0
    assert extraction(live, client_id=client).json() == found
    program = live.client()
    turn = program.get(f"/turns/{found['turn']}").json()
    assert (turn["status"], turn["certainty"]) == ("completed", "exact")
    chat = program.get(f"/conversations/{turn['conversation']}").json()
    assert (chat["archived"], chat["title"]) == (True, "Extraction: Ada Lovelace")


def test_answer_that_breaks_the_schema_is_a_failure(live: LiveServer) -> None:
    # The simulator knows no minimum: the API can't either, so the transform puts it into the description.
    answer = extraction(live, schema=NUMBER)
    assert answer.status_code == 502
    problem = answer.json()
    assert (problem["code"], problem["reason"]) == ("invalid_output", "at n: 1 is less than the minimum of 7")
    assert problem["text"] == '{"n":1}'
    turn = live.client().get(f"/turns/{problem['turn']}").json()
    assert (turn["status"], turn["error"]["code"]) == ("failed", "invalid_output")
    assert (turn["message"]["text"], turn["message"]["status"]) == ('{"n":1}', "complete")
    assert float(problem["cost_usd"]) > 0


def test_cut_answer_and_refusal_have_own_codes(live: LiveServer) -> None:
    cut = extraction(live, text=scenario("max_tokens"))
    assert (cut.status_code, cut.json()["code"]) == (422, "output_truncated")
    assert cut.json()["text"]
    refused = extraction(live, text=scenario("refusal"))
    assert (refused.status_code, refused.json()["code"]) == (422, "refused")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"schema": {"type": "array", "items": {"$ref": "#"}}}, "invalid_schema"),
        ({"schema": {"type": "array", "items": {"$ref": "https://example.com/x"}}}, "invalid_schema"),
        ({"schema": []}, "invalid"),
        ({"text": ""}, "empty"),
        ({"model": "claude-sonnet-4-6"}, "no_structured_output"),
        ({"assistant": "nothing"}, "not_found"),
        ({"instructions": "x" * 20_001}, "invalid"),
    ],
)
def test_impossible_requests_are_refused_at_once(live: LiveServer, forced: str, body: Any, code: str) -> None:
    answer = extraction(live, **body)
    assert answer.json()["code"] == code
    assert answer.status_code == (404 if code == "not_found" else 422)


def test_model_without_formats_uses_a_forced_tool(live: LiveServer, forced: str) -> None:
    found = extraction(live, model=forced)
    assert found.status_code == 200, found.text
    turn = live.client().get(f"/turns/{found.json()['turn']}").json()
    # What the tool was called with is the answer, and kept as its text.
    assert [block["type"] for block in turn["message"]["content"]][-1] == "text"
    assert turn["stop_reason"] == "end_turn"
    next_one = live.client().turn(
        "And again", conversation=turn["conversation"], model=forced, output_schema=PERSON
    )
    assert next_one["status"] == "completed"


def test_schema_applies_to_one_turn_of_a_conversation(live: LiveServer) -> None:
    program = live.client()
    plain = program.turn(scenario("default"))
    shaped = program.turn("Who?", conversation=plain["conversation"], output_schema=PERSON)
    assert shaped["message"]["text"].startswith('{"name":"Who?"')
    after = program.turn(scenario("default", "Thanks"), conversation=plain["conversation"])
    assert not after["message"]["text"].startswith("{")
    again = program.post(f"/turns/{shaped['id']}/retry").json()
    assert again["message"]["text"] == shaped["message"]["text"]


def test_count_tokens_counts_a_draft(live: LiveServer) -> None:
    program = live.client()
    alone = program.post("/count_tokens", {"text": "x" * 300, "model": "claude-sonnet-5-5"}).json()
    assert alone == {
        "input_tokens": 104,
        "exact": True,
        "model": "claude-sonnet-5-5",
        "max_input_tokens": 1_000_000,
    }
    chat = program.turn(scenario("default"))["conversation"]
    whole = program.post("/count_tokens", {"text": "x" * 300, "conversation": chat}).json()
    assert whole["input_tokens"] > alone["input_tokens"]
    assert live.client("outsider").post("/count_tokens", {"conversation": chat}).status_code == 404
    assert live.client(None).post("/count_tokens", {}).status_code == 401
    assert live.client("reader").post("/count_tokens", {}).status_code == 403
