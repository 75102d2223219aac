"""Every way in which an upstream can fail, and what Parley makes of it; `matrix_table` shows it in docs/faults.md.

A case is one turn whose message asks the simulator for a scenario, over a connection of its own: its workspace on the
simulator's invoice shows how many requests really arrived.
"""

import dataclasses
from typing import Any

EXACT, ESTIMATED, UNKNOWN = "exact", "estimated", "unknown"
FREE = ("failed", EXACT)
BROKEN = ("failed", UNKNOWN)
CUT = ("cut", ESTIMATED)
FAILED = ("failed", ESTIMATED)
DONE = ("succeeded", EXACT)


@dataclasses.dataclass(frozen=True)
class Case:
    """`tries` are the ledger's rows in order; `limits` are fields of the connection that differ from the defaults."""

    about: str
    scenario: str
    status: str
    code: str = ""
    tries: tuple[tuple[str, str], ...] = (DONE,)
    kept: str = "nothing"
    stop_reason: str = ""
    limits: dict[str, Any] = dataclasses.field(default_factory=dict)
    reached: bool = True
    spare: bool = False  # a second connection offers the same model

    @property
    def name(self) -> str:
        return "-".join(self.scenario.replace("=", " ").replace("_", " ").split())

    @property
    def goes_on(self) -> str:
        """What the person is offered."""
        at_limit = self.stop_reason in ("max_tokens", "tool_use", "pause_turn")
        if self.status in ("stopped", "interrupted") or at_limit:
            return "Continue, Retry"
        return "Retry"


ONCE: dict[str, Any] = {"max_retries": 1}
NEVER_AGAIN: dict[str, Any] = {"max_retries": 0}
WATCHED: dict[str, Any] = {"content_idle_seconds": 5, "max_retries": 0}

BEFORE = "Before the stream"
WITHIN = "In the stream, before the first delta"
AFTER = "In the stream, after the first delta"
ENDS = "In the answer itself"
NEVER = "Before anything was sent"
ELSEWHERE = "With a second connection that offers the same model"

