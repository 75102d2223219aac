"""The scenarios by name, their parameters, and how a request selects one.

A selection is written `name key=value …`: in the header `x-simulator-scenario`, as `[[scenario:name
key=value]]` in the last user text, or as the server's default. The first of these that is present is used.
"""

import re
from collections import OrderedDict
from dataclasses import dataclass, field, replace

from chat.simulator.transport.wire import ApiError

MARKER = re.compile(r"\[\[scenario:\s*([^\[\]]{1,500}?)\s*\]\]")
MAX_SECONDS = 3600.0
MAX_REMEMBERED = 10_000
COMMON = ("from", "times", "key", "pace", "first_byte", "thinking_tokens", "tokens")


@dataclass(frozen=True, slots=True)
class Scenario:
    """One documented behaviour: its kind ("answer", "status" or "stream"), description and default parameters."""

    name: str
    kind: str
    about: str
    defaults: dict[str, str] = field(default_factory=dict)


def _status(name: str, code: int, about: str, **defaults: str) -> Scenario:
    return Scenario(name, "status", about, {"code": str(code), "message": "", "retry_after": ""} | defaults)


def _stream(name: str, at: str, about: str, **defaults: str) -> Scenario:
    return Scenario(name, "stream", about, {"at": at} | defaults)


def _answer(name: str, about: str, **defaults: str) -> Scenario:
    return Scenario(name, "answer", about, defaults)


_ALL = (
    _answer("default", "a helpful demo answer in markdown; tools when the text asks for them"),
    _answer("echo", "the user's text, exactly"),
    _answer("citations", "cites a passage of each document that may be cited"),
    _answer("long", "plain prose of a chosen length", tokens="2000"),
    _answer("burst", "the whole answer at full speed", pace="0"),
    _answer("huge_delta", "one text delta of a chosen size, whatever max_tokens says", bytes="1000000"),
    _answer("odd_text", "NUL, right-to-left marks, joined emoji, combining marks, line separators"),
    _answer("lone_surrogate", "half a surrogate pair as a JSON escape"),
    _answer("hostile", "markdown with scripts, event handlers and images of other origins"),
    _answer("empty", "no content block at all, end_turn"),
    _answer("empty_text", "one text block without text"),
    _answer("whitespace", "one text block of blanks and newlines"),
    _answer("max_tokens", "stops at the limit after some tokens", after="20"),
    _answer("max_tokens_tool", "stops inside the JSON of a tool's input"),
    _answer("bad_tool_json", "a tool's input that isn't JSON"),
    _answer("tool_loop", "calls the first tool in each of so many rounds", rounds="3"),
    _answer("stops", "stops with any stop reason, known or not", reason="stop_sequence", after="20"),
    _answer("context_exceeded", "stops with model_context_window_exceeded", after="20"),
    _answer("refusal", "refuses before any output", category="cyber"),
    _answer("refusal_mid", "refuses after some tokens", category="cyber", after="20"),
    _answer("pause_turn", "pauses in a server tool; resend the content to go on", rounds="1"),
    _answer("web_search", "searches the web, if it may, and cites what it found", found="1500"),
    _answer("code_execution", "runs a command that makes files", files="chart,table"),
    _answer("mcp", "calls the first enabled tool of an MCP server, and tells what it said", fails="0"),
    _answer("redacted_thinking", "thinking arrives redacted"),
    _status("status", 500, "any HTTP status"),
    _status("bad_request", 400, "an invalid request"),
    _status("usage_limit", 400, "a limit that the customer set is reached"),
    _status("authentication", 401, "a wrong key"),
    _status("billing", 402, "no payment"),
    _status("permission", 403, "a key without the right"),
    _status("not_found", 404, "an unknown resource"),
    _status("request_timeout", 408, "the request took too long"),
    _status("conflict", 409, "a conflict"),
    _status("too_large", 413, "a body above the limit"),
    _status("rate_limited", 429, "a rate limit, with Retry-After", retry_after="1"),
    _status("spend_cap", 429, "the tier's monthly cap: no Retry-After, retrying is useless"),
    _status("server_error", 500, "an internal error"),
    _status("bad_gateway", 502, "a proxy's HTML page instead of JSON"),
    _status("unavailable", 503, "out of service"),
    _status("gateway_timeout", 504, "the model took too long"),
    _status("overloaded", 529, "overloaded; optional Retry-After"),
    _answer("slow_first_byte", "silence before the response begins", first_byte="5"),
    _stream("error_before_delta", "start", "an error event before the first delta", type="overloaded_error"),
    _stream("error_after_delta", "5", "an error event after some deltas", type="overloaded_error"),
    _stream("cut_before_delta", "start", "the connection ends without the closing chunk, before a delta"),
    _stream("cut", "5", "the connection ends without the closing chunk, after some deltas"),
    _stream("reset", "5", "the connection is reset (RST) after some deltas"),
    _stream("truncated", "5", "a clean end without message_stop"),
    _stream("stall", "5", "silence for some seconds, then the rest", seconds="30"),
    _stream("pings", "5", "only pings for some seconds, then the rest", seconds="30", every="1"),
    _stream("bad_json", "5", "an event whose data isn't JSON"),
    _stream("bad_utf8", "5", "a text delta that isn't UTF-8"),
    _stream("wrong_index", "5", "a delta for a block that was never opened"),
    _stream("wrong_order", "5", "a second start of the same block"),
    _stream("unknown_event", "5", "an event of an unknown name"),
    _stream("unknown_block", "end", "a content block of an unknown type"),
    _stream("unknown_delta", "5", "a delta of an unknown type"),
    _stream("no_event_name", "5", "a delta without its event line, which clients ignore"),
)
SCENARIOS = {scenario.name: scenario for scenario in _ALL}


