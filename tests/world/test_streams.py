"""Streams as servers of strangers send them, replayed over HTTP to a running Parley: how the turns end.

A new case is a file in `streams/` and a row here. The files come from public reports about gateways, proxies and local
servers, with invented content.
"""

import asyncio
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chat.engine.turn.attempt import LONGEST_WAIT_FOR_STOP_SECONDS
from chat.events.state import TurnState
from tests.support.file_upstream import FileUpstream
from tests.support.parley import Parley, create_parley

pytestmark = pytest.mark.slow
STREAMS = Path(__file__).parent / "streams"

ANSWER, REST = "answer-42.sse", "rest-of-the-answer.sse"
DONE, FREE, BROKEN = ("succeeded", "exact"), ("failed", "exact"), ("failed", "unknown")
CUT, FAILED = ("cut", "estimated"), ("failed", "estimated")
WHOLE, HALF = "whole answer", "The first half, "
SHORT_IDLE_LIMIT: dict[str, Any] = {"content_idle_seconds": 5}
ONE_RETRY: dict[str, Any] = {"max_retries": 1}
# Responses that stay open do so for 60 seconds or more.
BEFORE_ITS_END = 30.0


@dataclasses.dataclass(frozen=True)
class Case:
    """The files that answer a turn's requests, in order, and how the turn ends.

    `calls` are the ledger's rows, `tools` the statuses of the tool calls, `seconds` the longest time that the turn may
    take, `limits` fields of the connection. With `alone` broken answers don't continue by themselves. With `stop` the
    person stops the answer at its first text.
    """

    files: tuple[str, ...]
    text: str = ""
    end: tuple[str, str] = ("completed", "end_turn")
    calls: tuple[tuple[str, str], ...] = (DONE,)
    tools: tuple[str, ...] = ()
    seconds: float = 60
    limits: dict[str, Any] = dataclasses.field(default_factory=dict)
    alone: bool = False
    stop: bool = False

    @property
    def name(self) -> str:
        name = "-then-".join(file.rpartition(".")[0] for file in self.files if file not in (ANSWER, REST))
        return name + ("-alone" if self.alone else "") + ("-one-retry" if self.limits == ONE_RETRY else "")


def whole(file: str, **fields: Any) -> Case:
    """An answer that is complete and exactly billed, without a retry."""
    return Case((file,), WHOLE, **fields)


def runs(file: str, text: str = "42", **fields: Any) -> Case:
    """An answer whose tool runs once, and the answer after it."""
    return Case((file, ANSWER), text, calls=(DONE, DONE), tools=("done",), **fields)


def hollow(file: str) -> Case:
    """An answer that announces what it lacks: retried like any failure before the first delta."""
    end = ("failed", "no_content")
    return Case((file,), end=end, calls=(FREE, FREE), limits=ONE_RETRY)


def mended(*files: str, text: str = HALF + "and the rest.", **fields: Any) -> Case:
    """An answer that breaks in the middle and goes on by itself."""
    return Case((*files, REST), text, calls=(*[CUT] * len(files), DONE), **fields)


