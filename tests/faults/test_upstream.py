"""Every case of `upstream_cases` against a running Parley, all of them at the same time."""

import asyncio
import dataclasses
import json
import time
from collections import Counter
from typing import Any

import pytest
from django.utils import translation

from chat.events.state import TurnState
from chat.simulator.transport.wire import workspace_of
from tests.faults.upstream_cases import CASES, Case
from tests.faults.upstream_table import DOCUMENT, document, sentence
from tests.support.parley import Parley
from tests.support.socket_client import LONGEST_WAIT_SECONDS

pytestmark = pytest.mark.slow


@dataclasses.dataclass
class Outcome:
    """The rows, the frames and the upstream's bill of one case. `shown` is the text that the socket brought."""

    turn: dict[str, Any]
    finished: dict[str, Any]
    frames: list[bytes]
    stored: list[bytes]
    answers: list[dict[str, Any]]
    calls: list[dict[str, Any]]
    billed: list[dict[str, Any]]
    shown: str


def final_invoice(parley: Parley, turns: dict[str, str]) -> list[dict[str, Any]]:
    """Return the upstream's bill when it has an entry for every request; the last clients may just have left."""
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    expected = Counter(
        {workspace_of(f"sk-{name}"): len(parley.rows.calls(turn)) for name, turn in turns.items()}
    )
    while True:
        rows: list[dict[str, Any]] = parley.upstream.invoice()["rows"]
        if expected <= Counter(row["workspace"] for row in rows) or time.monotonic() > deadline:
            return rows
        time.sleep(0.1)  # the upstream does not announce a new row


@pytest.fixture(scope="module")
def outcomes(parley: Parley) -> dict[str, Outcome]:
    """Run all cases at once over one socket."""

    async def run_all() -> dict[str, str]:
        async with parley.socket() as client:
            turns = {}
            for name, case in CASES.items():
                accepted = await client.start(
                    f"[[scenario:{case.scenario}]]",
                    model=parley.models[name],
                    assistant=alone if case.alone else None,
                )
                turns[name] = accepted["turn"]
            for turn in turns.values():
                await client.finished(turn)
            found.append(client)
            return turns

    found: list[Any] = []
    assistants = "from chat.models import Assistant as A; "
    alone = parley.shell(
        f"{assistants}print(A.objects.create(name='Left alone', auto_continue=False).id)"
    ).strip()
    turns = asyncio.run(run_all())
    parley.shell(f"{assistants}A.objects.filter(id={alone!r}).update(enabled=False)")
    client, invoice = found[0], final_invoice(parley, turns)
    return {
        name: Outcome(
            turn=parley.rows.turn(turn),
            finished=next(
                m for m in client.messages if m.get("turn") == turn and m["type"] == "turn.finished"
            ),
            frames=client.frames[turn],
            stored=parley.rows.frames(turn),
            answers=parley.rows.answers(turn),
            calls=parley.rows.calls(turn),
            billed=[row for row in invoice if row["workspace"] in _workspaces(name)],
            shown=client.text(turn),
        )
        for name, turn in turns.items()
    }


def _workspaces(name: str) -> set[str]:
    return {workspace_of(f"sk-{name}"), workspace_of(f"sk-{name}-spare")}


@pytest.fixture(params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def outcome(case: Case, outcomes: dict[str, Outcome]) -> Outcome:
    return outcomes[case.name]


def test_turn_ends_as_the_table_says(case: Case, outcome: Outcome) -> None:
    ends = (outcome.turn["status"], outcome.turn["error_code"], outcome.turn["stop_reason"])
    assert ends == (case.status, case.code, case.stop_reason)
    assert (outcome.finished["status"], outcome.finished["stop_reason"] or "") == (
        case.status,
        case.stop_reason,
    )
    error = outcome.finished["error"]
    assert (error and error["code"]) == (None if case.status == "completed" else case.code or case.status)
    if error:
        assert error["message"]
        assert error["message"] in sentence(case)


def test_text_is_kept_as_the_table_says(case: Case, outcome: Outcome) -> None:
    kept = "".join(answer["text"] for answer in outcome.answers)
    assert {answer["status"] for answer in outcome.answers} <= {"complete", "partial"}
    if case.status == "refused":
        assert kept == ""
    else:
        assert kept.replace("\ufffd", "\0") == outcome.shown.replace("\ufffd", "\0")
    assert bool(kept) == (case.kept != "nothing")
    whole = case.status == "completed"
    assert (outcome.answers[-1]["status"] == "complete") == whole


def test_ledger_has_a_row_for_each_request_that_arrived(case: Case, outcome: Outcome) -> None:
    assert [(call["status"], call["certainty"]) for call in outcome.calls] == list(case.attempts)
    assert len(outcome.billed) == len(case.attempts)
    assert all(call["finished_at"] for call in outcome.calls)


def test_ledger_agrees_with_the_upstream_invoice(case: Case, outcome: Outcome) -> None:
    for call, bill in zip(outcome.calls, outcome.billed, strict=True):
        if call["certainty"] == "exact":
            assert call["output_tokens"] == bill["usage"]["output_tokens"]
        if call["certainty"] != "unknown":
            assert call["input_tokens"] == bill["usage"]["input_tokens"]
            assert call["upstream_request_id"] == bill["request_id"]


def test_stored_frames_are_those_of_the_socket(outcome: Outcome) -> None:
    assert outcome.frames == outcome.stored
    state = TurnState.of(outcome.frames)
    assert state.status == outcome.turn["status"]
    assert state.seq == outcome.turn["last_seq"]


def test_continue_is_offered_as_the_table_says(case: Case, outcome: Outcome) -> None:
    from chat.models import Turn

    turn = Turn(status=outcome.turn["status"], stop_reason=outcome.turn["stop_reason"])
    assert turn.can_continue == ("Continue" in case.offered)


def test_waits_are_announced_and_capped(outcomes: dict[str, Outcome]) -> None:
    for name in ("rate-limited-times-1", "rate-limited-retry-after-90-times-1"):
        notices = [frame for frame in outcomes[name].frames if b'"type":"notice"' in frame]
        assert len(notices) == 1
        assert b'"code":"retrying","seconds":1' in notices[0]


def test_failover_is_announced_and_stored(outcomes: dict[str, Outcome]) -> None:
    failed_over = {
        name: outcome for name, outcome in outcomes.items() if "failover" in outcome.turn["notices"]
    }
    assert failed_over.keys() == {case.name for case in CASES.values() if case.spare} - {
        "cut-key-spare-late",
        "bad-request-key-spare-400",
    }
    for name, outcome in failed_over.items():
        (kept,) = TurnState.of(outcome.frames).notices
        assert json.loads(outcome.turn["notices"]) == [kept]
        assert (kept["code"], kept["from"], kept["to"]) == ("failover", name, f"{name}-spare")
        connections = [call["connection_name"] for call in outcome.calls]
        assert connections[-1] == f"{name}-spare"
        assert set(connections[:-1]) == {name}


def test_document_has_the_generated_table() -> None:
    with translation.override("en"):
        text = DOCUMENT.read_text(encoding="utf-8")
        assert document(text) == text, "run: python -m tests.faults.upstream_table"
