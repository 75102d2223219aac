"""The ways in which an upstream can fail, and how a turn ends then; `upstream_table` shows them in docs/faults.md.

A case is one turn whose message asks the simulator for a scenario. Each case has a connection of its own, so the
simulator's invoice shows by workspace how many requests arrived.
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
    """`attempts` are the ledger's rows in order; `limits` are fields of the connection that differ from defaults.

    With `alone` the answer does not continue by itself.
    """

    about: str
    scenario: str
    status: str
    code: str = ""
    attempts: tuple[tuple[str, str], ...] = (DONE,)
    kept: str = "nothing"
    stop_reason: str = ""
    limits: dict[str, Any] = dataclasses.field(default_factory=dict)
    spare: bool = False  # a second connection offers the same model
    alone: bool = False

    @property
    def name(self) -> str:
        name = "-".join(self.scenario.replace("=", " ").replace("_", " ").split())
        return f"{name}-alone" if self.alone else name

    @property
    def offered(self) -> str:
        """What the person can do next."""
        at_limit = self.stop_reason in ("max_tokens", "tool_use", "pause_turn")
        if self.status in ("stopped", "interrupted") or at_limit:
            return "Continue, Retry"
        return "Retry"


ONE_RETRY: dict[str, Any] = {"max_retries": 1}
NO_RETRY: dict[str, Any] = {"max_retries": 0}
SHORT_IDLE_LIMIT: dict[str, Any] = {"content_idle_seconds": 5}

BEFORE_STREAM = "Before the stream"
BEFORE_DELTA = "In the stream, before the first delta"
AFTER_DELTA = "In the stream, after the first delta"
LEFT_ALONE = "The same, where staff do not let answers continue by themselves"
ENDS = "In the answer itself"
BEFORE_SENDING = "Before anything was sent"
OTHER_CONNECTION = "With a second connection that offers the same model"

# How a stream breaks after the first delta: what it is, its scenario, its code, limits of the connection.
BREAKS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("error event", "error_after_delta", "overloaded", {}),
    ("connection cut", "cut", "connection", {}),
    ("connection reset", "reset pace=50", "connection", {}),
    ("clean end without message_stop", "truncated", "truncated", {}),
    ("clean end after the last block, before message_delta", "truncated at=end", "truncated", {}),
    ("silence", "stall seconds=20", "timeout", SHORT_IDLE_LIMIT),
    ("only pings", "pings seconds=20 every=0.2", "timeout", SHORT_IDLE_LIMIT),
    ("bad JSON", "bad_json", "protocol", {}),
    ("bad UTF-8", "bad_utf8", "protocol", {}),
    ("a delta of a block that never began", "wrong_index", "protocol", {}),
    ("a block that begins twice", "wrong_order", "protocol", {}),
]

SECTIONS: dict[str, list[Case]] = {
    BEFORE_STREAM: [
        Case("400, invalid request", "bad_request", "failed", "invalid_request", (FREE,)),
        Case("400, the customer's own limit", "usage_limit", "failed", "spend_limit", (FREE,)),
        Case("401, wrong key", "authentication", "failed", "authentication", (FREE,)),
        Case("402, no payment", "billing", "failed", "billing", (FREE,)),
        Case("403, key without the right", "permission", "failed", "permission", (FREE,)),
        Case("404, unknown model", "not_found", "failed", "not_found", (FREE,)),
        Case("408, timeout", "request_timeout", "failed", "timeout", (FREE, FREE), limits=ONE_RETRY),
        Case("409, conflict", "conflict", "failed", "unavailable", (FREE, FREE), limits=ONE_RETRY),
        Case("413, too large", "too_large", "failed", "too_large", (FREE,)),
        Case("418, an unknown status", "status code=418", "failed", "invalid_request", (FREE,)),
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
        Case("429 again and again", "rate_limited", "failed", "rate_limited", (FREE, FREE), limits=ONE_RETRY),
        Case("429, spend cap, without Retry-After", "spend_cap", "failed", "spend_limit", (FREE,)),
        Case("500, then well", "server_error times=1", "completed", "", (FREE, DONE), "all", "end_turn"),
        Case("500 again and again", "server_error", "failed", "unavailable", (FREE, FREE), limits=ONE_RETRY),
        Case(
            "502, a proxy's HTML page", "bad_gateway", "failed", "unavailable", (FREE, FREE), limits=ONE_RETRY
        ),
        Case("503", "unavailable", "failed", "unavailable", (FREE, FREE), limits=ONE_RETRY),
        Case("504", "gateway_timeout", "failed", "timeout", (FREE, FREE), limits=ONE_RETRY),
        Case(
            "529 twice, then well",
            "overloaded times=2",
            "completed",
            "",
            (FREE, FREE, DONE),
            "all",
            "end_turn",
        ),
        Case("529 again and again", "overloaded", "failed", "overloaded", (FREE, FREE), limits=ONE_RETRY),
        Case(
            "no answer in time",
            "slow_first_byte first_byte=20",
            "failed",
            "timeout",
            (BROKEN,),
            limits=SHORT_IDLE_LIMIT,
        ),
        Case(
            "a late first byte",
            "slow_first_byte first_byte=2",
            "completed",
            "",
            (DONE,),
            "all",
            "end_turn",
        ),
    ],
    BEFORE_DELTA: [
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
            limits=ONE_RETRY,
        ),
        Case(
            "error event again and again",
            "error_before_delta",
            "failed",
            "overloaded",
            (FAILED, FAILED),
            limits=ONE_RETRY,
        ),
        Case(
            "error event that is not retried",
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
            limits=ONE_RETRY,
        ),
        Case(
            "clean end without content",
            "truncated at=first",
            "failed",
            "truncated",
            (BROKEN, BROKEN),
            limits=ONE_RETRY,
        ),
        Case("silence", "stall at=start seconds=20", "failed", "timeout", (FAILED,), limits=SHORT_IDLE_LIMIT),
        Case(
            "only pings",
            "pings at=start seconds=20 every=0.2",
            "failed",
            "timeout",
            (FAILED,),
            limits=SHORT_IDLE_LIMIT,
        ),
        Case("bad JSON", "bad_json at=start", "failed", "protocol", (FAILED, FAILED), limits=ONE_RETRY),
    ],
    AFTER_DELTA: [
        *[
            Case(about, scenario, "completed", "", (CUT, DONE), "all", "end_turn", limits)
            for about, scenario, _code, limits in BREAKS
        ],
        Case("silence that ends in time", "stall seconds=1.5", "completed", "", (DONE,), "all", "end_turn"),
        Case("unknown event: passed over", "unknown_event", "completed", "", (DONE,), "all", "end_turn"),
        Case("unknown block: kept as it came", "unknown_block", "completed", "", (DONE,), "all", "end_turn"),
        Case("unknown delta: kept as it came", "unknown_delta", "completed", "", (DONE,), "all", "end_turn"),
        Case(
            "a delta without its event's name: its data says what it is",
            "no_event_name",
            "completed",
            "",
            (DONE,),
            "all",
            "end_turn",
        ),
    ],
    LEFT_ALONE: [
        Case(about, scenario, "interrupted", code, (CUT,), "part", limits=limits, alone=True)
        for about, scenario, code, limits in BREAKS
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
            "bad_tool_json times=1 key=cases",
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
        Case("an unknown stop reason", "stops reason=tired", "completed", "", (DONE,), "all", "tired"),
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
    BEFORE_SENDING: [
        Case(
            "nothing listens at the address",
            "echo",
            "failed",
            "connection",
            (),
            limits={"base_url": "http://127.0.0.1:9", "max_retries": 1},
        ),
    ],
    OTHER_CONNECTION: [
        Case(
            "529 until retries are used up: the other one answers",
            "overloaded times=2 key=spare-529",
            "completed",
            "",
            (FREE, FREE, DONE),
            "all",
            "end_turn",
            ONE_RETRY,
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
            NO_RETRY,
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
            SHORT_IDLE_LIMIT,
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
            NO_RETRY,
            spare=True,
        ),
        Case(
            "both are overloaded",
            "overloaded key=spare-both",
            "failed",
            "overloaded",
            (FREE, FREE),
            limits=NO_RETRY,
            spare=True,
        ),
        Case(
            "cut after the first delta: the same connection is asked for the rest",
            "cut key=spare-late",
            "completed",
            "",
            (CUT, DONE),
            "all",
            "end_turn",
            NO_RETRY,
            spare=True,
        ),
        Case(
            "400: another connection would say the same",
            "bad_request key=spare-400",
            "failed",
            "invalid_request",
            (FREE,),
            limits=ONE_RETRY,
            spare=True,
        ),
    ],
}
CASES = {case.name: case for cases in SECTIONS.values() for case in cases}


def connections() -> list[dict[str, Any]]:
    """Return the fields of one connection per case, and of the spare ones."""
    rows = [{"name": case.name, **case.limits} for case in CASES.values()]
    spare = [case for case in CASES.values() if case.spare]
    return rows + [
        {"name": f"{case.name}-spare", "same_as": case.name, "order": 200, **case.limits} for case in spare
    ]