CASES = [
    *[runs(f"tool-{reason}.sse") for reason in ("end_turn", "null", "stop", "tool_calls", "stop_sequence")],
    runs("text-and-tool.sse", "I calculate.42"),
    Case(("tool-max_tokens-must-not-run.sse",), end=("completed", "max_tokens"), tools=("stopped",)),
    Case(
        ("tool-context-full-must-not-run.sse",),
        end=("completed", "model_context_window_exceeded"),
        tools=("stopped",),
    ),
    Case(("tool-refusal-must-not-run.sse",), end=("refused", "refusal")),
    hollow("tool_use-without-block.sse"),
    hollow("pause_turn-without-block.sse"),
    hollow("pause_turn-with-empty-text.sse"),
    Case(("text-and-tool_use-without-call.sse",), "Just words."),
    whole("block-stop-twice.sse"),
    runs("tool-stop-twice.sse"),
    whole("message-stop-twice.sse"),
    whole("message-delta-twice.sse"),
    whole("message-start-twice.sse"),
    whole("events-after-message-stop.sse"),
    whole("done-after-message-stop.sse"),
    whole("pings-after-message_delta.sse", seconds=BEFORE_ITS_END, limits=SHORT_IDLE_LIMIT),
    whole("end-after-message_delta.sse"),
    whole("no-blank-line.sse"),
    runs("tool-end-after-message_delta.sse"),
    whole("done-after-message_delta.sse"),
    whole("reset-after-message_delta.sse"),
    whole("error-after-message_delta.sse"),
    whole("silence-after-message_delta.sse", seconds=BEFORE_ITS_END),
    Case(
        ("end-before-message_delta.sse",),
        "half an answer",
        end=("interrupted", "truncated"),
        calls=(CUT,),
        alone=True,
    ),
    whole("pings-after-message_stop.sse", seconds=BEFORE_ITS_END),
    runs("tool-pings-after-message_stop.sse", seconds=BEFORE_ITS_END),
    whole("comments-after-message_stop.sse", seconds=BEFORE_ITS_END),
    whole("silence-after-message_stop.sse", seconds=BEFORE_ITS_END),
    Case(("emoji-in-two-deltas.sse",), "Hi 😀!"),
    Case(("thinking-in-two-deltas.sse",), "ok"),
    Case(("emoji-from-the-block-start.sse",), "Hi 😀!"),
    Case(("half-that-stays-alone.sse",), "Hi \ufffd! \ufffd"),
    Case(("slow-second-half.sse",), "Hi 😀!"),
    Case(("stop-after-the-half.sse",), "Hi ", end=("stopped", ""), calls=(CUT,), stop=True),
    Case(
        ("tool-input-in-two-deltas.sse", ANSWER),
        "42",
        calls=(DONE, DONE),
        tools=("failed",),
    ),
    Case(("cut-between-the-halves.sse", "rest-after-the-cut.sse"), "Hi 😀!", calls=(CUT, DONE)),
    whole("no-event-lines.sse"),
    whole("wrong-event-names.sse"),
    whole("byte-order-mark-and-crlf.sse"),
    whole("no-last-blank-line-nor-names.sse"),
    whole("events-labelled-as-json.sse"),
    whole("events-without-a-label.sse"),
    whole("whole-message.json"),
    whole("whole-message-labelled-as-stream.json"),
    runs("whole-message-with-a-tool.json"),
    *[
        Case((file,), end=("failed", code), calls=(FREE,), limits=ONE_RETRY)
        for file, code in (
            ("web-page.html", "web_page"),
            ("web-page-labelled-as-stream.html", "web_page"),
            ("other-json.json", "protocol"),
        )
    ],
    mended("connection-cut.sse"),
    mended("end-in-the-answer.sse"),
    mended("overloaded-in-the-answer.sse"),
    mended("unreadable-event-in-the-answer.sse"),
    mended("silence-in-the-answer.sse", limits=SHORT_IDLE_LIMIT),
    mended("pings-in-the-answer.sse", limits=SHORT_IDLE_LIMIT),
    mended("connection-cut-in-thinking.sse", text="and the rest."),
    mended("connection-cut-after-a-call.sse", text="I calculate.and the rest.", tools=("stopped",)),
    Case(
        ("connection-cut.sse", "connection-cut-again.sse"),
        HALF + "the second part, " * 2,
        end=("interrupted", "connection"),
        calls=(CUT,) * 3,
    ),
    Case(("connection-cut.sse", "end-at-once.sse", REST), HALF + "and the rest.", calls=(CUT, FAILED, DONE)),
    Case(
        ("connection-cut.sse", "end-at-once.sse"),
        HALF + "the second part, " * 2,
        end=("interrupted", "truncated"),
        calls=(CUT, FAILED, CUT, FAILED, CUT),
        limits=ONE_RETRY,
    ),
    Case(("invalid-request-in-the-answer.sse",), HALF, end=("interrupted", "invalid_request"), calls=(CUT,)),
    Case(("connection-cut.sse",), HALF, end=("interrupted", "connection"), calls=(CUT,), alone=True),
    *[
        Case((file,), end=("failed", "timeout"), calls=(BROKEN,), limits=SHORT_IDLE_LIMIT)
        for file in ("no-headers.sse", "silence-before-the-answer.sse")
    ],
    Case(
        ("pings-before-the-answer.sse",), end=("failed", "timeout"), calls=(FAILED,), limits=SHORT_IDLE_LIMIT
    ),
    whole("late-answer.sse", limits=SHORT_IDLE_LIMIT),
]
NAMES = [case.name for case in CASES]