MATRIX: dict[str, list[Case]] = {
    BEFORE: [
        Case("400, invalid request", "bad_request", "failed", "invalid_request", (FREE,)),
        Case("400, the customer's own limit", "usage_limit", "failed", "spend_limit", (FREE,)),
        Case("401, wrong key", "authentication", "failed", "authentication", (FREE,)),
        Case("402, no payment", "billing", "failed", "billing", (FREE,)),
        Case("403, key without the right", "permission", "failed", "permission", (FREE,)),
        Case("404, unknown model", "not_found", "failed", "not_found", (FREE,)),
        Case("408, timeout", "request_timeout", "failed", "timeout", (FREE, FREE), limits=ONCE),
        Case("409, conflict", "conflict", "failed", "unavailable", (FREE, FREE), limits=ONCE),
        Case("413, too large", "too_large", "failed", "too_large", (FREE,)),
        Case("418, a status that nobody knows", "status code=418", "failed", "invalid_request", (FREE,)),
        Case(
            "429 with Retry-After: 1, then well",
            "rate_limited times=1",
            "completed",
            "",
            (FREE, DONE),
            "all",
            "end_turn",
        ),
        Case(
            "429 with Retry-After: 90; the connection waits 1 s at most",
            "rate_limited retry_after=90 times=1",
            "completed",
            "",
            (FREE, DONE),
            "all",
            "end_turn",
            {"retry_after_limit_seconds": 1},
        ),
        Case("429 again and again", "rate_limited", "failed", "rate_limited", (FREE, FREE), limits=ONCE),
        Case("429, spend cap, without Retry-After", "spend_cap", "failed", "spend_limit", (FREE,)),
        Case("500, then well", "server_error times=1", "completed", "", (FREE, DONE), "all", "end_turn"),
        Case("500 again and again", "server_error", "failed", "unavailable", (FREE, FREE), limits=ONCE),
        Case("502, a proxy's HTML page", "bad_gateway", "failed", "unavailable", (FREE, FREE), limits=ONCE),
        Case("503", "unavailable", "failed", "unavailable", (FREE, FREE), limits=ONCE),
        Case("504", "gateway_timeout", "failed", "timeout", (FREE, FREE), limits=ONCE),
        Case(
            "529 twice, then well",
            "overloaded times=2",
            "completed",
            "",
            (FREE, FREE, DONE),
            "all",
            "end_turn",
        ),
        Case("529 again and again", "overloaded", "failed", "overloaded", (FREE, FREE), limits=ONCE),
        Case(
            "no answer in time",
            "slow_first_byte first_byte=20",
            "failed",
            "timeout",
            (BROKEN,),
            limits=WATCHED,
        ),
        Case(
            "a first byte that is only late",
            "slow_first_byte first_byte=2",
            "completed",
            "",
            (DONE,),
            "all",
            "end_turn",
        ),
    ],
    WITHIN: [
        Case(
            "error event, then well",
            "error_before_delta times=1",
            "completed",
            "",
            (FAILED, DONE),
            "all",
            "end_turn",
        ),
        Case(
            "error event before message_start",
            "error_before_delta at=first",
            "failed",
            "overloaded",
            (BROKEN, BROKEN),
            limits=ONCE,
        ),
        Case(
            "error event again and again",
            "error_before_delta",
            "failed",
            "overloaded",
            (FAILED, FAILED),
            limits=ONCE,
        ),
        Case(
            "error event that no retry helps",
            "error_before_delta type=invalid_request_error",
            "failed",
            "invalid_request",
            (FAILED,),
        ),
        Case(
            "connection cut, then well",
            "cut_before_delta times=1",
            "completed",
            "",
            (FAILED, DONE),
            "all",
            "end_turn",
        ),
        Case(
            "connection reset",
            "reset at=start",
            "failed",
            "connection",
            (FAILED, FAILED),
            limits=ONCE,
        ),
        Case(
            "clean end without a word",
            "truncated at=first",
            "failed",
            "truncated",
            (BROKEN, BROKEN),
            limits=ONCE,
        ),
        Case("silence", "stall at=start seconds=20", "failed", "timeout", (FAILED,), limits=WATCHED),
        Case(
            "only pings",
            "pings at=start seconds=20 every=0.2",
            "failed",
            "timeout",
            (FAILED,),
            limits=WATCHED,
        ),
        Case("bad JSON", "bad_json at=start", "failed", "protocol", (FAILED, FAILED), limits=ONCE),
    ],
    AFTER: [
        Case("error event", "error_after_delta", "interrupted", "overloaded", (CUT,), "part"),
        Case("connection cut", "cut", "interrupted", "connection", (CUT,), "part"),
        Case("connection reset", "reset pace=50", "interrupted", "connection", (CUT,), "part"),
        Case("clean end without message_stop", "truncated", "interrupted", "truncated", (CUT,), "part"),
        Case(
            "clean end after the last block, without message_stop",
            "truncated at=end",
            "interrupted",
            "truncated",
            (CUT,),
            "part",
        ),
        Case("silence", "stall seconds=20", "interrupted", "timeout", (CUT,), "part", limits=WATCHED),
        Case(
            "only pings",
            "pings seconds=20 every=0.2",
            "interrupted",
            "timeout",
            (CUT,),
            "part",
            limits=WATCHED,
        ),
        Case("silence that ends in time", "stall seconds=1.5", "completed", "", (DONE,), "all", "end_turn"),
        Case("bad JSON", "bad_json", "interrupted", "protocol", (CUT,), "part"),
        Case("bad UTF-8", "bad_utf8", "interrupted", "protocol", (CUT,), "part"),
        Case("a delta of a block that never began", "wrong_index", "interrupted", "protocol", (CUT,), "part"),
        Case("a block that begins twice", "wrong_order", "interrupted", "protocol", (CUT,), "part"),
        Case("unknown event: passed over", "unknown_event", "completed", "", (DONE,), "all", "end_turn"),
        Case("unknown block: kept as it came", "unknown_block", "completed", "", (DONE,), "all", "end_turn"),
        Case("unknown delta: kept as it came", "unknown_delta", "completed", "", (DONE,), "all", "end_turn"),
        Case(
            "a delta without its event's name: passed over",
            "no_event_name",
            "completed",
            "",
            (DONE,),
            "all",
            "end_turn",
        ),
    ],
    ENDS: [
        Case("refusal before any output", "refusal", "refused", "", (DONE,), "nothing", "refusal"),
        Case("refusal in the middle", "refusal_mid", "refused", "", (DONE,), "nothing", "refusal"),
        Case(
            "pause_turn: sent again and gone on",
            "pause_turn rounds=2",
            "completed",
            "",
            (DONE, DONE, DONE),
            "all",
            "end_turn",
        ),
        Case(
            "pause_turn without end",
            "pause_turn rounds=99",
            "completed",
            "",
            (DONE,) * 20,
            "all",
            "pause_turn",
        ),
        Case(
            "tool_use without end",
            "tool_loop rounds=99",
            "completed",
            "",
            (DONE,) * 20,
            "nothing",
            "tool_use",
        ),
        Case(
            "a tool's input that is no JSON: told to the model",
            "bad_tool_json times=1 key=matrix",
            "completed",
            "",
            (DONE, DONE),
            "all",
            "end_turn",
        ),
        Case(
            "a tool's input cut by max_tokens: not run",
            "max_tokens_tool",
            "completed",
            "",
            (DONE,),
            "nothing",
            "max_tokens",
        ),
        Case("stop_sequence", "stops reason=stop_sequence", "completed", "", (DONE,), "all", "stop_sequence"),
        Case("compaction", "stops reason=compaction", "completed", "", (DONE,), "all", "compaction"),
        Case("a stop reason of tomorrow", "stops reason=tired", "completed", "", (DONE,), "all", "tired"),
        Case("max_tokens", "max_tokens", "completed", "", (DONE,), "all", "max_tokens"),
        Case(
            "context window exceeded",
            "context_exceeded",
            "completed",
            "",
            (DONE,),
            "all",
            "model_context_window_exceeded",
        ),
        Case("no block at all", "empty", "completed", "", (DONE,), "nothing", "end_turn"),
        Case("a block without text", "empty_text", "completed", "", (DONE,), "nothing", "end_turn"),
        Case("nothing but blanks", "whitespace", "completed", "", (DONE,), "all", "end_turn"),
        Case("NUL, direction marks, joined emoji", "odd_text", "completed", "", (DONE,), "all", "end_turn"),
        Case("half a surrogate pair", "lone_surrogate", "completed", "", (DONE,), "all", "end_turn"),
        Case("one delta of 3 MB", "huge_delta bytes=3000000", "completed", "", (DONE,), "all", "end_turn"),
    ],
    NEVER: [
        Case(
            "nobody listens at the address",
            "echo",
            "failed",
            "connection",
            (),
            limits={"base_url": "http://127.0.0.1:9", "max_retries": 1},
            reached=False,
        ),
    ],
    ELSEWHERE: [
        Case(
            "529 until retries are used up: the other one answers",
            "overloaded times=2 key=spare-529",
            "completed",
            "",
            (FREE, FREE, DONE),
            "all",
            "end_turn",
            ONCE,
            spare=True,
        ),
        Case(
            "500, no retries allowed: the other one answers",
            "server_error times=1 key=spare-500",
            "completed",
            "",
            (FREE, DONE),
            "all",
            "end_turn",
            NEVER_AGAIN,
            spare=True,
        ),
        Case(
            "only pings: the other one answers",
            "pings at=start seconds=20 every=0.2 times=1 key=spare-pings",
            "completed",
            "",
            (FAILED, DONE),
            "all",
            "end_turn",
            WATCHED,
            spare=True,
        ),
        Case(
            "connection cut before the first delta: the other one answers",
            "cut_before_delta times=1 key=spare-cut",
            "completed",
            "",
            (FAILED, DONE),
            "all",
            "end_turn",
            NEVER_AGAIN,
            spare=True,
        ),
        Case(
            "both are overloaded",
            "overloaded key=spare-both",
            "failed",
            "overloaded",
            (FREE, FREE),
            limits=NEVER_AGAIN,
            spare=True,
        ),
        Case(
            "cut after the first delta: nobody else is asked",
            "cut key=spare-late",
            "interrupted",
            "connection",
            (CUT,),
            "part",
            limits=NEVER_AGAIN,
            spare=True,
        ),
        Case(
            "400: another connection would say the same",
            "bad_request key=spare-400",
            "failed",
            "invalid_request",
            (FREE,),
            limits=ONCE,
            spare=True,
        ),
    ],
}
CASES = {case.name: case for cases in MATRIX.values() for case in cases}


def connections() -> list[dict[str, Any]]:
    """Return the fields of one connection per case, and of the spare ones."""
    rows = [{"name": case.name, **case.limits} for case in CASES.values()]
    spare = [case for case in CASES.values() if case.spare]
    return rows + [
        {"name": f"{case.name}-spare", "same_as": case.name, "order": 200, **case.limits} for case in spare
    ]