@dataclass(frozen=True, slots=True)
class Choice:
    """A scenario with the parameters of one request."""

    scenario: Scenario
    params: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.scenario.name

    @property
    def counts_attempts(self) -> bool:
        """Whether the scenario depends on how often the same request came."""
        return bool(self.text("times") or self.text("from"))

    def text(self, name: str) -> str:
        """Return a parameter as text, or the scenario's default."""
        return self.params.get(name, self.scenario.defaults.get(name, ""))

    def number(self, name: str, default: float = 0, *, maximum: float = 10_000_000) -> float:
        """Return a parameter as a number from 0 to `maximum`.

        Raises:
            ApiError: 400, it is not a number of 0 or more.
        """
        written = self.text(name)
        if not written:
            return default
        try:
            value = float(written)
        except ValueError:
            value = -1.0
        if not 0 <= value < float("inf"):
            raise ApiError(400, f"x-simulator-scenario: {name}={written} is not a number of 0 or more")
        return min(value, maximum)

    def integer(self, name: str, default: int = 0) -> int:
        """Return a parameter as a whole number; see `number`."""
        return int(self.number(name, default))

    def seconds(self, name: str) -> float:
        """Return a parameter in seconds, at most `MAX_SECONDS`; see `number`."""
        return self.number(name, maximum=MAX_SECONDS)

    def without_fault(self) -> "Choice":
        """Return the default scenario with the parameters that all scenarios share."""
        kept = {name: value for name, value in self.params.items() if name in COMMON and name != "first_byte"}
        return replace(self, scenario=SCENARIOS["default"], params=kept)


def parse(written: str) -> Choice:
    """Return the selection for `name key=value …`.

    Raises:
        ApiError: 400, the scenario or a parameter is unknown.
    """
    name, *pairs = written.split() or ["default"]
    scenario = SCENARIOS.get(name)
    if scenario is None:
        raise ApiError(400, f"x-simulator-scenario: unknown scenario '{name}'. Known: {', '.join(SCENARIOS)}")
    params = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign or (key not in scenario.defaults and key not in COMMON):
            known = ", ".join([*scenario.defaults, *COMMON])
            raise ApiError(400, f"x-simulator-scenario: '{name}' has no parameter '{pair}'. Known: {known}")
        params[key] = value
    return Choice(scenario, params)


def marker(text: str) -> str | None:
    """Return the content of the last scenario marker in a text, None without one."""
    found = MARKER.findall(text)
    return found[-1] if found else None


def without_marker(text: str) -> str:
    """Return the text without its scenario markers."""
    return MARKER.sub("", text).strip() if "[[scenario:" in text else text


class Attempts:
    """Counts how often the same request came, so that a fault can start late and end after `times` attempts."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, int] = OrderedDict()

    def settle(self, choice: Choice, digest: bytes) -> Choice:
        """Return the choice for this attempt: the default scenario before the fault starts and after it ended."""
        if not choice.counts_attempts:
            return choice
        key = choice.text("key").encode() or digest
        number = self._seen.pop(key, 0) + 1
        self._seen[key] = number
        if len(self._seen) > MAX_REMEMBERED:
            self._seen.popitem(last=False)
        begins = choice.integer("from", 1)
        over = bool(choice.text("times")) and number >= begins + choice.integer("times")
        return choice.without_fault() if number < begins or over else choice

    def clear(self) -> None:
        self._seen.clear()