@dataclasses.dataclass
class Outcome:
    """What a case left in the database, on the socket and upstream."""

    turn: dict[str, Any]
    answers: list[dict[str, Any]]
    calls: list[dict[str, Any]]
    tools: list[dict[str, Any]]
    frames: list[bytes]
    stored: list[bytes]
    sent: list[dict[str, Any]]
    seconds: float

    @property
    def state(self) -> TurnState:
        return TurnState.of(self.frames)

    @property
    def shown(self) -> str:
        return "".join(block["value"] for block in self.state.blocks if block["type"] == "text")


@pytest.fixture(scope="module")
def upstream() -> Iterator[FileUpstream]:
    answers = {case.name: [STREAMS / file for file in case.files] for case in CASES}
    with FileUpstream(answers) as running:
        yield running


SEED = """
from chat.models import Assistant, AssistantTool, ToolDefinition
schema = {"type": "object", "properties": {"expression": {"type": "string"}}, "additionalProperties": False}
fields = {"kind": "python", "target": "calculate", "input_schema": schema, "approval": "allow"}
tool = ToolDefinition.objects.get_or_create(name="calculate", defaults=fields)[0]
for name, goes_on in (("Calculates", None), ("Left alone", False)):
    assistant = Assistant.objects.create(name=name, auto_continue=goes_on)
    AssistantTool.objects.create(assistant=assistant, tool=tool)
    print(assistant.id)
"""


@pytest.fixture(scope="module")
def outcomes(
    prepared_data: Path, tmp_path_factory: pytest.TempPathFactory, upstream: FileUpstream
) -> Iterator[dict[str, Outcome]]:
    """Run all cases at once over one socket."""
    folder = tmp_path_factory.mktemp("streams") / "parley"
    connections = [
        {"name": case.name, "base_url": f"{upstream.url}/{case.name}", **case.limits} for case in CASES
    ]
    made = create_parley(prepared_data, folder, upstream, connections)  # type: ignore[arg-type]
    calculates, alone = made.shell(SEED).split()
    with made.running():
        yield asyncio.run(run_all(made, upstream, calculates, alone))


async def run_all(parley: Parley, upstream: FileUpstream, calculates: str, alone: str) -> dict[str, Outcome]:
    async with parley.socket() as client:
        turns = {}
        for case in CASES:
            assistant = alone if case.alone else calculates
            model = parley.models[case.name]
            accepted = await client.start("Well?", model=model, assistant=assistant)
            turns[case.name] = accepted["turn"]
        for case in CASES:
            if case.stop:
                await client.expect("block.delta", turn=turns[case.name])
                await client.send(type="turn.stop", turn=turns[case.name])
        return {
            name: outcome(parley, client, upstream, name, (await client.finished(turn))["turn"])
            for name, turn in turns.items()
        }


def outcome(parley: Parley, client: Any, upstream: FileUpstream, name: str, turn: str) -> Outcome:
    last = client.frames[turn][-1]
    seq = json.loads(last)["seq"]
    return Outcome(
        turn=parley.rows.turn(turn),
        answers=parley.rows.answers(turn),
        calls=parley.rows.calls(turn),
        tools=parley.rows.query("SELECT * FROM chat_toolcall WHERE turn_id = ? ORDER BY id", turn),
        frames=client.frames[turn],
        stored=parley.rows.frames(turn),
        sent=upstream.sent[name],
        seconds=client.received_at[turn, seq] - client.received_at[turn, 1],
    )


@pytest.fixture(params=CASES, ids=NAMES)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


def test_every_file_has_a_row() -> None:
    assert {path.name for path in STREAMS.iterdir()} == {file for case in CASES for file in case.files}


def test_turn_ends_as_the_message_says(case: Case, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[case.name]
    turn = outcome.turn
    assert (turn["status"], turn["error_code"] or turn["stop_reason"]) == case.end
    assert outcome.seconds < case.seconds
    assert [call["status"] for call in outcome.tools] == list(case.tools)


def test_each_request_has_its_row_and_its_bill(case: Case, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[case.name]
    assert [(call["status"], call["certainty"]) for call in outcome.calls] == list(case.calls)
    assert len(outcome.sent) == len(case.calls)
    for call in outcome.calls:
        if (call["status"], call["certainty"]) == DONE:
            assert (call["input_tokens"], call["output_tokens"]) == (100, 20)


def test_text_is_the_same_for_all_readers(case: Case, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[case.name]
    stored = "".join(answer["text"] for answer in outcome.answers)
    assert stored == outcome.shown == case.text
    assert outcome.frames == outcome.stored
    assert outcome.state.status == case.end[0]


def test_next_request_holds_what_was_received(outcomes: dict[str, Outcome]) -> None:
    tool = outcomes["tool-end_turn"].sent[1]["messages"]
    assert [message["role"] for message in tool] == ["user", "assistant", "user"]
    assert tool[1]["content"][0]["input"] == {"expression": "6*7"}
    assert tool[2]["content"][0]["content"] == [{"type": "text", "text": "42"}]
    emoji = outcomes["tool-input-in-two-deltas"].sent[1]["messages"]
    assert emoji[1]["content"][0]["input"] == {"expression": "1+1", "note": "😀"}
    cut = outcomes["cut-between-the-halves-then-rest-after-the-cut"].sent[1]["messages"]
    assert cut[1]["content"] == [{"type": "text", "text": "Hi "}]


def test_thinking_in_two_deltas_is_one_character(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["thinking-in-two-deltas"]
    thought = {"type": "thinking", "thinking": "Hm 😀!", "signature": "c2ln"}
    assert json.loads(outcome.answers[0]["content"])[0] == thought
    assert outcome.state.blocks[0]["value"] == "Hm 😀!"


def test_continued_answer_asks_for_its_rest(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["connection-cut"]
    first, second = outcome.answers
    assert [first["status"], second["status"]] == ["partial", "complete"]
    asked = outcome.sent[1]["messages"]
    assert [message["role"] for message in asked] == ["user", "assistant", "user"]
    assert f"<end_of_answer>{HALF}</end_of_answer>" in json.dumps(asked[2]["content"])
    notice = {"code": "continued", "reason": "connection", "after": first["id"]}
    assert json.loads(outcome.turn["notices"]) == outcome.state.notices == [notice]
    assert {block["message"] for block in outcome.state.blocks} == {first["id"], second["id"]}


def test_answer_continues_by_itself_twice_at_most(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes["connection-cut-then-connection-cut-again"]
    assert [answer["status"] for answer in outcome.answers] == ["partial"] * 3
    reasons = [notice["reason"] for notice in json.loads(outcome.turn["notices"])]
    assert reasons == ["connection", "connection"]


def test_calls_of_a_broken_answer_have_results(outcomes: dict[str, Outcome]) -> None:
    asked = outcomes["connection-cut-after-a-call"].sent[1]["messages"]
    (result,) = asked[2]["content"]
    assert (result["tool_use_id"], result["is_error"]) == ("toolu_01stub", True)
    assert "broke off" in result["content"][0]["text"]


def test_responses_that_stay_open_are_closed(outcomes: dict[str, Outcome], upstream: FileUpstream) -> None:
    for name in ("pings-after-message_stop", "pings-after-message_delta"):
        assert outcomes[name].turn["status"] == "completed"
        assert upstream.closed[name][0] < BEFORE_ITS_END


def test_an_ended_message_waits_for_nothing(outcomes: dict[str, Outcome]) -> None:
    seconds = [outcome.seconds for name, outcome in outcomes.items() if name.endswith("after-message_stop")]
    assert len(seconds) == 4
    # The fastest of them: a busy machine may hold up any single one.
    assert min(seconds) < LONGEST_WAIT_FOR_STOP_SECONDS


def test_ended_response_leaves_its_connection_to_the_next(
    outcomes: dict[str, Outcome], upstream: FileUpstream
) -> None:
    assert len(outcomes["tool-end_turn"].sent) == len(outcomes["tool-pings-after-message_stop"].sent) == 2
    assert len(upstream.clients["tool-end_turn"]) == 1
    assert len(upstream.clients["tool-pings-after-message_stop"]) == 2
